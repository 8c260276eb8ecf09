"""Half precision: what the CPU can show; the rest needs a CUDA device."""

import itertools
import json

import pytest
import torch
from tones import corpus, ctc_args

from asrkit.bin import asr_train
from asrkit.train import checkpoint
from asrkit.train.precision import Precision, cpu_rounds_products

CPU = torch.device("cpu")


def fp16() -> Precision:
    return Precision("fp16", torch.device("cuda"))


def test_auto_follows_the_device():
    assert Precision("auto", CPU).name == "fp32"
    assert Precision("auto", torch.device("cuda")).name == "bf16"


@pytest.mark.parametrize("name", ["fp16", "fp8"])
def test_what_the_cpu_cannot_do_is_refused(name):
    with pytest.raises(ValueError, match="precision"):
        Precision(name, CPU)


def products(x, w):
    """A product of float32, forward and backward."""
    x, w = x.clone().requires_grad_(), w.clone().requires_grad_()
    y = x @ w
    y.backward(torch.ones_like(y))
    return y.detach(), x.grad, w.grad


def convolutions():
    """Of kernel 1 and 3, of one clip and of two: torch has another routine for each."""
    generator = torch.Generator().manual_seed(1)
    for kernel, clips in itertools.product((1, 3), (1, 2)):
        x = torch.randn(clips, 128, 200, generator=generator)
        yield torch.conv1d(x, torch.randn(96, 128, kernel, generator=generator))


def test_bf16_on_a_cpu_rounds_the_factors_of_products_alone():
    x, w = torch.randn(200, 512), torch.randn(512, 96)
    exact = products(x.double(), w.double())
    plain = products(x, w)
    with Precision("bf16", CPU).matmul_precision():
        rounded = products(x, w)
    for right, one in zip(exact, rounded, strict=True):
        assert one.dtype == torch.float32
        # a factor keeps 8 bits (2 ** -9 of it lost at most)
        assert (one - right).norm() < 2**-7 * right.norm()
    if cpu_rounds_products():
        assert (rounded[0] - exact[0]).norm() > 2**-12 * exact[0].norm()
    assert all(torch.equal(one, two) for one, two in zip(plain, products(x, w), strict=True))


def test_bf16_is_fp32_bit_for_bit_where_the_cpu_does_not_multiply_bf16(monkeypatch, caplog):
    """There the mode rounds nothing, but gives products and convolutions to another library."""
    monkeypatch.setattr("asrkit.train.precision.cpu_rounds_products", lambda: False)
    caplog.set_level("INFO")
    x, w = torch.randn(200, 512), torch.randn(512, 96)
    plain = [*products(x, w), *convolutions()]
    with Precision("bf16", CPU).matmul_precision():
        assert torch.get_float32_matmul_precision() == "highest"
        again = [*products(x, w), *convolutions()]
    assert all(torch.equal(one, two) for one, two in zip(plain, again, strict=True))
    assert "this is fp32" in caplog.text


@pytest.mark.parametrize(("mode", "told"), [("BF16", True), ("any", True), ("STRICT", False)])
def test_a_mode_of_the_environment_is_told(monkeypatch, caplog, mode, told):
    """oneDNN reads it once for the process: with it, fp32 is not what it says."""
    monkeypatch.setenv("DNNL_DEFAULT_FPMATH_MODE", mode)
    Precision("fp32", CPU)
    assert (f"DNNL_DEFAULT_FPMATH_MODE={mode} lets oneDNN round" in caplog.text) is told


def test_bf16_on_a_cpu_learns(tmp_path):
    argv = ctc_args(corpus(tmp_path), tmp_path / "x", "--precision", "bf16")
    assert asr_train.main([*argv, "--max_update", "60", "--valid_interval", "60"]) == 0
    rows = [json.loads(line) for line in (tmp_path / "x" / "train.jsonl").open(encoding="utf-8")]
    assert rows[-1]["split"] == "valid" and rows[-1]["token_error_rate"] < 0.1
    assert torch.get_float32_matmul_precision() == "highest"  # what comes next is exact again


def test_overflow_halves_the_scale_and_a_good_stretch_doubles_it():
    precision = fp16()
    precision.update(False)
    assert precision.scale == 64
    for _ in range(2000):
        precision.update(True)
    assert precision.scale == 128


def test_an_overflow_begins_a_new_stretch():
    precision = fp16()
    for finite in [True] * 1999 + [False] + [True] * 1999:
        precision.update(finite)
    assert precision.scale == 64
    precision.update(True)
    assert precision.scale == 128


def test_the_scale_survives_a_resume():
    first, second = fp16(), fp16()
    for _ in range(1500):
        first.update(True)
    second.restore(first.state())
    for _ in range(500):
        second.update(True)
    assert second.scale == 256


@pytest.mark.cuda
@pytest.mark.parametrize(
    ("precision", "compiled"),
    [("bf16", "false"), ("fp16", "false"), ("fp32", "false"), ("bf16", "true")],
)
def test_cuda_trains(tmp_path, tmp_path_factory, precision, compiled):
    folder = corpus(tmp_path_factory.mktemp("tones"))
    argv = ctc_args(folder, tmp_path / "x", "--max_update", "100", "--ngpu", "1")
    argv += ["--compile", compiled]
    assert asr_train.main([*argv, "--precision", precision, "--valid_interval", "100"]) == 0
    model = checkpoint.load(tmp_path / "x" / "last.pt")["model"]
    assert {value.dtype for value in model.values()} == {torch.float32}
    assert all(value.isfinite().all() for value in model.values())
    rows = [json.loads(line) for line in (tmp_path / "x" / "train.jsonl").open(encoding="utf-8")]
    assert rows[0]["gpu_memory_gib"] > 0


@pytest.mark.cuda
def test_keyed_noise_is_the_same_on_cuda():
    from asrkit import noise

    keys = torch.tensor([1, 2**62 + 5])
    cuda = noise.uniform(keys, 1000, torch.device("cuda")).cpu()
    assert torch.equal(noise.uniform(keys, 1000, CPU), cuda)
