"""A folder of speech to hypotheses, with a model that hears what it is told."""

from __future__ import annotations

from pathlib import Path
from typing import cast
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from hearing import Hearing
from torch import Tensor

from asrkit.audio.given import Given
from asrkit.audio.reading import AudioError
from asrkit.decode.nbest import read_nbest
from asrkit.decode.parallel import BeamTask
from asrkit.decode.run import recognize_dir, score
from asrkit.files import DataError
from asrkit.infer import Speech2Text
from asrkit.kaldi.datadir import read_dump
from asrkit.kaldi.kaldi_text import read_keyed
from asrkit.tokens import TokenList


class Always(Hearing):
    """Hears the same in any audio."""

    tokens = TokenList.build(["a", "b"])
    said: list[str] | None = None

    def hear(self, wave: Tensor) -> Tensor:
        return torch.eye(4)[[2, 0, 3]]

    def words(self, symbols: list[str]) -> list[str] | None:
        return self.said


def test_files_that_a_run_does_not_write_are_not_left_of_an_earlier_one(tmp_path: Path) -> None:
    (tmp_path / "wav.scp").write_text("u1 x\n")
    model, out = Always(), tmp_path / "out"

    def decode(words: list[str] | None, *, keep_scores: bool) -> set[str]:
        model.said = words
        read = Mock(return_value=Given(np.zeros(800, np.float32), ""))
        recognize_dir(
            cast(Speech2Text, model),
            tmp_path,
            out,
            read,
            beam=None,
            nj=1,
            max_seconds=60,
            keep_scores=keep_scores,
        )
        return {path.name for path in out.iterdir()}

    assert decode(["ab"], keep_scores=True) == {"failed", "hyp.text", "hyp.tokens", "scores.npz"}
    assert decode(None, keep_scores=False) == {"failed", "hyp.tokens"}
    assert (out / "hyp.tokens").read_text() == "u1 a b\n"


def test_long_utterances_go_through_the_network_in_windows(tmp_path: Path) -> None:
    """Each frame tells its own number, by the sound: no frame is lost, doubled or moved."""

    class Counts(Hearing):
        tokens = TokenList.build(["a"])

        def hear(self, wave: Tensor) -> Tensor:
            rows = torch.full((max(0, (len(wave) - 80) // 320), 3), -50.0)
            rows[:, 1] = wave[: len(rows) * 320 : 320]
            return rows

    seconds = (1.0, 0.0, 25.0, 61.3)
    waves = {f"u{n}": torch.arange(int(s * 16_000)) / 320 for n, s in enumerate(seconds)}
    model = cast(Speech2Text, Counts())
    read = Mock(side_effect=lambda name: Given(waves[name].numpy(), ""))
    found = dict(score(model, [(name, name) for name in waves], read, {}, max_seconds=10.0))
    for name, wave in waves.items():
        assert np.array_equal(found[name][:, 1], np.arange(max(0, (len(wave) - 80) // 320)))


def test_the_nbest_of_a_search_is_kept(tmp_path: Path) -> None:
    (tmp_path / "wav.scp").write_text("u1 x\nu2 y\n")
    Always.tokens.write(tmp_path / "tokens.txt")
    model, out = Always(), tmp_path / "out"
    model.hear = lambda wave: (torch.eye(4)[[2, 0, 3]] + 0.1).log()  # type: ignore[method-assign]

    def decode(**options: object) -> None:
        lexicon = {"a": [("a",)], "b": [("b",)], "ab": [("a", "b")]}
        beam = BeamTask(tmp_path / "tokens.txt", {"lexicon": lexicon, **options})
        read = Mock(return_value=Given(np.zeros(800, np.float32), ""))
        recognize_dir(
            cast(Speech2Text, model), tmp_path, out, read, beam=beam, nj=1, max_seconds=60,
            keep_scores=False,
        )  # fmt: skip

    decode(nbest=3)
    found = read_nbest(out / "nbest.jsonl")
    assert found.keys() == {"u1", "u2"} and len(found["u1"]) == 3
    best = read_keyed(out / "hyp.text")
    assert {key: " ".join(rows[0].words) for key, rows in found.items()} == best
    scores = [one.score for one in found["u1"]]
    assert scores == sorted(scores, reverse=True)
    decode()
    assert not (out / "nbest.jsonl").exists() and read_keyed(out / "hyp.text") == best


def test_a_folder_with_segments_is_no_dump(tmp_path: Path) -> None:
    """Its recordings would be decoded whole, under names that are not utterances."""
    (tmp_path / "wav.scp").write_text("rec x.flac\n")
    (tmp_path / "segments").write_text("u1 rec 0 1\nu2 rec 1 2\n")
    with pytest.raises(DataError, match=r"has segments.*format_audio --in_dir"):
        read_dump(tmp_path)
    with pytest.raises(DataError, match="has segments"):
        recognize_dir(
            Mock(spec=Speech2Text), tmp_path, tmp_path / "out", Mock(), beam=None, nj=1,
            max_seconds=60, keep_scores=False,
        )  # fmt: skip
    assert not (tmp_path / "out").exists()


def test_nothing_could_be_read(tmp_path: Path) -> None:
    (tmp_path / "wav.scp").write_text("u1 x\nu2 y\n")
    model = cast(Speech2Text, Always())
    read = Mock(side_effect=AudioError("x: has 8000 Hz; run stage 3"))
    with pytest.raises(DataError, match="no utterance could be read; the first, u1: x: has 8000"):
        recognize_dir(
            model, tmp_path, tmp_path / "out", read, beam=None, nj=1, max_seconds=60,
            keep_scores=False,
        )  # fmt: skip
    assert len((tmp_path / "out" / "failed").read_text().splitlines()) == 2
