"""bench/gpu.py on a CPU: its corpus, its rows in small, and rows that hang or die."""

import importlib
import json
import sys
import time
from pathlib import Path

import pytest
import torch

from asrkit.batch import Batch, pad
from asrkit.data.index import DataIndex
from asrkit.tokens import TokenList

BENCH = Path(__file__).parents[1] / "bench"
SMALL = {"files": 12, "utterances": 40, "most": 2}


@pytest.fixture(scope="module")
def bench():
    """bench/gpu.py, imported as it is when it is run: its folder is on the path."""
    sys.path.insert(0, str(BENCH))
    try:
        yield importlib.import_module("gpu")
    finally:
        sys.path.remove(str(BENCH))


@pytest.fixture(scope="module")
def corpus(bench, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench") / "corpus"
    lengths = bench.gpu_corpus.LENGTHS["short"]
    return folder, bench.gpu_corpus.make(folder, lengths, **SMALL)


def test_the_corpus_is_what_training_reads(bench, corpus):
    _, made = corpus
    index = DataIndex.open(made.folders, "text.phn")
    assert sorted(index.hours()) == ["en", "es", "fr", "it", "ru"]
    assert len(index) == 40 and len({index.path(row) for row in range(40)}) < 20
    lengths = bench.gpu_corpus.LENGTHS["short"]
    assert index.num_samples.min() >= lengths.least * 16000
    assert index.num_samples.max() <= lengths.most * 16000
    tokens = TokenList.read(made.tokens)
    for row in range(len(index)):
        labels = index.labels(row)
        assert 0 < len(labels) <= 12 * index.num_samples[row] / 16000
        assert all(label in tokens for label in labels)
    assert list(DataIndex.open(made.hour, "text.phn").hours()) == ["it"]


def test_an_hour_is_an_hour(bench, tmp_path):
    rows = [bench.gpu_corpus._File(tmp_path / "x", 16000 * 600, "a")] * 9
    assert len(bench.gpu_corpus.an_hour(rows)) == 6


def train_line(speed, **more):
    return {"split": "train", "step": 1, "audio_seconds_per_second": speed} | more


def test_a_speed_is_the_median_of_the_updates(bench):
    steady = bench.gpu_rows.steady
    lines = [train_line(30.0), {"split": "valid", "step": 1}, train_line(10.0), train_line(20.0)]
    lines[-1]["gpu_memory_gib"] = 4.5
    assert steady(lines) == {"speed": 20.0, "updates": 3, "memory": 4.5}
    assert "no update" in steady(lines[1:2])["error"]


def test_a_run_is_warm_once_an_update_has_met_no_new_shape(bench, tmp_path):
    journal = tmp_path / "train.jsonl"
    journal.touch()
    shapes = bench.gpu_rows.Shapes()
    watched = bench.gpu_rows.Watched(None, journal, None, set())
    warm, impatient = watched.warm(shapes, 60.0), watched.warm(shapes, 0.0)
    met = []
    for size in (1, 2, 2, 2, 2):  # two micro-batches an update
        for _ in range(2):
            met.append(warm())
            shapes.add(Batch(["x"], torch.tensor([0]), pad([torch.zeros(size)])))
        with open(journal, "a") as out:
            out.write(json.dumps(train_line(1.0)) + "\n")
    assert met == [False] * 6 + [True] * 4
    assert impatient()


def test_the_commonest_batch_is_taken(bench):
    shapes = bench.gpu_rows.Shapes()
    for number, size in enumerate([50, 20, 20, 90, 40, 40]):
        shapes.add(Batch([str(number)], torch.tensor([number]), pad([torch.zeros(size)])))
    assert shapes.commonest().speech.data.shape == (1, 40)
    assert str(shapes) == "4 in 6"


@pytest.mark.parametrize("preset", ["pretrain_xlsr_base", "finetune_ctc_base"])
def test_a_run_is_watched_then_goes_on_with_one_batch(bench, corpus, tmp_path, preset):
    setting = bench.gpu_rows.Setting(str(corpus[0]), str(tmp_path), "cpu", True, 0.4)
    found = {}
    bench.gpu_rows.program(preset, setting, found.__setitem__, {"train", "fixed"})
    assert list(found) == ["train", "fixed"]
    for row in found.values():
        assert row["speed"] > 0 and row["updates"] >= 1
    different, seen = map(int, found["train"]["shapes"].split(" in "))
    assert 1 <= different <= seen >= found["train"]["updates"]
    clips, seconds = found["fixed"]["batch"].removesuffix(" s").split(" x ")
    assert float(clips) * float(seconds) <= 10.1  # batch_bins


def test_the_fixed_row_alone(bench, corpus, tmp_path):
    setting = bench.gpu_rows.Setting(str(corpus[0]), str(tmp_path), "cpu", True, 0.1)
    found = {}
    bench.gpu_rows.program("pretrain_xlsr_base", setting, found.__setitem__, {"fixed"})
    assert list(found) == ["fixed"] and found["fixed"]["speed"] > 0


def rows(found):
    return {row["row"]: row for row in found}


@pytest.fixture
def made(bench, tmp_path):
    """A Bench of two rows whose lines are kept."""
    args = bench.parse(["--device", "cpu", "--quick", "--rows", "step", "infer"])
    told = []
    return bench.Bench(args, tmp_path, told.append), told


def alive(pid):
    """Not so one that has ended and that nobody has waited for."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


def worker(folder, body):
    """A repository whose worker is ``body``; ``names``: its rows."""
    (folder / "root" / "bench").mkdir(parents=True)
    (folder / "root" / "bench" / "gpu_rows.py").write_text(
        "import json, sys, time, os\nnames = json.loads(sys.argv[1])[0]\n"
        "sys.stdin.readline()\n" + body
    )
    return folder / "root"


def test_a_row_that_hangs_is_ended_and_the_rest_is_run(bench, made, tmp_path, monkeypatch):
    body = (
        "import subprocess\n"
        "rank = subprocess.Popen(['sleep', '60'], start_new_session=True)  # as torchrun does\n"
        f"with open({str(tmp_path / 'pid')!r}, 'a') as out:\n"
        "    out.write(f'{os.getpid()} {rank.pid}\\n')\n"
        "for name in names:\n"
        "    if name == 'b': time.sleep(60)\n"
        "    print(json.dumps({'row': name, 'speed': 7.0}), flush=True)\n"
    )
    runner, told = made
    monkeypatch.setattr(bench, "ROOT", worker(tmp_path, body))
    # once the first row is there, the second is waited for no longer
    monkeypatch.setattr(runner, "allowed", lambda: 0.2 if len(runner.found) == 1 else 50.0)
    runner.take(["a", "b", "c"])
    found = rows(runner.found)
    assert found["a"]["speed"] == found["c"]["speed"] == 7.0
    assert "longer than a row may" in found["b"]["error"]
    assert [text[:4] for text in told] == ["| a ", "| b ", "| c "]
    pids = (tmp_path / "pid").read_text().split()
    assert len(pids) == 4
    end = time.monotonic() + 10  # a killed process is gone when the kernel has come to it
    while any(map(alive, pids)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(map(alive, pids))


def test_a_worker_that_dies_costs_one_row(bench, made, tmp_path, monkeypatch):
    body = (
        "for name in names:\n"
        "    if name == 'a': sys.exit('no memory')\n"
        "    print('noise', flush=True)\n"
        "    print(json.dumps({'row': name, 'speed': 7.0}), flush=True)\n"
    )
    runner, told = made
    monkeypatch.setattr(bench, "ROOT", worker(tmp_path, body))
    runner.take(["a", "b"])
    assert rows(runner.found)["a"]["error"] == "its process ended"
    assert rows(runner.found)["b"]["speed"] == 7.0
    assert any("no memory" in text for text in told)  # what it said last


def test_no_row_begins_after_the_limit(made):
    runner, _ = made
    runner.args.limit = 0
    runner.take(["a", "b"])
    assert [row["error"] for row in runner.found] == ["not begun: 0 s are over"] * 2


def test_rows_are_chosen_by_name_or_beginning(bench, capsys):
    def chosen(*names):
        return bench.parse(["--device", "cpu", "--rows", *names]).rows

    assert chosen("step/pretrain", "check/ddp") == [
        "check/ddp", "step/pretrain/24", "step/pretrain/48",
    ]  # fmt: skip
    assert len(chosen("train", "fixed")) == 10
    with pytest.raises(SystemExit):
        chosen("train/pretrain")
    assert "no such row" in capsys.readouterr().err


def test_a_missing_device_is_told(bench, monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit):
        bench.parse([])
    assert "--device cpu --quick" in capsys.readouterr().err


def test_the_table_says_what_rows_say_together(bench):
    found = [
        {"row": "train/pretrain_xlsr_base", "speed": 400.0, "memory": 4.25, "updates": 9},
        {"row": "fixed/pretrain_xlsr_base", "speed": 1600.0, "batch": "6 x 15.6 s"},
        {"row": "step/pretrain/48", "speed": 1500.0, "transformers": 700.0},
        {"row": "step/pretrain/24", "speed": None, "transformers": 800.0, "note": "x"},
        {"row": "infer", "table": ["| a | b |"]},
    ]
    table = bench.table(found).splitlines()
    assert table[2] == "| train/pretrain_xlsr_base | 400 | 4.2 |  |  | 9 updates |"
    assert "pretrain_xlsr_base: end to end / fixed batch 0.25" in table
    step = "pretrain, each at its best batch: asrkit's step 1.88 x transformers'"
    assert f"{step}; pretrain_xlsr_base end to end 0.50 x" in table
    assert table[-1] == "| a | b |"


def test_cuda_tests_are_found(bench):
    assert str(BENCH.parent / "test/train/test_precision.py") in bench.cuda_tests()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_whole_of_it_in_small(bench, tmp_path, capsys):
    argv = ["--device", "cpu", "--quick", "--out", str(tmp_path / "x.json"), "--limit", "800"]
    argv += ["--row_limit", "400"]
    status = bench.main(argv)
    printed = capsys.readouterr().out
    assert status == 0, printed
    found = rows(json.loads((tmp_path / "x.json").read_text())["rows"])
    assert set(found) == set(bench.parse(argv).rows)
    for name, row in found.items():
        if name.startswith(("train/", "fixed/", "step/")):
            assert row["speed"] > 0
    losses = {found[f"check/{name}"]["note"] for name in bench.RANKS}
    assert len(losses) == 1 and "first loss" in losses.pop()
    assert "end to end / fixed batch" in printed
