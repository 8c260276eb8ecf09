"""What ends a run before its first update, with a message."""

import dataclasses
import errno
import multiprocessing
import os
import shutil
import signal

import pytest
import torch
from tones import ctc_args, write_dump
from torch.utils.tensorboard import SummaryWriter

from asrkit.bin import asr_train
from asrkit.config import ConfigError
from asrkit.data.dataset import SpeechDataset
from asrkit.data.index import DataIndex
from asrkit.options import Options
from asrkit.train import checkpoint, pace
from asrkit.train.data import refuse_repeated_ids
from asrkit.train.distributed import World
from asrkit.train.trainer import Trainer


def test_features_are_not_kept_by_an_id_of_two_folders(tones, tmp_path):
    folders = [str(tones / "train"), str(write_dump(tmp_path / "more", 2, seed=5))]
    options = Options(objective_conf={"feature_cache_gib": 1.0}, train_data=folders)
    with pytest.raises(ConfigError, match="'xx_s-000' is in two folders"):
        refuse_repeated_ids(options, DataIndex.open(folders))
    other = [folders[0], str(write_dump(tmp_path / "other", 2, lang="yy"))]
    refuse_repeated_ids(dataclasses.replace(options, train_data=other), DataIndex.open(other))


@pytest.mark.parametrize("option", ["train_data", "valid_data"])
def test_a_folder_given_twice_is_refused(tones, tmp_path, capsys, option):
    folder = str(tones / "train")
    argv = [*ctc_args(tones, tmp_path / "x"), f"--{option}", folder, folder]
    assert asr_train.main(argv) == 1
    assert f"{option}: names {folder} twice" in capsys.readouterr().err
    assert not (tmp_path / "x" / "last.pt").exists()


def test_a_model_of_another_encoder_is_told_as_such(tones, tmp_path, capsys):
    other, argv = tmp_path / "other", ctc_args(tones, tmp_path / "x", "--max_update", "1")
    assert asr_train.main(ctc_args(tones, other, "--max_update", "1")) == 0
    content = checkpoint.load(other / "last.pt")
    content["config"]["encoder"] = "wav2vec2"
    checkpoint.save(other / "last.pt", {k: v for k, v in content.items() if k != "format"})
    capsys.readouterr()
    assert asr_train.main([*argv, "--init", str(other / "last.pt")]) == 1
    error = capsys.readouterr().err
    assert "other/last.pt: has another encoder, 'wav2vec2' in place of" in error
    assert "encoder_conf" not in error


def test_a_run_that_nobody_can_wait_for_ends_at_once_unless_it_is_wanted(
    tones, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(pace, "HOPELESS", 1e-3)
    argv = ctc_args(tones, tmp_path / "x", "--max_update", "40", "--num_workers", "0")
    assert asr_train.main(argv) == 1
    assert "at this pace" in (error := capsys.readouterr().err)
    assert "--yes true trains all the same" in error
    assert not (tmp_path / "x" / "last.pt").exists()
    assert asr_train.main([*argv, "--resume", "true", "--yes", "true"]) == 0
    log = (tmp_path / "x" / "train.log").read_text()
    assert "at this pace; 1.9 minutes of speech are seen 4.4 times" in log


def test_a_frozen_part_that_is_random_is_warned_of(tones, tmp_path):
    argv = ctc_args(tones, tmp_path / "x", "--max_update", "1")
    assert asr_train.main([*argv, "--set", "encoder_conf.feature_grad_mult=0"]) == 0
    log = (tmp_path / "x" / "train.log").read_text()
    assert "do not learn (encoder.conv" in log
    assert "are random, as there is no init" in log
    assert asr_train.main(ctc_args(tones, tmp_path / "y", "--max_update", "1")) == 0
    assert "random" not in (tmp_path / "y" / "train.log").read_text()


def test_patience_without_validation(tones, tmp_path, capsys):
    argv = ctc_args(tones, tmp_path / "x", "--patience", "3", "--valid_data", "[]")
    assert asr_train.main(argv) == 1
    assert "patience: needs valid_data" in capsys.readouterr().err


@pytest.mark.parametrize("metric", ["accuracy", "accuracy_it", "word_accuracy"])
def test_the_worst_model_is_not_called_the_best(tones, tmp_path, capsys, metric):
    argv = ctc_args(tones, tmp_path / "x", "--best_metric", metric)
    assert asr_train.main(argv) == 1
    assert f"best_metric: {metric} is best where it is highest" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_nothing_to_compute_again(tones, tmp_path, capsys):
    argv = ctc_args(tones, tmp_path / "x", "--encoder", "cpc", "--encoder_conf", "{width: 8}")
    assert asr_train.main([*argv, "--checkpoint_activations", "true"]) == 1
    assert "encoder 'cpc' has no blocks to compute again" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_a_folder_that_cannot_be_made_is_named(tones, tmp_path, capsys):
    (tmp_path / "file").write_text("x")
    assert asr_train.main(ctc_args(tones, tmp_path / "file" / "x")) == 1
    assert f"{tmp_path}/file/x" in capsys.readouterr().err


def test_a_rank_that_fails_waits_for_no_other(tones, tmp_path, monkeypatch):
    """Taking nccl's group down takes all ranks: the error would show at the timeout alone."""
    closed = []
    monkeypatch.setattr(World, "close", lambda _: closed.append(True))
    argv = ctc_args(tones, tmp_path / "x", "--token_list", "none.txt")
    assert asr_train.main(argv) == 1
    assert not closed


def test_more_processes_than_devices(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("LOCAL_RANK", "2")
    with pytest.raises(ValueError, match="process 3 of this machine finds 2 CUDA devices only"):
        World(ngpu=4)


def test_a_reader_that_was_ended_is_no_traceback(tones, tmp_path, monkeypatch, capfd):
    def out_of_memory(*_):
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(SpeechDataset, "__getitem__", out_of_memory)
    assert asr_train.main(ctc_args(tones, tmp_path / "x", "--num_workers", "1")) == 1
    assert "lower num_workers" in capfd.readouterr().err


def test_a_run_does_not_go_on_with_other_data(tones, tmp_path, capfd):
    folder = write_dump(tmp_path / "grows", 6, seed=3)
    argv = [*ctc_args(tones, tmp_path / "x"), "--train_data", str(folder), "--max_update"]
    assert asr_train.main([*argv, "1"]) == 0
    assert asr_train.main([*argv, "2", "--resume", "true"]) == 0
    told = capfd.readouterr().err
    assert told.count("from here on, ") == 1 and "from here on, max_update: 1 -> 2" in told
    shutil.rmtree(folder)
    write_dump(folder, 9, seed=4)
    before = (tmp_path / "x/config.yaml").read_bytes()
    for updates in ("3", "2"):  # also where nothing is left to train
        assert asr_train.main([*argv, updates, "--resume", "true"]) == 1
        told = capfd.readouterr().err
        assert f"{tmp_path}/x has learned from other utterances than train_data holds now" in told
        assert f"--init {tmp_path}/x/last.pt" in told
    assert (tmp_path / "x/config.yaml").read_bytes() == before


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ZeroDivisionError("by zero"), "error: ZeroDivisionError: by zero\nThe lines above"),
        (MemoryError(), "error: MemoryError\nThis machine's memory is full"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: x"), "lower num_workers"),
    ],
)
def test_any_error_ends_the_readers_and_is_told(tones, tmp_path, monkeypatch, capfd, error, said):
    def rate(trainer):
        raise error

    monkeypatch.setattr(Trainer, "rate", rate)
    assert asr_train.main(ctc_args(tones, tmp_path / "x", "--num_workers", "1")) == 1
    errors = capfd.readouterr().err
    assert said in errors and ("Traceback" in errors) == isinstance(error, ZeroDivisionError)
    assert not multiprocessing.active_children()


