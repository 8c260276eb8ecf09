"""w2v-BERT 2.0 of transformers (Wav2Vec2Bert): its options, and what the feature extractor says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from asrkit.convert import structure
from asrkit.convert.source import ConvertError, Given
from asrkit.convert.tokenizer import optional_json
from asrkit.encoders.pooling import KERNEL, STRIDE
from asrkit.encoders.transformer import FFN_RATIO
from asrkit.rate import RATE

PREFIX = "wav2vec2_bert."
PAIR = 2  # frames of 10 ms that make one of the network's
# asrkit's option -> config.json's; both directions
TRAINING = {
    "dropout": "hidden_dropout",
    "attention_dropout": "attention_dropout",
    "activation_dropout": "activation_dropout",
    "conv_dropout": "conformer_conv_dropout",
    "input_dropout": "feat_proj_dropout",
    "layerdrop": "layerdrop",
}
# config.json's key -> the only value that asrkit's network has
FIXED = {
    "hidden_act": "swish",
    "layer_norm_eps": 1e-5,
    "position_embeddings_type": "relative_key",
    "use_intermediate_ffn_before_adapter": False,
}
_ADAPTERS = {"adapter_kernel_size": KERNEL, "adapter_stride": STRIDE, "adapter_act": "relu"}
_LAYER = "encoder.context.layers.0"


def check(config: dict[str, Any], where: str) -> None:
    """Raises ConvertError for networks that asrkit does not have."""
    structure.only(config, FIXED, where)
    if config.get("add_adapter", False):
        structure.only(config, _ADAPTERS, where)
        if config.get("output_hidden_size") not in (None, config.get("hidden_size")):
            raise ConvertError(f"{where}: adapters of another width (output_hidden_size)")


def encoder_conf(
    state: Mapping[str, Tensor], config: dict[str, Any], given: Given, folder: Path
) -> dict[str, Any]:
    """The options of W2vBertEncoder but its dropouts; ConvertError on any contradiction."""
    where = str(folder)
    for option, value in (("norm_first", given.norm_first), ("normalize", given.normalize)):
        if value is not None:
            raise ConvertError(f"{where}: w2v-BERT has no such choice; leave --{option} out")
    found = _sizes(state, where)
    get = config.get
    before, after = get("left_max_position_embeddings"), get("right_max_position_embeddings")
    if before is None or after is None:
        raise ConvertError(f"{where}/config.json: no left_ and right_max_position_embeddings")
    pooled = get("num_adapter_layers") if get("add_adapter", False) else 0
    said = {
        "width": get("hidden_size"),
        "layers": get("num_hidden_layers"),
        "ffn": get("intermediate_size"),
        "channels": get("feature_projection_input_dim"),
        "kernel": get("conv_depthwise_kernel_size"),
        "distances": before + after + 1,
        "pooling_layers": pooled,
    }
    structure.compare(found, said, where)
    _check_extractor(folder, found["channels"])
    return {
        "mels": found["channels"] // PAIR,
        "width": found["width"],
        "layers": found["layers"],
        "kernel": found["kernel"],
        "pooling_layers": found["pooling_layers"],
        "heads": structure.decide_heads(get("num_attention_heads"), given, found["width"], where),
        "before": before,
        "after": after,
    }


def _sizes(state: Mapping[str, Tensor], where: str) -> dict[str, Any]:
    width, channels = structure.shape(state, "encoder.projection.weight", where)
    kernel = structure.shape(state, f"{_LAYER}.conv.depthwise.weight", where)[2]
    distances, _ = structure.shape(state, f"{_LAYER}.attention.position.vectors", where)
    if channels % PAIR:
        raise ConvertError(f"{where}: {channels} channels; asrkit has pairs of mel frames")
    return {
        "width": width,
        "layers": structure.count(state, "encoder.context.layers", "ffn1.fc1.weight"),
        "ffn": structure.ffn_width(state, "ffn1.fc1.weight", width, where),
        "channels": channels,
        "kernel": kernel,
        "distances": distances,
        "pooling_layers": structure.count(state, "encoder.pooling", "ffn.fc1.weight"),
    }


def _check_extractor(folder: Path, channels: int) -> None:
    """Raises ConvertError if the folder's feature extractor makes other frames."""
    wanted = {
        "sampling_rate": RATE,
        "feature_size": channels // PAIR,
        "num_mel_bins": channels // PAIR,
        "stride": PAIR,
    }
    for name in ("preprocessor_config.json", "processor_config.json"):
        found = optional_json(folder / name)
        part = found.get("feature_extractor")
        structure.only(part if isinstance(part, dict) else found, wanted, str(folder / name))


def config_json(encoder: dict[str, Any]) -> dict[str, Any]:
    """transformers' config.json of a W2vBertEncoder with these options."""
    pooled = encoder["pooling_layers"]
    return {
        "model_type": "wav2vec2-bert",
        "dtype": "float32",
        "hidden_size": encoder["width"],
        "num_hidden_layers": encoder["layers"],
        "num_attention_heads": encoder["heads"],
        "intermediate_size": FFN_RATIO * encoder["width"],
        "feature_projection_input_dim": PAIR * encoder["mels"],
        "conv_depthwise_kernel_size": encoder["kernel"],
        "left_max_position_embeddings": encoder["before"],
        "right_max_position_embeddings": encoder["after"],
        "add_adapter": pooled > 0,
        "num_adapter_layers": max(pooled, 1),
        "output_hidden_size": encoder["width"],
        **FIXED,
        **_ADAPTERS,
        **{theirs: encoder[ours] for ours, theirs in TRAINING.items()},
    }


def preprocessor(encoder: dict[str, Any]) -> dict[str, Any]:
    """transformers' preprocessor_config.json."""
    return {
        "feature_extractor_type": "SeamlessM4TFeatureExtractor",
        "feature_size": encoder["mels"],
        "num_mel_bins": encoder["mels"],
        "sampling_rate": RATE,
        "stride": PAIR,
        "padding_value": 0.0,
        "padding_side": "right",
        "return_attention_mask": True,
    }
