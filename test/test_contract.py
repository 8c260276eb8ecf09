"""Promises that every choice and every YAML of the recipes keeps."""

import contextlib
import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from asrkit import config, noise
from asrkit.batch import Batch, pad
from asrkit.build import build_objective, resolve
from asrkit.choices import CHOICES, ENCODERS, FRAME_OBJECTIVES, OBJECTIVES, QUANTIZERS
from asrkit.config import ConfigError
from asrkit.encoders.base import Encoder
from asrkit.keys import key_of
from asrkit.objectives.base import FrameObjective, Recognizer
from asrkit.options import Options
from asrkit.tokens import TokenList

ROOT = Path(__file__).parents[1]
TRAINING = [
    path
    for path in sorted(ROOT.glob("egs/*/*/conf/**/*.yaml"))
    if "encoder" in (yaml.safe_load(path.read_text()) or {})
]
TOKENS = TokenList.build("abcdef")
TABLES = {
    "base": FRAME_OBJECTIVES,
    "encoder": ENCODERS,
    "quantizer": QUANTIZERS,
}
# Values by an option's name, in whichever class: small networks, and every chance taken.
SMALL = {
    "width": 16, "layers": 2, "heads": 2, "ffn_size": 16, "positional": [8, 2, 1], "mels": 16,
    "layerdrop": 0.5, "final_size": 16, "vector_size": 8, "entries": 6, "negatives": 5, "steps": 3,
    "top_k": 2, "mask_prob": 0.5, "channel_mask_prob": 0.2, "channel_mask_length": 4,
    "replace_prob": 0.5, "kernel": 7, "before": 5, "after": 3,
    "buckets": 16, "max_distance": 9,
}  # fmt: skip


def small(made: Callable[..., Any]) -> dict[str, Any]:
    """SMALL, as far as a class has it; of convolutions 16 channels, with their kernels."""
    known = inspect.signature(made).parameters
    conv = {}
    if "conv_layers" in known:
        layers = known["conv_layers"].default
        conv = {"conv_layers": [[min(first, 16), *rest] for first, *rest in layers]}
    return {name: value for name, value in SMALL.items() if name in known} | conv


def whole(chosen: dict[str, str]) -> Iterator[dict[str, str]]:
    """Every choice of the blocks that the chosen ones take as positional parameters."""
    for block, name in chosen.items():
        for needed in inspect.signature(CHOICES[block][name]).parameters:
            if needed in TABLES and needed not in chosen:
                for other in TABLES[needed]:
                    yield from whole({**chosen, needed: other})
                return
    yield chosen


def options_for(chosen: dict[str, str]) -> Options:
    confs = {f"{block}_conf": small(CHOICES[block][name]) for block, name in chosen.items()}
    return resolve(Options(**chosen, **confs, optimizer_conf={"lr": 1e-3}))


def fitting() -> Iterator[dict[str, str]]:
    """The combinations that no class refuses: m-CPC is one system, data2vec needs a transformer."""
    for name in OBJECTIVES:
        for chosen in whole({"objective": name}):
            with contextlib.suppress(ConfigError):
                build_objective(options_for(chosen), TOKENS)
                yield chosen


COMBINATIONS = list(fitting())


def batch_of(labels: list[int] = [2, 0, 3]) -> Batch:  # noqa: B006
    generator = torch.Generator().manual_seed(1)
    waves = [torch.randn(n, generator=generator) for n in (16_000, 12_345, 9_001)]
    text = [torch.randint(2, 8, (n,), generator=generator) for n in labels]
    keys = torch.tensor([key_of(n) for n in range(3)])
    return Batch(["x", "y", "z"], keys, pad(waves), pad(text), pad(text))


@pytest.fixture(params=COMBINATIONS, ids=lambda chosen: "-".join(chosen.values()))
def chosen(request):
    return request.param


@pytest.fixture
def objective(chosen):
    torch.manual_seed(0)
    made = build_objective(options_for(chosen), TOKENS)
    made.before_step(3)
    return made


def test_everything_is_part_of_a_combination():
    for block, table in {"objective": OBJECTIVES, **TABLES}.items():
        assert {chosen.get(block) for chosen in COMBINATIONS} - {None} == table.keys()


def test_every_class_has_keyword_only_options_with_types():
    for table in CHOICES.values():
        for name, made in table.items():
            for p in inspect.signature(made).parameters.values():
                assert p.annotation is not inspect.Parameter.empty, f"{name}: {p.name}"
                if p.default is not inspect.Parameter.empty:
                    assert p.kind is p.KEYWORD_ONLY, f"{name}: {p.name} has a default"
            assert made.__doc__, f"{name} has no docstring"
            if inspect.isclass(made):
                assert len(inspect.signature(made).parameters) <= 17, name


def test_output_is_a_sum_with_weight_and_the_same_statistics(objective):
    objective.train()
    full, unlabeled = objective(batch_of()), objective(batch_of([0, 0, 0]))
    assert full.loss.ndim == 0
    assert full.loss.isfinite()
    assert float(full.weight) > 0
    assert full.stats.keys() == unlabeled.stats.keys()
    objective.eval()
    assert objective(batch_of()).stats.keys() == full.stats.keys()


def test_every_parameter_takes_part_in_every_step(objective):
    objective.train()
    for labels in ([2, 0, 3], [0, 0, 0]):
        objective.zero_grad()
        objective(batch_of(labels)).loss.backward()
        without = [n for n, p in objective.named_parameters() if p.requires_grad and p.grad is None]
        assert without == []


