"""Folders are not written over while they are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from make_audio import data_dir

from asrkit.files import DataError
from asrkit.kaldi.filter import filter_dir
from asrkit.kaldi.format import format_dir
from asrkit.kaldi.speed import perturb_dir
from asrkit.kaldi.subset import subset


@pytest.mark.parametrize(
    "write",
    [
        format_dir,
        filter_dir,
        lambda folder, out: subset(folder, out, utterances=1),
        lambda folder, out: perturb_dir(folder, out, [0.9]),
    ],
)
def test_the_folder_itself_is_no_place_for_the_result(
    tmp_path: Path, write: Callable[[Path, Path], object]
) -> None:
    folder = data_dir(tmp_path / "d", {"a": "/a.wav", "b": "/b.wav"})
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(DataError, match="is an input too"):
        write(folder, tmp_path / "x" / ".." / "d")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
