"""Ctrl-C in a terminal: once to save and stop, twice to stop at once."""

import os
import signal

import pytest
from toy import make, run

from asrkit.bin import asr_train
from asrkit.train import checkpoint
from asrkit.train.trainer import Stopped


def interrupted(tmp_path, times):
    """A trainer that gets so many interrupts within its sixth update."""
    trainer, _ = make(tmp_path)
    real = trainer.objective.before_step

    def before_step(step):
        real(step)
        if step == 5:
            for _ in range(times):
                os.kill(os.getpid(), signal.SIGINT)

    trainer.objective.before_step = before_step
    return trainer


def test_one_interrupt_saves_and_says_so(tmp_path, capsys):
    with pytest.raises(Stopped):
        run(interrupted(tmp_path, 1))
    assert checkpoint.load(tmp_path / "last.pt")["step"] == 6
    assert "saves and stops; once more: at once" in capsys.readouterr().err


def test_the_second_interrupt_does_not_wait_for_the_update(tmp_path):
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        run(interrupted(tmp_path, 2))
    assert checkpoint.load(tmp_path / "last.pt")["step"] < 6  # of the save before
    assert not list(tmp_path.glob("*.tmp"))
    assert signal.getsignal(signal.SIGINT) is handler


def test_the_program_ends_with_130_and_without_traceback(monkeypatch, capsys):
    def stop(options):
        raise KeyboardInterrupt

    monkeypatch.setattr(asr_train, "train", stop)
    argv = ["--output_dir", "x", "--train_data", "d", "--token_list", "t", "--token_file", "f"]
    assert asr_train.main([*argv, "--optimizer_conf", "{lr: 1}"]) == 130
    assert capsys.readouterr().err == "error: interrupted\n"
