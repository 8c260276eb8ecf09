"""What is added up of a trace, and the table."""

import json

import pytest

from asrkit.train.trace import read_trace, summarize, table


def event(kind, name, start, end, thread=1):
    span = {"ph": "X", "cat": kind, "name": name, "pid": 0, "tid": thread}
    return span | {"ts": start, "dur": end - start, "args": {"External id": 7}}


EVENTS = [
    event("user_annotation", "update", 1000, 5000),
    event("user_annotation", "update", 7000, 9000),
    event("user_annotation", "enumerate(DataLoader)#_MultiProcessing.__next__", 1000, 1500),
    event("cpu_op", "aten::linear", 1500, 4000),
    event("cpu_op", "aten::addmm", 1600, 3600),
    event("cpu_op", "aten::mm", 1700, 2700, thread=2),  # of another thread: within nothing
    event("cpu_op", "aten::validation", 5500, 6500),
    event("cuda_runtime", "cudaLaunchKernel", 1500, 1510),
    event("gpu_user_annotation", "update", 1500, 4900, thread="stream 7"),
    event("kernel", "gemm", 2000, 3000, thread="stream 7"),
    event("gpu_memcpy", "Memcpy HtoD", 2500, 3500, thread="stream 8"),  # at once: busy once
    event("kernel", "validation", 5500, 6500, thread="stream 7"),
    event("kernel", "gemm", 7500, 8500, thread="stream 7"),
    {"ph": "s", "id": 3, "name": "ac2g", "pid": 0, "tid": 1, "ts": 2000},
]


@pytest.fixture
def events(tmp_path):
    (tmp_path / "t.json").write_text(json.dumps({"schemaVersion": 1, "traceEvents": EVENTS}))
    return read_trace(tmp_path / "t.json")


def test_what_lasts_is_read(events):
    assert len(events) == len(EVENTS) - 1
    assert events[3] == ("cpu_op", "aten::linear", "0/1", 1500.0, 4000.0)


def test_kernels_are_added_up_within_updates(events):
    found = summarize(events, on_gpu=True)
    assert found.update == pytest.approx(3.0)
    assert found.busy == pytest.approx(1.25)
    assert found.data == pytest.approx(0.25)
    assert found.calls == 1.5
    rows = [tuple(row) for row in found.rows]
    assert rows == [("gemm", 1.0, 1.0), ("Memcpy HtoD", 0.5, 0.5)]


def test_operators_have_their_own_time(events):
    found = summarize(events, on_gpu=False)
    assert found.busy == pytest.approx(1.25)
    rows = {row.name: row.milliseconds for row in found.rows}
    assert rows == {"aten::linear": 0.25, "aten::addmm": 1.0, "aten::mm": 0.5}


def test_the_host_has_what_the_device_leaves(events):
    lines = table(summarize(events, on_gpu=True), before=2.5)
    assert lines[1] == "host's share: 50.0% of an update, 1.25 ms in which no kernel ran"
    assert lines[2] == "kernels: 1.25 ms and 2 calls an update"
    assert lines[-2].split() == ["1.000", "66.7%", "1.0", "gemm"]
    assert "host's share: 0.0%" in table(summarize(events, on_gpu=True), before=1.0)[1]
