"""Options of asr_infer that do not go together."""

from __future__ import annotations

from pathlib import Path

import pytest

from asrkit.arguments import UsageError, parse
from asrkit.bin.asr_infer import get_parser, run


def test_a_channel_is_of_files(tmp_path: Path) -> None:
    argv = ["--data_dir", str(tmp_path), "--output_dir", str(tmp_path / "out"), "--channel", "1"]
    with pytest.raises(UsageError, match="--channel has no use with --data_dir"):
        run(parse(get_parser(), argv))
