"""A run that goes on writes the symbols that it began with."""

from __future__ import annotations

from pathlib import Path

import pytest

from asrkit.config import ConfigError
from asrkit.tokens import TokenList
from asrkit.train.folder import same_lists, write_folder


def test_other_symbols_of_the_same_number_are_refused(tmp_path: Path) -> None:
    """They fit the weights' shapes: nothing else would notice."""
    tokens, phones = TokenList.build("abc"), TokenList.build("xy")
    write_folder(tmp_path, {"seed": 1}, tokens, phones)
    same_lists(tmp_path, TokenList.build("abc"), TokenList.build("xy"))
    same_lists(tmp_path, None, None)
    with pytest.raises(ConfigError, match=r"tokens\.txt: is another list"):
        same_lists(tmp_path, TokenList.build("acb"), phones)
    with pytest.raises(ConfigError, match=r"phones\.txt: is another list"):
        same_lists(tmp_path, tokens, TokenList.build("yx"))