def test_blocks_that_are_computed_again_change_no_bit(objective):
    """With dropout, layerdrop, masks and padding; a frozen teacher is never computed again."""
    objective.train()
    found = []
    for again in (False, True):
        objective.zero_grad()
        blocks = [b for m in objective.modules() if isinstance(m, Encoder) for b in m.blocks()]
        for block in blocks:
            block.recompute = again
        torch.manual_seed(5)
        loss = objective(batch_of()).loss
        loss.backward()
        found.append([loss, *[p.grad for p in objective.parameters() if p.requires_grad]])
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_forward_changes_no_state_and_repeats(objective):
    objective.train()
    before = {name: value.clone() for name, value in objective.state_dict().items()}
    torch.manual_seed(5)
    first = objective(batch_of()).loss
    torch.manual_seed(5)
    second = objective(batch_of()).loss
    assert torch.equal(first, second)
    for name, value in objective.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_random_choices_follow_the_step(objective, monkeypatch):
    """Whatever keys an objective draws with, none is of two steps."""
    drawn: list[set[int]] = []
    real = noise.row_keys

    def watched(keys, *parts):
        found = real(keys, *parts)
        drawn[-1].update(found.tolist())
        return found

    for module in [m for name, m in sys.modules.items() if name.startswith("asrkit.")]:
        if getattr(module, "row_keys", None) is real:
            monkeypatch.setattr(module, "row_keys", watched)
    objective.train()
    losses = []
    for step in (3, 4):
        objective.before_step(step)
        torch.manual_seed(5)
        drawn.append(set())
        losses.append(objective(batch_of()).loss)
    assert not drawn[0] & drawn[1]
    assert bool(drawn[0]) != torch.equal(*losses)


def test_weights_survive_a_round_trip(objective, chosen, tmp_path):
    torch.save(objective.state_dict(), tmp_path / "w.pt")
    other = build_objective(options_for(chosen), TOKENS)
    other.load_state_dict(torch.load(tmp_path / "w.pt", weights_only=True))
    objective.eval(), other.eval()
    assert torch.equal(objective(batch_of()).loss, other(batch_of()).loss)


def test_frame_objectives_give_aligned_frames(objective, chosen):
    assert isinstance(objective, FrameObjective) == (chosen["objective"] in FRAME_OBJECTIVES)
    if not isinstance(objective, FrameObjective):
        return
    frames, output = objective.frames(batch_of())
    assert frames.hidden.data.shape[:2] == frames.targets.data.shape[:2]
    assert torch.equal(frames.hidden.lengths, frames.targets.lengths)
    assert frames.targets.data.shape[2] == objective.target_size
    assert output.loss.isfinite()
    torch.testing.assert_close(frames.losses.sum(), output.loss)
    assert int(frames.counts.sum()) == output.weight


def test_recognizers_give_log_probabilities(objective):
    if not isinstance(objective, Recognizer):
        return
    objective.eval()
    batch = batch_of()
    scores = objective.log_probs(batch)
    assert torch.equal(objective.output_lengths(batch.speech.lengths), scores.lengths)
    assert scores.data.dtype == torch.float32
    assert scores.data.shape[2] == len(TOKENS)
    torch.testing.assert_close(scores.data.exp().sum(-1), torch.ones(scores.data.shape[:2]))


@pytest.mark.parametrize("name", ENCODERS)
def test_encoders_keep_their_promises(name):
    encoder = ENCODERS[name](**small(ENCODERS[name])).eval()
    for samples in (300, 1200, 4001, 16_000, 16_321):
        x = pad([torch.randn(samples)])
        features = encoder.extract(x)
        frames = features.data.shape[1]
        assert features.lengths.tolist() == encoder.output_lengths(x.lengths).tolist()
        assert features.data.shape == (1, frames, encoder.feature_size)
        assert frames == max(int(features.lengths), 1)
        front = encoder.front(x)
        assert front.lengths.tolist() == features.lengths.tolist()
        assert front.data.shape == (1, frames, encoder.front_size)
        assert not front.data.requires_grad
        hidden = encoder.contextualize(features, every_layer=True)
        assert hidden.output.data.shape == (1, frames, encoder.output_size)
        assert len(hidden.layers) == SMALL["layers"] + 1
    known = inspect.signature(ENCODERS[name]).parameters
    assert encoder.training_options <= known.keys()
    assert not encoder.training_options & {"width", "heads", "layers", "norm_first", "conv_layers"}


@pytest.mark.parametrize("name", QUANTIZERS)
def test_quantizers_keep_their_promises(name):
    quantizer = QUANTIZERS[name](12)
    x, valid = torch.randn(30, 12), torch.arange(30) < 20
    noise = torch.rand(30, quantizer.noise_size).clamp(1e-6, 1 - 1e-6)
    quantizer.before_step(0)
    found = quantizer(x, valid, noise)
    assert found.vectors.shape == (30, quantizer.output_size)
    assert found.codes.shape == (30, quantizer.groups) and found.codes.dtype == torch.int64
    assert int(found.codes.min()) >= 0 and int(found.codes.max()) < quantizer.entries
    padded = quantizer(torch.cat([x[:20], 9 * x[20:]]), valid, noise)
    torch.testing.assert_close(found.perplexity, padded.perplexity)
    assert 0 <= found.penalty.item() <= 1


@pytest.mark.parametrize("path", TRAINING, ids=lambda p: f"{p.parts[-4]}-{p.stem}")
def test_every_training_yaml_is_valid_and_a_fixed_point(path):
    namespace = config.parser().parse_args(["--config", str(path)])
    options = resolve(config.options_from(namespace))
    written = config.dump_yaml(config.to_mapping(options))
    again = resolve(config.from_mapping(config.load_yaml(written), "again"))
    assert config.dump_yaml(config.to_mapping(again)) == written
    with torch.device("meta"):  # Base and Large without their memory
        build_objective(options, TOKENS, TokenList.build("xyz"))


def test_there_are_yaml_files_to_check():
    assert len(TRAINING) >= 7
