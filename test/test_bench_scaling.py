"""What bench/scaling.py and bench/cards.py count, against what can be reckoned by hand."""

import dataclasses
import importlib
import sys
from pathlib import Path

import pytest
import torch

from asrkit.options import Options

BENCH = Path(__file__).parents[1] / "bench"


@pytest.fixture(scope="module")
def scaling():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCH))
        yield importlib.import_module("scaling")
        sys.modules.pop("scaling")


@pytest.fixture(scope="module")
def cards(scaling):
    yield importlib.import_module("cards")
    sys.modules.pop("cards")


@pytest.fixture
def tiny(tmp_path):
    path = tmp_path / "tiny.yaml"
    path.write_text(
        "objective: contrastive\nquantizer: gumbel\nencoder: wav2vec2\n"
        "objective_conf: {final_size: 16}\nquantizer_conf: {vector_size: 16}\n"
        "encoder_conf: {conv_layers: [[32, 320, 320]], conv_norm: layer, width: 32, layers: 4,"
        " heads: 2, positional: [1, 32, 1], layerdrop: 0.9}\n"
        "optimizer_conf: {lr: 1.0}\nbatch_bins: 64000\nmax_sample_size: 32000\n"
        "reference_batch_seconds: 64\n"
    )
    return path


def test_operations_and_bytes(scaling, tiny):
    options = scaling.options_of(tiny)
    found = scaling.count(options)
    assert (found.clips, found.samples) == (2, 32_000)
    frames, width = 2 * 100, 32
    transformer = 4 * (2 * frames * 12 * width**2 + 4 * frames * 100 * width)
    convolution = 2 * frames * 320 * width
    rest = found.forward - transformer - convolution
    assert 0 < rest < 0.2 * found.forward  # projections, positions, quantizer, similarities
    twice = scaling.count(options, clips=4)
    assert twice.forward == pytest.approx(2 * found.forward, rel=0.1)  # fewer masked frames a row
    assert 1.6 * found.kept < twice.kept < 2.05 * found.kept  # but for the weights in bfloat16
    assert found.kept > 4 * frames * width * 2 * 12  # 12 D-wide bfloat16 tensors a layer and frame
    block = 12 * width**2 + 13 * width
    assert found.largest == found.parameters - 3 * block


def test_plan_keeps_the_published_audio(scaling):
    counts = scaling.Counts(
        parameters=10**8, learning=10**8, blocks=9 * 10**7, largest=2 * 10**7, clips=4,
        samples=160_000, forward=1e12, front=0.0, inner=0.0, kept=2**30, peak=2**30,
    )  # fmt: skip
    run = scaling.plan(counts, 640, 4, tflops=50)
    assert (run.clips, run.accumulate, run.audio) == (4, 4, 640)
    assert run.seconds == pytest.approx(3 * 4 / 50)
    assert run.whole_memory == pytest.approx(20e8 / 2**30 + 1)
    assert run.sharded_memory == pytest.approx((4e8 + 1.6e8) / 2**30 + 1)
    many = scaling.plan(counts, 640, 128, tflops=50)
    assert (many.clips, many.accumulate, many.audio) == (1, 1, 1280)
    assert many.seconds == pytest.approx(3 / 4 / 50)


def test_what_is_alive_at_once(scaling):
    with scaling._OnCuda() as mode:
        one = torch.empty(1000, device="cuda")
        two = one + 1
        view = two[:10]
        del one, two
        assert (mode.live, mode.peak) == (4000, 8000)
        del view
    assert mode.live == 0


@pytest.mark.parametrize("again", [False, True])
def test_memory_of_a_micro_batch(scaling, cards, tiny, again):
    def counted(clips):
        options = dataclasses.replace(scaling.options_of(tiny), checkpoint_activations=again)
        return scaling.count(options, clips)

    one, *both = cards.memory(scaling.options_of(tiny), {}, cache=1.0)
    found = both[again]
    assert found.state == 16 * one.parameters  # all learn, and no features are kept
    eight = counted(8)
    assert found.of(8) == pytest.approx(found.state + eight.peak, rel=0.05)
    assert eight.kept < eight.peak
    assert found.of(1) - found.state > 2 * one.blocks  # autocast's copies of the weights
    whole = counted(8) if not again else scaling.count(scaling.options_of(tiny), 8)
    assert (eight.kept < 0.6 * whole.kept) == again
    assert found.clips(found.of(8)) == 8
    assert found.clips(found.of(8) - 1) == 7
    assert found.clips(found.state) == 0


def test_fine_tuning_learns_less_and_keeps_features(scaling, cards, tmp_path):
    path = tmp_path / "ctc.yaml"
    path.write_text(
        "objective: ctc\nencoder: wav2vec2\nobjective_conf: {feature_cache_gib: 4.0}\n"
        "encoder_conf: {conv_layers: [[32, 320, 320]], conv_norm: layer, width: 32, layers: 4,"
        " heads: 2, positional: [1, 32, 1], feature_grad_mult: 0.0}\n"
        "optimizer_conf: {lr: 1.0}\nbatch_bins: 64000\nmax_sample_size: 32000\n"
    )
    one, plain, again = cards.memory(scaling.options_of(path), {}, cache=0.25)
    assert one.parameters - one.learning == 32 * 320 + 2 * 32
    assert one.front == 2 * 100 * 320 * 32
    assert one.front + one.inner < one.forward < 2 * (one.front + one.inner)
    assert plain.state == 4 * one.parameters + 12 * one.learning + 2**28
    assert again.of(8) < plain.of(8)


