"""What the shapes of a network's tensors show, and what somebody has to say.

Sizes, the kind of convolution norm and the biases are read from the tensors and compared with the
configuration. The number of heads, the order of the norms and the normalization of the waveform
change the output and no shape: they come from the source's configuration, or from the user.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from torch import Tensor

from asrkit.convert.source import ConvertError, Given, Said
from asrkit.encoders.transformer import FFN_RATIO
from asrkit.encoders.waveform import CONV_LAYERS

T = TypeVar("T")
_FLAGS = {"heads": "--heads N", "norm_first": "--norm_first true", "normalize": "--normalize true"}
_MEANING = {
    "heads": "the number of attention heads",
    "norm_first": "whether norms come before attention (Large of XLSR-53) or after it (Base)",
    "normalize": "whether waveforms are brought to mean 0 and variance 1 first",
}
BUCKETS = "encoder.context.distances.scores"
_POSITION = "encoder.context.position.blocks"
_ADAPTERS = (
    "holds adapters ({}, ...) that asrkit does not read here, and without them the output is "
    "wrong. MMS models of many languages are read from transformers' folder (facebook/mms-1b-all, "
    "with --language)"
)
_NETWORK = (
    "encoder.",
    "encoder_frontend.",
    "feature_extractor.",
    "feature_projection.",
    "adapter.",
)


def decide(name: str, said: T | None, given: T | None, where: str) -> T:
    """The one value of an option that no shape shows; ConvertError if there are none or two."""
    if said is None and given is None:
        raise ConvertError(
            f"{where}: does not say {_MEANING[name]}, and no shape shows it; find it out and add "
            f"{_FLAGS[name]}, or the like"
        )
    if said is not None and given is not None and said != given:
        raise ConvertError(
            f"{where}: was made with {name} = {said!r}, and --{name} says {given!r}; another value "
            "gives wrong outputs without any error, so leave the option out"
        )
    return given if said is None else said  # type: ignore[return-value]


def decide_heads(said: int | None, given: Given, width: int, where: str) -> int:
    """The number of attention heads, of which the width is a multiple."""
    heads = decide("heads", said, given.heads, where)
    if heads < 1 or width % heads:
        raise ConvertError(f"{where}: width {width} is not a multiple of {heads} heads")
    return heads


def count(state: Mapping[str, Tensor], prefix: str, suffix: str) -> int:
    """How many of prefix.0.suffix, prefix.1.suffix, ... there are, without a gap."""
    number = 0
    while f"{prefix}.{number}.{suffix}" in state:
        number += 1
    return number


def shape(state: Mapping[str, Tensor], name: str, where: str) -> list[int]:
    if name not in state:
        raise ConvertError(f"{where}: has no {name}; not a wav2vec 2.0 network, or a part of one")
    return list(state[name].shape)


def _positional(state: Mapping[str, Tensor], width: int, where: str) -> list[int]:
    """[kernel, groups, depth] as Wav2Vec2Encoder takes it."""
    if f"{_POSITION}.0.weight_v" in state:
        _, each, kernel = shape(state, f"{_POSITION}.0.weight_v", where)
        return [kernel, width // each, 1]
    _, each, kernel = shape(state, f"{_POSITION}.0.weight", where)
    depth = count(state, _POSITION, "weight")
    if depth == 1 or kernel < 3:
        raise ConvertError(
            f"{where}: positions of {depth} plain convolution(s) of kernel {kernel}; asrkit has one"
            " weight-normalized convolution, or several plain ones of kernel 3 or more"
        )
    return [kernel * depth, width // each, depth]


def front(state: Mapping[str, Tensor], where: str) -> dict[str, Any]:
    """What shapes show of the convolutions: conv_norm, conv_bias, channels, kernels; and width."""
    width, channels_in = shape(state, "encoder.projection.weight", where)
    convs = count(state, "encoder.conv.convs", "weight")
    norms = count(state, "encoder.conv.norms", "weight")
    shapes = [shape(state, f"encoder.conv.convs.{n}.weight", where) for n in range(convs)]
    if not shapes or norms not in (1, convs):
        raise ConvertError(f"{where}: {convs} convolutions with {norms} norms; 1 or all have one")
    if shapes[0][1] != 1:
        raise ConvertError(f"{where}: the first convolution reads {shapes[0][1]} channels, not 1")
    if shapes[-1][0] != channels_in:
        raise ConvertError(f"{where}: the convolutions give {shapes[-1][0]}, not {channels_in}")
    return {
        "conv_norm": "group" if norms == 1 else "layer",
        "conv_bias": "encoder.conv.convs.0.bias" in state,
        "width": width,
        "channels": [row[0] for row in shapes],
        "kernels": [row[2] for row in shapes],
    }


def ffn_width(state: Mapping[str, Tensor], name: str, width: int, where: str) -> int:
    """Of the first layer's feed-forward block, whose matrix is ``name``."""
    ffn, _ = shape(state, f"encoder.context.layers.0.{name}", where)
    if ffn != FFN_RATIO * width:
        raise ConvertError(
            f"{where}: a feed-forward width of {ffn} with width {width}; asrkit has {FFN_RATIO} "
            "times the width, as every published model of the family"
        )
    return ffn


