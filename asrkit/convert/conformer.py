"""wav2vec 2.0 with Conformer layers of transformers (Wav2Vec2Conformer).

Its layers' batch norms become the gain and bias that they amount to. It has a position convolution
that no released code calls: left out, and written at idle values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from asrkit.convert import batch_norm, structure
from asrkit.convert.source import ConvertError, Given, Said
from asrkit.encoders.wav2vec2_conformer import POSITIONS

PREFIX = "wav2vec2_conformer."
# config.json's key -> the only value that asrkit's network has
FIXED = {
    "hidden_act": "swish",
    "feat_extract_activation": "gelu",
    "layer_norm_eps": 1e-5,
    "add_adapter": False,
    "rotary_embedding_base": 10000,
}
_NORM = "encoder.layers.{}.conv_module.batch_norm"
_UNUSED = "encoder.pos_conv_embed."
_ANGLES = "encoder.embed_positions.inv_freq"
_LAYER = "encoder.context.layers.0"
_IDLE = {"num_conv_pos_embeddings": 2}  # and as many groups as channels


def fold(tensors: Mapping[str, Tensor], where: str) -> tuple[dict[str, Tensor], list[str]]:
    """transformers' tensors without batch norms, and the names of those that are of no use."""
    dropped = [name for name in tensors if name.startswith(_UNUSED) or name == _ANGLES]
    state = {name: tensor for name, tensor in tensors.items() if name not in dropped}
    for number in range(structure.count(state, "encoder.layers", "ffn1.output_dense.weight")):
        state = batch_norm.fold(state, _NORM.format(number), where)
    return state, dropped


def encoder_conf(
    state: Mapping[str, Tensor], said: Said, config: dict[str, Any], given: Given, where: str
) -> dict[str, Any]:
    """The options of Wav2Vec2ConformerEncoder but its dropouts; ConvertError on any
    contradiction."""
    if given.norm_first is not None:
        raise ConvertError(f"{where}: a Conformer has no such choice; leave --norm_first out")
    positions = config.get("position_embeddings_type")
    if positions not in POSITIONS:
        raise ConvertError(
            f"{where}/config.json: position_embeddings_type = {positions!r}; asrkit's network has "
            f"{' or '.join(POSITIONS)}"
        )
    relative = f"{_LAYER}.attention.position.project.weight" in state
    width = structure.shape(state, "encoder.projection.weight", where)[0]
    found = {
        **structure.front(state, where),
        "ffn": structure.ffn_width(state, "ffn1.fc1.weight", width, where),
        "layers": structure.count(state, "encoder.context.layers", "ffn1.fc1.weight"),
        "positions": "relative" if relative else "rotary",
        "kernel": structure.shape(state, f"{_LAYER}.conv.depthwise.weight", where)[2],
    }
    shown = {key: value for key, value in said.shown.items() if key in found}
    shown |= {"positions": positions, "kernel": config.get("conv_depthwise_kernel_size")}
    structure.compare(found, shown, where)
    del found["ffn"]
    return {
        "conv_layers": structure.conv_layers(found, said.strides, where),
        **found,
        "heads": structure.decide_heads(said.heads, given, width, where),
        "normalize": structure.decide("normalize", said.normalize, given.normalize, where),
    }


def config_json(encoder: dict[str, Any]) -> dict[str, Any]:
    """The keys of transformers' config.json that Wav2Vec2's has not, or has with other values."""
    return {
        **FIXED,
        **_IDLE,
        "num_conv_pos_embedding_groups": encoder["width"],
        "position_embeddings_type": encoder["positions"],
        "conv_depthwise_kernel_size": encoder["kernel"],
        "conformer_conv_dropout": encoder["conv_dropout"],
    }


def unfold(state: dict[str, Tensor], prefix: str, encoder: dict[str, Any]) -> dict[str, Tensor]:
    """transformers' tensors, under ``prefix``, with batch norms and all that it asks for."""
    for number in range(encoder["layers"]):
        state = batch_norm.unfold(state, prefix + _NORM.format(number))
    width, size = encoder["width"], _IDLE["num_conv_pos_embeddings"]
    conv = f"{prefix}{_UNUSED}conv"
    state[f"{conv}.bias"] = torch.zeros(width)
    state[f"{conv}.parametrizations.weight.original0"] = torch.ones(1, 1, size)
    state[f"{conv}.parametrizations.weight.original1"] = torch.ones(width, 1, size)
    if encoder["positions"] == "rotary":
        even = torch.arange(0, width // encoder["heads"], 2).float()
        state[prefix + _ANGLES] = 1 / 10000 ** (even * encoder["heads"] / width)
    return state
