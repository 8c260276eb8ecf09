"""Checkpoints of fairseq2, by the names of omniASR's: the network of a random model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hf_tiny
import pytest
import torch
from hf_tiny import convert, hidden, load
from torch import Tensor

from asrkit.convert.source import ConvertError

NAMES = (
    ("feature_extractor.conv_layers.", "encoder_frontend.feature_extractor.layers."),
    ("feature_projection.layer_norm.", "encoder_frontend.post_extract_layer_norm."),
    ("feature_projection.projection.", "encoder_frontend.model_dim_proj."),
    ("encoder.pos_conv_embed.conv.parametrizations.weight.original0",
     "encoder_frontend.pos_encoder.conv.weight_g"),
    ("encoder.pos_conv_embed.conv.parametrizations.weight.original1",
     "encoder_frontend.pos_encoder.conv.weight_v"),
    ("encoder.pos_conv_embed.conv.bias", "encoder_frontend.pos_encoder.conv.bias"),
    ("masked_spec_embed", "masker.temporal_mask_embed"),
    ("lm_head.", "final_proj."),
)  # fmt: skip
PARTS = (
    (".attention.out_proj.", ".self_attn.output_proj."),
    (".attention.", ".self_attn."),
    (".final_layer_norm.", ".ffn_layer_norm."),
    (".feed_forward.intermediate_dense.", ".ffn.inner_proj."),
    (".feed_forward.output_dense.", ".ffn.output_proj."),
)
FLAGS = ["--encoder_only", "true", "--heads", 5, "--norm_first", "true", "--normalize", "false"]


def fairseq2_state(model: Any) -> dict[str, Tensor]:
    state = {}
    for name, tensor in model.state_dict().items():
        name = name.removeprefix("wav2vec2.")
        for theirs, own in NAMES:
            if name.startswith(theirs):
                name = own + name.removeprefix(theirs)
        if name.startswith("encoder.layers."):
            name = name.replace(".layer_norm.", ".self_attn_layer_norm.")
            for theirs, own in PARTS:
                name = name.replace(theirs, own)
        state[name] = tensor
    return state


def test_the_network_is_taken(tmp_path: Path) -> None:
    model = hf_tiny.make("Wav2Vec2ForCTC", "xlsr_53")
    torch.save({"model": fairseq2_state(model)}, tmp_path / "omni.pt")
    done = convert("--source", tmp_path / "omni.pt", "--out", tmp_path / "ours", *FLAGS)
    assert done["left_out"] == ["final_proj.weight", "final_proj.bias"]
    wave = torch.randn(7001)
    with torch.no_grad():
        wanted = model.wav2vec2(wave[None]).last_hidden_state
    assert (hidden(load(tmp_path / "ours"), wave) - wanted).abs().max() < 1e-4


def test_what_it_does_not_say_is_asked_for(tmp_path: Path) -> None:
    state = fairseq2_state(hf_tiny.make("Wav2Vec2Model", "xlsr_53"))
    file = tmp_path / "omni.pt"
    torch.save({"model": state}, file)
    for flags, message in (
        ([], "--encoder_only true"),
        (FLAGS[:2], "number of attention heads"),
        (FLAGS[:4], "norms come before"),
        (FLAGS[:6], "mean 0 and variance 1"),
    ):
        with pytest.raises(ConvertError, match=message):
            convert("--source", file, "--out", tmp_path / "ours", *flags)
    torch.save({"model": state | {"encoder_frontend.layer_norm.weight": torch.ones(40)}}, file)
    with pytest.raises(ConvertError, match=r"no place for encoder_frontend\.layer_norm"):
        convert("--source", file, "--out", tmp_path / "ours", *FLAGS)