def sizes(state: Mapping[str, Tensor], where: str) -> dict[str, Any]:
    """Everything about the network that shapes show, as options of Wav2Vec2Encoder, and ``ffn``,
    ``kernels`` and ``channels``."""
    found = front(state, where)
    width = found["width"]
    return {
        **found,
        "ffn": ffn_width(state, "fc1.weight", width, where),
        "layers": count(state, "encoder.context.layers", "fc1.weight"),
        "positional": _positional(state, width, where),
        "positional_affine": "encoder.context.position.affine.weight" in state,
        **({"buckets": state[BUCKETS].shape[0]} if BUCKETS in state else {}),
    }


def conv_layers(found: dict[str, Any], said: list[int] | None, where: str) -> list[list[int]]:
    """[channels, kernel, stride] of each convolution; takes channels and kernels out of
    ``found``."""
    strides = _strides(found, said, where)
    rows = zip(found.pop("channels"), found.pop("kernels"), strides, strict=True)
    return [list(row) for row in rows]


def _strides(found: dict[str, Any], said: list[int] | None, where: str) -> list[int]:
    """Strides of the convolutions: as said, or those of the stack that every release has."""
    kernels = found["kernels"]
    if said is not None:
        if len(said) != len(kernels):
            raise ConvertError(f"{where}: {len(said)} strides, {len(kernels)} convolutions")
        return said
    if kernels == [kernel for _, kernel, _ in CONV_LAYERS]:
        return [stride for _, _, stride in CONV_LAYERS]
    raise ConvertError(
        f"{where}: does not say the strides of its convolutions (kernels {kernels}), and they are "
        "not the published ones"
    )


def encoder_name(state: Mapping[str, Tensor]) -> str:
    """wavlm or wav2vec2, as in choices.py."""
    return "wavlm" if BUCKETS in state else "wav2vec2"


def compare(found: Mapping[str, Any], said: Mapping[str, Any], where: str) -> None:
    """Raises ConvertError where a configuration says (not None) other than the tensors."""
    for key, value in said.items():
        if value is not None and found.get(key) != value:
            raise ConvertError(
                f"{where}: its configuration says {key} = {value!r}, its tensors say "
                f"{found.get(key)!r}"
            )


def only(said: Mapping[str, Any], fixed: Mapping[str, Any], where: str) -> None:
    """Raises ConvertError where a configuration says another value than the only one there is."""
    for key, value in fixed.items():
        if said.get(key, value) != value:
            raise ConvertError(
                f"{where}: {key} = {said[key]!r}; asrkit's network has {value!r} only"
            )


def encoder_conf(
    state: Mapping[str, Tensor], said: Said, given: Given, where: str
) -> dict[str, Any]:
    """The options of Wav2Vec2Encoder or WavLmEncoder (``encoder_name``) but the dropouts;
    ConvertError on any contradiction."""
    found = sizes(state, where)
    compare(found, said.shown, where)
    if BUCKETS in state:  # WavLM
        if found.pop("positional_affine"):
            raise ConvertError(f"{where}: WavLM with a norm before its position convolution")
        if said.max_distance is None:
            raise ConvertError(
                f"{where}: does not say max_distance, how far its relative positions reach"
            )
        found["max_distance"] = said.max_distance
    del found["ffn"]
    return {
        "conv_layers": conv_layers(found, said.strides, where),
        **found,
        "heads": decide_heads(said.heads, given, found["width"], where),
        "norm_first": decide("norm_first", said.norm_first, given.norm_first, where),
        "normalize": decide("normalize", said.normalize, given.normalize, where),
    }


def quantizer_conf(
    state: Mapping[str, Tensor], groups: int, temperature: list[float] | None, where: str
) -> dict[str, Any]:
    """Options of GumbelQuantizer; the code book in ``state`` is [1, groups * entries, size]."""
    _, rows, size = shape(state, "quantizer.codebook", where)
    if groups < 1 or rows % groups:
        raise ConvertError(f"{where}: {rows} code vectors are not a multiple of {groups} groups")
    conf: dict[str, Any] = {
        "groups": groups,
        "entries": rows // groups,
        "vector_size": size * groups,
    }
    if temperature is not None:
        start, end, decay = temperature
        conf |= {
            "temperature_start": start,
            "temperature_end": end,
            "temperature_decay": decay,
        }
    return conf


def grouped_codebook(state: dict[str, Tensor], groups: int) -> None:
    """Brings the code book to asrkit's [groups, entries, size], in place."""
    book = state["quantizer.codebook"]
    state["quantizer.codebook"] = book.reshape(groups, book.shape[1] // groups, book.shape[2])


def refuse_unknown(names: list[str], where: str, *, encoder_only: bool) -> None:
    """Tensors without a place in asrkit: adapters, other layers, other heads."""
    if found := [name for name in names if "adapter" in name or name.startswith("adp_")]:
        raise ConvertError(f"{where}: {_ADAPTERS.format(found[0])}")
    if encoder_only:
        names = [name for name in names if name.startswith(_NETWORK)]
    if names:
        raise ConvertError(
            f"{where}: asrkit has no place for {', '.join(names[:5])}; if these are heads that you "
            "do not need, take the network alone with --encoder_only true"
        )
