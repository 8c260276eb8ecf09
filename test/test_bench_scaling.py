"""What bench/scaling.py counts, against what can be reckoned by hand."""

import importlib.util
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "bench" / "scaling.py"


@pytest.fixture(scope="module")
def scaling():
    spec = importlib.util.spec_from_file_location("bench_scaling", SOURCE)
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench_scaling"] = module
    spec.loader.exec_module(module)
    return module


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
        parameters=10**8, largest=2 * 10**7, clips=4, samples=160_000, forward=1e12, kept=2**30
    )
    run = scaling.plan(counts, 640, 4, tflops=50)
    assert (run.clips, run.accumulate, run.audio) == (4, 4, 640)
    assert run.seconds == pytest.approx(3 * 4 / 50)
    assert run.whole_memory == pytest.approx(20e8 / 2**30 + 1)
    assert run.sharded_memory == pytest.approx((4e8 + 1.6e8) / 2**30 + 1)
    many = scaling.plan(counts, 640, 128, tflops=50)
    assert (many.clips, many.accumulate, many.audio) == (1, 1, 1280)
    assert many.seconds == pytest.approx(3 / 4 / 50)


@pytest.mark.parametrize("bad", [["--tflops", "0"], ["--gpus", "0"]])
def test_bad_assumptions(scaling, bad):
    with pytest.raises(SystemExit):
        scaling.parse(bad)


def test_table(scaling, tiny, capsys):
    assert scaling.main(["--config", str(tiny), "--gpus", "1", "8"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "Measured: 11.6 TFLOP/s" in "".join(lines)
    assert sum(line.startswith("| tiny |") for line in lines) == 3
