"""A folder holds one run: with the options and symbols that it began with."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest
import torch

from asrkit import config
from asrkit.bin import asr_train
from asrkit.config import ConfigError
from asrkit.files import DataError
from asrkit.options import Options
from asrkit.temporary import Temporary
from asrkit.tokens import TokenList
from asrkit.train.folder import alone, open_folder, same_lists, write_config
from asrkit.train.log import logger, to_file_and_screen

OPTIONS = ["--objective", "contrastive", "--quantizer", "gumbel", "--optimizer_conf", "{lr: 1e-3}"]


def test_another_configuration_is_refused_and_an_empty_run_may_go(tmp_path: Path) -> None:
    """Such as a smaller batch, after the first update did not fit in memory."""
    options, _ = asr_train.options_of(OPTIONS)
    content = config.to_mapping(options)
    write_config(tmp_path, content, None)
    smaller = content | {"batch_bins": 640_000}
    with pytest.raises(ConfigError, match=r"batch_bins: 1400000 -> 640000.*no weights were saved"):
        open_folder(tmp_path, smaller, resume=True)
    (tmp_path / "last.pt").touch()
    with pytest.raises(ConfigError, match=r"or another folder$"):
        open_folder(tmp_path, smaller, resume=True)
    assert open_folder(tmp_path, content, resume=True)


def test_a_full_gpu_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(options: Options) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.\nlong advice")

    monkeypatch.setattr(asr_train, "train", full)
    assert asr_train.main(OPTIONS) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: CUDA out of memory") and "halve batch_bins" in said
    assert "long advice" not in said


def test_other_symbols_of_the_same_number_are_refused(tmp_path: Path) -> None:
    """They fit the weights' shapes: nothing else would notice."""
    tokens, phones = TokenList.build("abc"), TokenList.build("xy")
    write_config(tmp_path, {"seed": 1}, tokens, phones)
    same_lists(tmp_path, TokenList.build("abc"), TokenList.build("xy"))
    same_lists(tmp_path, None, None)
    with pytest.raises(
        ConfigError, match=r"tokens\.txt: the weights of this run stand for other symbols"
    ):
        same_lists(tmp_path, TokenList.build("acb"), phones)
    with pytest.raises(
        ConfigError, match=r"phones\.txt: the weights of this run stand for other symbols"
    ):
        same_lists(tmp_path, tokens, TokenList.build("yx"))


def test_killed_while_the_folder_is_first_written_it_begins_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each file, and within each."""
    content, lists = config.to_mapping(asr_train.options_of(OPTIONS)[0]), TokenList.build("ab")
    for moment in range(8):
        folder, real, left = tmp_path / str(moment), os.replace, [moment]

        def dies(a: Path, b: Path, left: list[int] = left, real=real) -> None:
            left[0] -= 1
            if left[0] == -1:
                raise SystemExit
            real(a, b)
            left[0] -= 1
            if left[0] == -1:
                raise SystemExit

        monkeypatch.setattr(os, "replace", dies)
        monkeypatch.setattr(Temporary, "remove", lambda file: os.close(file._lock))  # killed
        with contextlib.suppress(SystemExit), alone(folder):
            write_config(folder, content, lists, lists)
        monkeypatch.undo()
        with alone(folder):
            assert not open_folder(folder, content, resume=True), moment
            write_config(folder, content, lists, lists)
            names = sorted(path.name for path in folder.iterdir())
            assert names == ["config.yaml", "phones.txt", "tokens.txt"], moment


def test_a_log_on_a_full_disk_names_itself(tmp_path: Path) -> None:
    (tmp_path / "train.log").symlink_to("/dev/full")
    try:
        to_file_and_screen(tmp_path / "train.log")
        with pytest.raises(DataError, match=r"train\.log: cannot be written \(No space left"):
            logger.info("a line")
    finally:
        for handler in list(logger.handlers):
            logger.removeHandler(handler)
        logger.propagate = True
