"""A training step on a device: nothing waits for its values, no tensor lies on the wrong side.

The device is PyTorch's ``meta``: its tensors have no values to wait for, and do not mix with the
host's.
"""

import contextlib

import pytest
import torch

from asrkit.batch import Batch, Padded, pad
from asrkit.build import build_objective, resolve
from asrkit.objectives import ctc
from asrkit.options import Options
from asrkit.tokens import TokenList

META = torch.device("meta")
TOKENS = TokenList.build("abcd")
ENCODER = {
    "conv_layers": [[12, 10, 5], [12, 8, 4], [12, 4, 4], [12, 4, 4]], "width": 12, "layers": 2,
    "heads": 2, "positional": [8, 2, 1], "layerdrop": 0.4,
}  # fmt: skip
LOG_MEL = ENCODER | {"conv_layers": [[8, 3, 1], [8, 3, 2]], "mels": 20, "positional": [8, 2, 2]}
GUMBEL = {"quantizer": "gumbel", "quantizer_conf": {"entries": 6, "vector_size": 8}}
SMALL = {"negatives": 5, "final_size": 8}
CONTEXT = SMALL | {"compare": "context"}
WIDE = {"channel_mask_length": 3}
METHODS = {
    "contrastive": {"objective_conf": SMALL, **GUMBEL},
    "contrastive, layer norm": {
        "objective_conf": CONTEXT | {"negatives_from": "all"},
        "encoder_conf": ENCODER | {"conv_norm": "layer", "norm_first": True, "normalize": True},
        **GUMBEL,
    },
    "ctc": {"objective_conf": WIDE},
    "ctc, kept features": {
        "objective_conf": WIDE | {"feature_cache_gib": 0.1},
        "encoder_conf": ENCODER | {"feature_grad_mult": 0.0},
    },
    "ctc, frozen": {"objective_conf": WIDE | {"freeze_steps": 5}},
    "ctc, convolution": {"objective_conf": WIDE | {"head_kernel": 4, "head_stride": 2}},
    "ctc, log-mel": {"objective_conf": WIDE, "encoder": "logmel", "encoder_conf": LOG_MEL},
    "classify": {"objective_conf": WIDE | {"least_share": 0.3, "channel_mask_prob": 0.2}},
    "phonetic, contrastive": {
        "objective_conf": {"replace_prob": 0.5}, "base": "contrastive", "base_conf": CONTEXT,
        **GUMBEL,
    },
    "phonetic, regression": {
        "objective_conf": {"normalization": "utterances"}, "base": "regression",
        "base_conf": {"top_k": 2},
    },
    "regression": {"objective_conf": {"top_k": 2}},
    "cpc": {
        "objective_conf": {"steps": 2, "negatives": 5, "heads": 2, "ffn_size": 8},
        "encoder": "cpc", "encoder_conf": {"width": 8},
    },
    "transcoder": {
        "encoder": "transcoder",
        "encoder_conf": {"width": 8, "blocks": 1, "heads": 2, "ffn": 16},
    },
}  # fmt: skip


def batch_of(lengths: list[int], labels: bool) -> Batch:
    def rows(size: int) -> Padded:
        return pad([torch.full((size * number,), 2) for number in range(1, len(lengths) + 1)])

    posteriors = pad([torch.rand(4 * number, 5) for number in range(1, len(lengths) + 1)])
    return Batch(
        ids=[str(number) for number in range(len(lengths))],
        keys=torch.arange(len(lengths)),
        speech=pad([torch.randn(length) for length in lengths]),
        posteriors=posteriors,
        text=rows(4) if labels else None,
        phones=rows(3) if labels else None,
    )


@pytest.mark.parametrize(
    "lengths,labels", [([9000, 100], True), ([9000, 9000], False)], ids=["padded", "unlabeled"]
)
@pytest.mark.parametrize("method", METHODS)
def test_a_step_leaves_the_device_alone(monkeypatch, method, lengths, labels):
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: contextlib.nullcontext())
    # PyTorch's own, which has no version for this device
    monkeypatch.setattr(ctc, "ctc_losses", lambda scores, text: scores.data.sum((1, 2)))
    name = method.split(",")[0]
    given = {"encoder_conf": ENCODER, "optimizer_conf": {"lr": 0.1}} | METHODS[method]
    objective = build_objective(resolve(Options(objective=name, **given)), TOKENS, TOKENS)
    objective.to(META).train()
    objective.before_step(0)
    output = objective(batch_of(lengths, labels).to(META))
    output.loss.backward()
    assert all(p.grad is not None for p in objective.parameters() if p.requires_grad)
    objective.after_step(1)
    for value in (value for stat in output.stats.values() for value in stat):
        assert not isinstance(value, torch.Tensor) or value.device == META
