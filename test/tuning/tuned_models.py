"""Small models with what tunings add, at random in place of 0."""

from __future__ import annotations

from typing import Any

import torch
from test_contract import TOKENS, small

from asrkit.build import build_objective, resolve
from asrkit.choices import ENCODERS
from asrkit.objectives.base import Objective
from asrkit.options import Options
from asrkit.tuning.tuned import added_names

LORA = {"rank": 3, "alpha": 7.0}
TUNE: dict[str, Any] = {"lora": LORA, "adapters": {"size": 5}}


def options_of(encoder: str = "wav2vec2", **changes: Any) -> Options:
    confs = {"encoder_conf": small(ENCODERS[encoder]), "optimizer_conf": {"lr": 1e-3}}
    values = {"objective": "ctc", "encoder": encoder, "token_list": "tokens.txt"} | confs
    return resolve(Options(**(values | changes)))


def make(options: Options, *, filled: bool = True) -> Objective:
    torch.manual_seed(0)
    objective = build_objective(options, TOKENS)
    added = added_names(objective)
    if filled:
        with torch.no_grad():
            for name, value in objective.named_parameters():
                if name in added:
                    value.normal_(std=0.3)
    return objective.eval()