def test_table_of_cards(scaling, cards, tiny, capsys, monkeypatch):
    monkeypatch.setattr(cards, "MODELS", {"Small": ("tiny", {"layers": 2})})
    monkeypatch.setattr(cards, "TASKS", {"pre-training": "x"})
    monkeypatch.setattr(cards, "CONF", tiny.parent)
    tiny.rename(tiny.with_name("x_tiny.yaml"))
    assert cards.main(["--cards", "2", "4"]) == 0
    row = capsys.readouterr().out.splitlines()[-1].split(" | ")
    assert row[0] == "| Small (0 M), pre-training, 2.0 s"
    fewer, more = (int(cell.split(",")[0]) for cell in row[-2:])
    assert 0 < fewer < more
    with pytest.raises(SystemExit):
        cards.main(["--cards", "1"])


def test_table_of_tunings(scaling, cards, capsys, monkeypatch, tmp_path):
    kinds = {"": "", "_lora": "tune: {lora: {rank: 2}}", "_adapters": "tune: {adapters: {}}"}
    for kind, tune in kinds.items():
        (tmp_path / f"finetune_ctc_large_quick{kind}.yaml").write_text(
            "objective: ctc\nencoder: wav2vec2\noptimizer_conf: {lr: 1.0}\n"
            "encoder_conf: {conv_layers: [[32, 320, 320]], conv_norm: layer, width: 32, layers: 2,"
            f" heads: 2, positional: [1, 32, 1]}}\nmax_sample_size: 32000\n{tune}\n"
        )
    monkeypatch.setattr(cards, "CONF", tmp_path)
    monkeypatch.setattr(cards, "MODELS", {"Large": ("large", {}), "Base": ("base", {})})
    assert cards.main(["--tuning"]) == 0
    table = capsys.readouterr().out.splitlines()[2:]
    learn = [int(row.split(" | ")[1].replace(",", "")) for row in table]
    head = 32 * len(scaling.TOKENS) + len(scaling.TOKENS)
    assert learn[1:] == [
        head + 2 * 2 * (4 * 32 + 2 * 32 + 2 * 5 * 32),  # qkv, out, fc1 and fc2 of two layers
        head + 2 * (2 * 32 + 2 * 64 * 32 + 64 + 32),
        head,
    ]
    memory = [float(row.split("|")[4].split(",")[0]) for row in table]
    assert memory == sorted(memory, reverse=True) and learn[0] > max(learn[1:])


def test_hours_of_fine_tuning(scaling, cards, monkeypatch, tmp_path, capsys):
    counts = scaling.Counts(
        parameters=10, learning=10, blocks=8, largest=5, clips=2, samples=160_000, forward=100e12,
        front=20e12, inner=60e12, kept=1, peak=1,
    )  # fmt: skip
    conf = {"freeze_steps": 0.25}
    options = Options(
        max_update=0, passes=60, reference_batch_seconds=240, objective_conf=conf,
        checkpoint_activations=True,
    )  # fmt: skip
    found = cards.work(options, counts, 4)
    assert found.seen == 120 * 3600 and found.updates == 1800
    frozen, learning = 20 + 80, 20 + 3 * 80 + 60  # TFLOP of 20 s
    assert found.operations == pytest.approx(
        found.seen / 20 * (0.25 * frozen + 0.75 * learning) * 1e12
    )
    conf = {"freeze_steps": 500}
    options = Options(max_update=1000, reference_batch_seconds=1600, objective_conf=conf)
    found = cards.work(options, counts, 1)
    assert found.seen == 1_600_000
    assert found.operations == pytest.approx(80_000 * (0.5 * 100 + 0.5 * 260) * 1e12)
    monkeypatch.setattr(cards, "CONF", tmp_path)
    monkeypatch.setattr(cards, "FINE_TUNING", ["small"])
    (tmp_path / "small.yaml").write_text(
        "objective: ctc\nencoder: wav2vec2\nencoder_conf: {conv_layers: [[32, 320, 320]],"
        " width: 32, layers: 1, heads: 2, positional: [1, 32, 1]}\noptimizer_conf: {lr: 1.0}\n"
        "max_update: 0\npasses: 30\nreference_batch_seconds: 60\n"
    )
    assert cards.main(["--hours", "1", "4", "--tflops", "1e-6"]) == 0
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines()[2:]]
    assert [row[1:4] for row in rows] == [["1 h", "30 h", "1800"], ["4 h", "60 h", "3600"]]


@pytest.mark.parametrize("bad", [["--tflops", "0"], ["--gpus", "0"]])
def test_bad_assumptions(scaling, bad):
    with pytest.raises(SystemExit):
        scaling.parse(bad)


def test_table(scaling, tiny, capsys):
    assert scaling.main(["--config", str(tiny), "--gpus", "1", "8"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "Measured: 11.6 TFLOP/s" in "".join(lines)
    assert sum(line.startswith("| tiny |") for line in lines) == 3