def test_a_log_on_a_full_disk_ends_the_run_with_its_path(tones, tmp_path, capfd):
    """/dev/full is opened as any file, and is always full."""
    first = ctc_args(tones, tmp_path / "x", "--max_update", "1")
    assert asr_train.main(first) == 0
    (tmp_path / "x/train.log").unlink()
    (tmp_path / "x/train.log").symlink_to("/dev/full")
    capfd.readouterr()
    assert asr_train.main([*first, "--max_update", "2", "--resume", "true"]) == 1
    errors = capfd.readouterr().err
    assert "train.log: cannot be written (No space left on device)" in errors
    assert "Traceback" not in errors and "Logging error" not in errors


def test_so_do_the_curves_of_tensorboard(tones, tmp_path, monkeypatch, capfd):
    """Their thread hands over an error without a path."""

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(SummaryWriter, "add_scalar", full)
    assert asr_train.main(ctc_args(tones, tmp_path / "x", "--max_update", "1")) == 1
    assert f"{tmp_path}/x/tensorboard: cannot be written (No space" in capfd.readouterr().err


@pytest.mark.parametrize(
    "more,message",
    [
        (["--train_data", "nowhere"], "nowhere"),
        (["--token_list", "none.txt"], "none.txt"),
        (["--max_sample_size", "100"], "no utterance is left"),
        (["--batch_bins", "100"], "batch_bins"),
        (["--ngpu", "1"], "no CUDA device"),
        (["--precision", "fp8"], "precision"),
        (["--init", "none.pt"], "no such checkpoint"),
        (["--encoder_conf", "{layers: -1}"], "encoder_conf.layers: -1 is below 1"),
        (["--set", "encoder_conf.layers=-1"], "encoder_conf.layers: -1 is below 1"),
    ],
)
def test_mistakes_leave_no_folder_behind(tones, tmp_path, capsys, more, message):
    if more[0] == "--ngpu" and torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    out = tmp_path / "bad"
    assert asr_train.main([*ctc_args(tones, out), *more]) == 1
    assert message in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize(
    "more,message",
    [
        (["--valid_interval", "0"], "valid_interval: 0 is below 1"),
        (["--language_alpha", "-3.0"], "language_alpha: -3.0 is below 0"),
    ],
)
def test_numbers_out_of_range_are_a_wrong_usage(tones, tmp_path, capsys, more, message):
    out = tmp_path / "bad"
    with pytest.raises(SystemExit) as stop:
        asr_train.main([*ctc_args(tones, out), *more])
    assert stop.value.code == 2 and message in capsys.readouterr().err
    assert not out.exists()


def test_labels_outside_the_token_list_are_named(tones, tmp_path, capsys):
    folder = write_dump(tmp_path / "train", 5)
    (folder / "text.phn").write_text((folder / "text.phn").read_text().replace("a", "q"))
    argv = [*ctc_args(tones, tmp_path / "x", "--max_update", "3"), "--train_data", str(folder)]
    assert asr_train.main(argv) == 1
    assert "'q'" in capsys.readouterr().err


def test_compile_is_for_gpus(tones, tmp_path, capsys):
    argv = ctc_args(tones, tmp_path / "x")
    assert asr_train.main([*argv, "--compile", "true"]) == 1
    assert "compile: leave it out without a GPU" in capsys.readouterr().err
    assert asr_train.main([*argv, "--compile", "true", "--parallel", "fsdp"]) == 1
    assert "not tried together" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()
