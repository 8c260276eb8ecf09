"""Folders of what a recognizer wrote down."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from asrkit.files import DataError
from asrkit.text.phonemize import Sentence
from asrkit.transcoder.hypotheses import Recognized, write_hypotheses

ALWAYS = {"text.phn", "posteriors.ark", "posteriors.scp", "utt2lang", "empty", "skipped.tsv"}


def recognized(*phones: str) -> list[Recognized]:
    return [Recognized("u1", list(phones), np.ones((len(phones), 3), np.float32))]


def test_labels_of_an_earlier_call_with_words_do_not_stay(tmp_path: Path) -> None:
    words = {"u1": Sentence(["ab"], [["a", "b"]], aligned=True, switches=[])}
    write_hypotheses(recognized("a", "b"), tmp_path, langs={"u1": "it"}, sentences=words)
    assert {path.name for path in tmp_path.iterdir()} == {*ALWAYS, "text", "text.star"}
    with pytest.raises(DataError, match="no utterance is left"):
        write_hypotheses(recognized(), tmp_path, langs={"u1": "it"})
    assert (tmp_path / "text.star").exists()  # a call that fails leaves the folder as it was
    write_hypotheses(recognized("a"), tmp_path, langs={"u1": "it"})
    assert {path.name for path in tmp_path.iterdir()} == ALWAYS
