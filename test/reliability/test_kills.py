"""Programs are killed at moments that chance decides, and run again: nothing is lost, nothing is
refused, nothing hangs, nothing is left.

ASRKIT_KILLS sets how many times each is killed, ASRKIT_KILL_SEED when.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from pathlib import Path

import pytest
from forker import Forker
from make_audio import data_dir, flac, tone
from outcomes import left_over, same, session
from tones import corpus, ctc_args

from asrkit.train.watch import is_alive

KILLS = int(os.environ.get("ASRKIT_KILLS", "8"))
SEED = int(os.environ.get("ASRKIT_KILL_SEED", "1"))
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3000)]


def kill(forker: Forker, process: int, chance: random.Random) -> None:
    """The first process alone, as for memory; or all of the session at once, as a scheduler does.

    Either way all of them are gone within seconds.
    """
    whole = chance.random() < 0.3
    with contextlib.suppress(ProcessLookupError):  # it has yet to begin a session
        if whole:
            os.killpg(process, signal.SIGKILL)
    os.kill(process, signal.SIGKILL)
    forker.wait(process, 10)
    deadline = time.monotonic() + 10
    while (left := session(process)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not left, "processes that outlive the one that started them"
    assert not is_alive(process)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_training_ends_the_same(tmp_path: Path, workers: int) -> None:
    chance = random.Random(f"{SEED} {workers}")
    tones = corpus(tmp_path / "tones")
    more = ["--max_update", "60", "--save_interval", "3", "--valid_interval", "6"]
    more += ["--log_interval", "4", "--num_workers", str(workers), "--resume", "true"]
    whole, errors = tmp_path / "whole", tmp_path / "errors"
    done = 0
    with Forker("asr_train") as forker:
        forker.wait(forker.start(errors, ["--help"]), 100)  # the import is no part of the time
        begin = time.monotonic()
        assert forker.run(errors, ctc_args(tones, whole, *more)) == 0, errors.read_text()
        lasts = time.monotonic() - begin
        for number in range(100 * KILLS):
            out = tmp_path / f"run_{number}"
            argv = ctc_args(tones, out, *more)
            kills = chance.randint(1, 3)
            for _ in range(kills):
                process = forker.start(errors, argv)
                # often early: there the folder is first written
                wait = lasts * chance.choice([0.3, 1.0]) * chance.random()
                if forker.wait(process, wait) is not None:
                    assert "error: " not in errors.read_text()
                    break
                kill(forker, process, chance)
                done += 1
            assert forker.run(errors, argv) == 0, errors.read_text()
            assert same(out / "last.pt", whole / "last.pt")
            assert same(out / "average.pt", whole / "average.pt")
            assert not left_over(out)
            if done >= KILLS:
                break
    print(f"{done} kills of asr_train with {workers} readers, {number + 1} runs")


def test_audio_is_formatted_the_same(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    sounds = {f"u{n:03d}": flac(tmp_path / f"{n}.flac", tone(0.5)) for n in range(60)}
    sounds |= {f"p{n:03d}": f"cat {path} |" for n, path in enumerate([*sounds.values()][:20])}
    source, errors = data_dir(tmp_path / "data", sounds), tmp_path / "errors"
    done = 0

    def argv(out: Path) -> list[str]:
        return ["--in_dir", str(source), "--out_dir", str(out), "--nj", "2"]

    def content(out: Path) -> dict[str, bytes]:
        files = (path for path in out.rglob("*") if path.is_file() and path.name != ".format")
        # wav.scp names the folder itself
        here = str(out).encode()
        return {str(p.relative_to(out)): p.read_bytes().replace(here, b"") for p in files}

    with Forker("format_audio") as forker:
        begin = time.monotonic()
        assert forker.run(errors, argv(tmp_path / "whole")) == 0, errors.read_text()
        lasts = time.monotonic() - begin
        while done < KILLS:
            out = tmp_path / f"run_{done}"
            for _ in range(chance.randint(1, 3)):
                process = forker.start(errors, argv(out))
                if forker.wait(process, lasts * chance.random()) is not None:
                    break
                kill(forker, process, chance)
                done += 1
            assert forker.run(errors, argv(out)) == 0, errors.read_text()
            assert content(out) == content(tmp_path / "whole")
            assert not left_over(out)
    print(f"{done} kills of format_audio")
