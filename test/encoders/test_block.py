"""Blocks that are computed again in backward: as little kept, as often called, as promised."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch
import torch._dynamo
from torch import Tensor
from torch._dynamo.utils import counters

from asrkit.batch import Padded, pad
from asrkit.build import recompute_blocks
from asrkit.encoders.base import Hidden
from asrkit.encoders.transformer import TransformerLayer
from asrkit.encoders.wav2vec2 import Wav2Vec2Encoder
from asrkit.objectives.ema import EmaTeacher
from asrkit.train.run import compile_blocks

WIDTH, LAYERS = 16, 4


def encoder(again: bool, **options: float) -> Wav2Vec2Encoder:
    torch.manual_seed(0)
    made = Wav2Vec2Encoder(
        conv_layers=[[8, 40, 40]], width=WIDTH, layers=LAYERS, heads=2, positional=[4, 2, 1],
        activation_dropout=0.1, **options,
    )  # fmt: skip
    if again:
        assert recompute_blocks(made) == LAYERS
    return made.train()


def speech() -> Padded:
    generator = torch.Generator().manual_seed(1)
    return pad([torch.randn(n, generator=generator) for n in (8_000, 6_000)])


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bool]]:
    """For each call of a block, whether it is kept, in the order in which they happen."""
    found: list[bool] = []
    plain = TransformerLayer.forward

    def counted(self: TransformerLayer, *args: object) -> tuple[Tensor, Tensor]:
        found.append(bool(args[3]))
        return plain(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(TransformerLayer, "forward", counted)
    yield found


def kept_bytes(made: Wav2Vec2Encoder) -> int:
    """What a forward pass leaves for backward, weights apart."""
    own = {p.data_ptr() for p in made.parameters()}
    kept: dict[int, int] = {}

    def keep(value: Tensor) -> Tensor:
        kept[value.data_ptr()] = value.untyped_storage().nbytes()
        return value

    features = made.extract(speech())
    features = Padded(features.data.detach(), features.lengths)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value):
        hidden = made.contextualize(features)
        everything = hidden.output.data.sum()
    assert everything.requires_grad
    return sum(size for place, size in kept.items() if place not in own)


def test_little_more_than_the_inputs_of_blocks_is_kept() -> None:
    frames = 2 * 200 * WIDTH * 4
    whole, less = (kept_bytes(encoder(again, layerdrop=0.0)) for again in (False, True))
    assert whole > LAYERS * 20 * frames  # what a layer makes: 4 of its width, and 4 of the inner
    # inputs, and what comes before the blocks: positions, a norm, dropouts
    assert less < (LAYERS + 10) * frames
    deeper = encoder(True, layerdrop=0.0)
    deeper.context.layers.extend(encoder(True).context.layers)
    assert kept_bytes(deeper) - less < (LAYERS + 1) * frames


def test_blocks_that_were_not_skipped_are_called_twice(calls: list[bool]) -> None:
    for again in (False, True):
        calls.clear()
        made = encoder(again, layerdrop=0.5)
        torch.manual_seed(3)
        made(speech()).output.data.sum().backward()
        first, more = calls[:LAYERS], calls[LAYERS:]
        assert set(first) == {True, False}
        assert more == ([True] * first.count(True) if again else [])


def test_outputs_of_every_layer_are_the_same(calls: list[bool]) -> None:
    found: list[tuple[Hidden, list[Tensor]]] = []
    for again in (False, True):
        made = encoder(again)
        torch.manual_seed(4)
        hidden = made.contextualize(made.extract(speech()), every_layer=True)
        loss = hidden.output.data.square().sum()
        for number, part in enumerate((*hidden.layers, *hidden.ffn)):
            loss = loss + (number + 1) * part.square().sum()
        loss.backward()
        grads = [p.grad for p in made.parameters() if p.grad is not None]
        found.append((hidden, grads))
    (one, theirs), (two, mine) = found
    assert all(torch.equal(a, b) for a, b in zip(one.layers, two.layers, strict=True))
    assert all(torch.equal(a, b) for a, b in zip(one.ffn, two.ffn, strict=True))
    assert len(mine) > 40
    assert all(torch.equal(a, b) for a, b in zip(theirs, mine, strict=True))


def test_autocast_is_in_backward_what_it_was(calls: list[bool]) -> None:
    """The loop leaves autocast before backward: the second call must find it as the first did."""
    found = []
    for again in (False, True):
        made = encoder(again, layerdrop=0.0)
        torch.manual_seed(5)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            out = made(speech()).output.data
        out.float().square().sum().backward()
        found.append([p.grad for p in made.parameters() if p.grad is not None])
    assert len(calls) == 3 * LAYERS
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_nothing_is_computed_again_without_a_gradient(calls: list[bool]) -> None:
    made = encoder(True, layerdrop=0.0)
    with torch.no_grad():
        made(speech())
    EmaTeacher(made, start=0.9, end=0.9, steps=1)(speech())
    assert len(calls) == 2 * LAYERS
    made.requires_grad_(False)
    head = torch.nn.Linear(WIDTH, 1)
    head(made(speech()).output.data).sum().backward()
    assert len(calls) == 3 * LAYERS


def plain_graph(graph: torch.fx.GraphModule, _: object) -> Callable[..., object]:
    """A backend that generates no code."""
    return graph.forward


@pytest.mark.parametrize(
    "backend",
    [
        plain_graph,
        # with the autograd that compiled graphs have
        pytest.param("aot_eager", marks=[pytest.mark.slow, pytest.mark.timeout(300)]),
    ],
)
def test_compiled_blocks_are_computed_again_as_they_are(
    monkeypatch: pytest.MonkeyPatch, backend: str | Callable[..., object]
) -> None:
    compiled = torch.nn.Module.compile
    monkeypatch.setattr(
        torch.nn.Module, "compile", lambda module, **kw: compiled(module, backend=backend, **kw)
    )
    found = []
    for again in (False, True):
        torch._dynamo.reset()
        counters.clear()
        made = encoder(again, layerdrop=0.5).bfloat16()  # float32 on a CPU is not traced
        with torch._dynamo.config.patch(cache_size_limit=8):
            compile_blocks(made)
            torch.manual_seed(6)
            frames = torch.randn(2, 50, WIDTH, dtype=torch.bfloat16)
            hidden = made.context(Padded(frames, torch.tensor([50, 31])))
            hidden.output.data.float().square().sum().backward()
        assert counters["stats"]["unique_graphs"] >= 1
        found.append([p.grad for p in made.context.parameters()])
    torch._dynamo.reset()
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))
