"""--profile: what it writes, and that training is as it would be without."""

import gzip
import json
import types

import pytest
import torch
from torch.autograd import DeviceType
from toy import Stream, make, run, weights

from asrkit.train import profile
from asrkit.train.profile import Profile, summarize


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


def event(name, start, end, device=DeviceType.CUDA, annotation=False, own=0.0):
    return types.SimpleNamespace(
        name=name,
        device_type=device,
        time_range=types.SimpleNamespace(start=start, end=end),
        is_user_annotation=annotation,
        self_cpu_time_total=own,
    )


def test_kernels_are_added_up_within_updates():
    cpu = {"device": DeviceType.CPU}
    events = [
        event("update", 1000, 5000, **cpu, annotation=True),
        event("update", 7000, 9000, **cpu, annotation=True),
        event("enumerate(DataLoader)#X.__next__", 1000, 1500, **cpu, annotation=True),
        event("aten::mm", 1500, 4000, **cpu, own=2500),
        event("update", 1500, 4900, annotation=True),  # on the device, as torch tells it
        event("gemm", 2000, 3000),
        event("copy", 2500, 3500),  # on another stream: counted in its row, busy once
        event("validation", 5500, 6500),
        event("gemm", 7500, 8500),
    ]
    found = summarize(events, DeviceType.CUDA)
    assert found.update == pytest.approx(3.0)
    assert found.busy == pytest.approx(1.25)
    assert found.data == pytest.approx(0.25)
    assert found.calls == 1.5
    assert [tuple(row) for row in found.rows] == [("gemm", 1.0, 1.0), ("copy", 0.5, 0.5)]
    on_cpu = summarize(events, DeviceType.CPU)
    assert [tuple(row) for row in on_cpu.rows] == [("aten::mm", 1.25, 0.5)]


def test_many_micro_batches_are_few_updates(tmp_path, caplog):
    caplog.set_level("INFO", "asrkit")
    trainer, _ = make(tmp_path, max_update=14, accum_grad=32, profile=100)
    run(trainer, valid=False)
    assert "2 of 100 (at most 64 micro-batches" in caplog.text


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
