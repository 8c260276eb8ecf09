"""torch.compile of an encoder's blocks: traced whole, and in all forms that training takes."""

import pytest
import torch
import torch._dynamo
from torch._dynamo.testing import CompileCounter
from torch._dynamo.utils import counters

from asrkit.encoders.logmel import LogMelEncoder
from asrkit.encoders.wav2vec2 import Wav2Vec2Encoder
from asrkit.train.run import compile_blocks


@pytest.fixture
def graphs(monkeypatch):
    """Counts graphs and generates no code; dynamo's settings and memory are as before later."""
    counter, compiled = CompileCounter(), torch.nn.Module.compile
    monkeypatch.setattr(
        torch.nn.Module, "compile", lambda module, **kw: compiled(module, backend=counter, **kw)
    )
    with torch._dynamo.config.patch(cache_size_limit=8):
        torch._dynamo.reset()
        counters.clear()
        yield counter
    torch._dynamo.reset()


def test_a_block_is_compiled_in_every_form_it_takes(graphs):
    # bfloat16, as the float32 routines of CPUs are not those of GPUs, and are not traced
    encoder = Wav2Vec2Encoder(
        conv_layers=[[8, 4, 4]], width=8, layers=2, heads=2, positional=[4, 2, 1]
    ).bfloat16()
    compile_blocks(torch.nn.ModuleList([encoder]))
    first, second = encoder.context.layers

    def hear(rows: int, frames: int, padded: bool, kept: bool) -> None:
        x = torch.randn(rows, frames, 8, dtype=torch.bfloat16)
        lengths = torch.full((rows,), frames)
        valid = torch.ones(rows, frames, dtype=torch.bool) if padded else None
        second(first(x, lengths, valid, kept)[0], lengths, valid, kept)

    forms = [
        (3, False, True),
        (3, True, True),
        (3, False, False),
        (3, True, False),
        (1, False, True),
    ]
    for train, learn in ((True, False), (False, False), (True, True)):
        encoder.train(train)
        with torch.set_grad_enabled(learn):
            for rows, padded, kept in forms:
                if kept or train:
                    hear(rows, 20, padded, kept)
                    made = graphs.frame_count
                    hear(rows + (rows > 1), 31, padded, kept)
                    assert graphs.frame_count == made  # a length is no form
    assert graphs.frame_count > 8
    assert not counters["graph_break"] and not counters["unimplemented"]


def test_compile_takes_each_block_of_the_encoder(monkeypatch):
    compiled = []
    monkeypatch.setattr(torch.nn.Module, "compile", lambda module, **_: compiled.append(module))
    encoder = LogMelEncoder(width=16, layers=3, heads=2, conv_layers=[[16, 3, 2]], mels=16)
    compile_blocks(torch.nn.ModuleList([encoder]))
    assert [type(module).__name__ for module in compiled] == ["TransformerLayer"] * 3
