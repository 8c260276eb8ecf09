"""Every training configuration in bfloat16 and float16 "on CUDA": types, devices, gradients, waits.

The tensors are fake (test/fake_cuda.py), so that a machine without a GPU can run this.
"""

import dataclasses
from pathlib import Path

import pytest
import torch
import yaml
from fake_cuda import CUDA, autocast, backward, fake_cuda, move

from asrkit import config
from asrkit.batch import Batch, Padded, pad
from asrkit.build import build_objective, resolve
from asrkit.objectives import ctc, phonetic
from asrkit.objectives.base import Objective, Recognizer
from asrkit.objectives.classify import ClassifyObjective
from asrkit.options import Options
from asrkit.tokens import TokenList
from asrkit.transcoder import objective as transcoder
from asrkit.transcoder.conformer import ConformerEncoder

ROOT = Path(__file__).parents[2]
TOKENS, PHONES = TokenList.build("abcdef"), TokenList.build("xyz")
FEWER = {"layers": 2, "blocks": 1}
ZERO = {"freeze_steps", "feature_grad_mult", "feature_cache_gib", "replace_prob", "beta"}


def small(path: Path) -> Options:
    """The configuration of a YAML with two layers."""
    namespace = config.parser().parse_args(["--config", str(path)])
    options = resolve(config.options_from(namespace))
    options.encoder_conf |= {k: n for k, n in FEWER.items() if k in options.encoder_conf}
    options.checkpoint_activations = False  # backward is outside of what stands for autocast here
    for conf in (options.objective_conf, options.base_conf):
        conf |= {"top_k": 2} if "top_k" in conf else {}
    return options


def routines(options: Options) -> str:
    """What decides which routines run: names, switches, and whether a number is 0."""
    found = {name: vars(options)[name] for name in ("objective", "base", "encoder")}
    for name in ("objective_conf", "base_conf", "encoder_conf"):
        for key, value in vars(options)[name].items():
            if isinstance(value, bool | str):
                found[key] = value
            elif key in ZERO:
                found[key] = value > 0
    return str(found)


def different() -> dict[str, Path]:
    """One YAML of each kind, by recipe and name."""
    found: dict[str, tuple[str, Path]] = {}
    for path in sorted(ROOT.glob("egs/*/*/conf/**/*.yaml")):
        if "encoder" in (yaml.safe_load(path.read_text()) or {}):
            found.setdefault(routines(small(path)), (f"{path.parts[-4]}-{path.stem}", path))
    return dict(found.values())


PATHS = different()
# validation takes the same ways through a model whatever its switches
VALIDATED = list(
    {(small(p).objective, small(p).base, small(p).encoder): n for n, p in PATHS.items()}.values()
)


def batch_of(options: Options, lengths: list[int], labels: bool) -> Batch:
    """A batch as the loop gives it to the model: data on the device, lengths on the host."""

    def rows(size: int) -> Padded | None:
        return pad([torch.full((size - row,), 2) for row in range(len(lengths))])

    batch = Batch(
        ids=[str(row) for row in range(len(lengths))],
        keys=torch.arange(len(lengths)),
        speech=pad([torch.randn(length) for length in lengths]),
        posteriors=pad([torch.rand(length // 2000, 4) for length in lengths]),
        text=rows(5) if labels else None,
        phones=rows(3) if labels else None,
    )
    moved = batch.to(CUDA)
    # the Transcoder's CTC takes the stars out on the host: it waits for the labels
    by_ctc = options.objective_conf.get("loss") == "ctc"
    return dataclasses.replace(moved, text=batch.text) if by_ctc else moved


def made(options: Options) -> Objective:
    # without values; torchaudio's mel filters cannot be made that way
    with torch.device("cpu" if options.encoder == "logmel" else "meta"):
        objective = build_objective(options, TOKENS, PHONES)
    move(objective)
    return objective


def step(options: Options, dtype: torch.dtype, batch: Batch, at: int) -> None:
    objective = made(options).train()
    objective.before_step(at)
    with autocast(dtype):
        output = objective(batch)
    assert output.loss.dtype == torch.float32 and output.loss.device.type == "cuda"
    grads = backward(output.loss * 128.0)
    for name, parameter in objective.named_parameters():
        if parameter.requires_grad:
            grad = grads.get(parameter)
            assert grad is not None, f"{name} has no gradient"
            assert (grad.dtype, grad.device) == (parameter.dtype, parameter.device), name
    objective.after_step(at + 1)
    for pair in output.stats.values():
        assert all(not isinstance(value, torch.Tensor) or value.is_cuda for value in pair)


def waits(options: Options) -> bool:
    return bool(options.objective_conf.get("gated", False))


@pytest.mark.parametrize("name", PATHS)
def test_a_training_step(name):
    options = small(PATHS[name])
    with fake_cuda(may_wait=waits(options)):
        step(options, torch.bfloat16, batch_of(options, [32_000, 16_000], True), 0)
        step(options, torch.float16, batch_of(options, [32_000, 32_000], False), 50_000)


@pytest.mark.parametrize("name", VALIDATED)
def test_a_validation(name, monkeypatch):
    # error rates are counted on the host
    monkeypatch.setattr(ctc, "token_errors", lambda *_: (0, 1))
    monkeypatch.setattr(phonetic, "_token_errors", lambda *_: (0, 1))
    monkeypatch.setattr(transcoder, "greedy_tokens", lambda _: [])
    monkeypatch.setattr(transcoder, "_errors", lambda *_: (0, 1))
    monkeypatch.setattr(transcoder.TranscoderObjective, "_word_errors", lambda *_: (0, 1))
    monkeypatch.setattr(ClassifyObjective, "_by_class", lambda *_: {})
    options = small(PATHS[name])
    with fake_cuda(may_wait=waits(options)), autocast(torch.bfloat16), torch.no_grad():
        objective = made(options).eval()
        batch = batch_of(options, [32_000, 16_000], True)
        assert objective(batch).loss.device.type == "cuda"
        if isinstance(objective, Recognizer):
            assert objective.log_probs(batch).data.dtype == torch.float32


def test_a_conformer_without_positions():
    encoder = ConformerEncoder(PHONES, width=8, layers=1, heads=2, ffn=8, kernel=3, position=False)
    lengths = torch.tensor([5, 3])
    with fake_cuda(), autocast(torch.bfloat16), torch.no_grad():
        move(encoder.eval())
        posteriors = torch.zeros(2, 5, len(PHONES) - 1, device=CUDA)
        assert encoder(Padded(posteriors, lengths)).output.data.shape == (2, 5, 8)


def test_a_wrong_type_is_seen():
    with fake_cuda():
        half = torch.zeros(3, 3, device=CUDA, dtype=torch.bfloat16)
        where = torch.zeros(1, device=CUDA, dtype=torch.int64)
        with pytest.raises(AssertionError, match="bfloat16"):
            half[where] = torch.zeros(1, 3, device=CUDA)
        with pytest.raises(AssertionError, match="bfloat16"):
            half @ torch.zeros(3, 3, device=CUDA)


def test_a_wait_is_seen():
    with fake_cuda():
        there = torch.ones(3, device=CUDA)
        with pytest.raises(AssertionError, match="waits"):
            there.new_tensor(1.0)
        with pytest.raises(RuntimeError):
            float(there.sum())
