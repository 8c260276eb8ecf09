"""--profile: what it writes, and that training is as it would be without."""

import gzip
import json

import pytest
import torch
from toy import Stream, make, run, weights

from asrkit.train import profile
from asrkit.train.profile import Profile


def journal(folder):
    rows = [json.loads(line) for line in (folder / "train.jsonl").read_text().splitlines()]
    return [{k: v for k, v in row.items() if k != "audio_seconds_per_second"} for row in rows]


def test_files_are_written_and_losses_are_bit_identical(tmp_path, caplog):
    caplog.set_level("INFO", "asrkit")
    trainer, looked_at = make(tmp_path / "a", dropout=0.5, max_update=16, profile=4)
    run(trainer)
    plain, objective = make(tmp_path / "b", dropout=0.5, max_update=16)
    run(plain)
    assert torch.equal(weights(looked_at), weights(objective))
    assert journal(tmp_path / "a") == journal(tmp_path / "b")
    assert not (tmp_path / "b" / "profile").exists()
    folder = tmp_path / "a" / "profile"
    assert {path.name for path in folder.iterdir()} == {"trace.json.gz", "table.txt"}
    with gzip.open(folder / "trace.json.gz", "rt") as file:
        names = [event.get("name") for event in json.load(file)["traceEvents"]]
    assert names.count("update") == 4
    assert "aten::addmm" in names
    lines = (folder / "table.txt").read_text().splitlines()
    assert lines[0].startswith("4 updates on the CPU")
    assert len(lines) == 7 + 10
    shares = [float(line.split()[1].rstrip("%")) for line in lines[7:]]
    assert shares == sorted(shares, reverse=True) and 0 < sum(shares) <= 100.5
    assert f"{folder}: 4 updates profiled; host's share: " in caplog.text


def test_many_micro_batches_are_few_updates(tmp_path, caplog):
    caplog.set_level("INFO", "asrkit")
    trainer, _ = make(tmp_path, max_update=14, accum_grad=16, profile=100)
    run(trainer, valid=False)
    assert "2 of 100 (at most 32 micro-batches" in caplog.text


def test_a_run_that_ends_early_is_profiled_to_its_end_or_says_so(tmp_path, caplog):
    caplog.set_level("INFO", "asrkit")
    trainer, _ = make(tmp_path / "a", profile=5)  # 12 updates
    run(trainer, valid=False)
    assert (tmp_path / "a" / "profile" / "table.txt").read_text().startswith("2 updates")
    trainer, _ = make(tmp_path / "b", max_update=10, profile=5)
    run(trainer, valid=False)
    assert "nothing was profiled: 10 updates come before" in caplog.text
    assert not (tmp_path / "b" / "profile").exists()


def test_one_rank_looks_and_an_error_leaves_nothing(tmp_path):
    trainer, _ = make(tmp_path, profile=2)
    other = Profile(trainer.options, tmp_path, torch.device("cpu"), print, active=False)
    with other:
        for _ in range(20):
            with other.update():
                trainer._update(iter(Stream()))
    assert not (tmp_path / "profile").exists()
    with (
        pytest.raises(RuntimeError),
        Profile(trainer.options, tmp_path, torch.device("cpu"), print, active=True) as mine,
    ):
        for _ in range(profile.WARM_UP + 1):
            with mine.update():
                pass
        raise RuntimeError
    assert not (tmp_path / "profile").exists()
    assert not torch.autograd._profiler_enabled()
