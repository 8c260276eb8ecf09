"""HuBERT beside wav2vec 2.0, whose network it has: position convolutions with a batch norm.

Where a batch norm precedes the position convolution (training in bfloat16), the convolution
has no weight norm. In asrkit it is the gain and bias that it amounts to, and the convolution's
gains are those of its kernel.
"""

from __future__ import annotations

from torch import Tensor

from asrkit.convert import batch_norm
from asrkit.convert.names import Dialect
from asrkit.convert.source import ConvertError

_HEADS = ("label_embs_concat", "final_proj.weight", "final_proj.bias")
_NORM = {
    "huggingface": "encoder.pos_conv_embed.batch_norm",
    "fairseq": "encoder.pos_conv.batch_norm",
}
_CONV = {
    "huggingface": "encoder.pos_conv_embed.conv",
    "fairseq": "encoder.pos_conv.0",
}
_GAIN, _DIRECTION = (f"{_CONV['huggingface']}.parametrizations.weight.original{n}" for n in (0, 1))


def take_heads(state: dict[str, Tensor]) -> list[str]:
    """Removes the heads of fairseq's pre-training by clusters, of which fine-tuned models keep the
    first; returns their names."""
    heads = [name for name in _HEADS if _HEADS[0] in state and name in state]
    for name in heads:
        del state[name]
    return heads


def fold_position(state: dict[str, Tensor], dialect: Dialect, where: str) -> dict[str, Tensor]:
    """Foreign tensors without a batch norm before the position convolution, if they have one."""
    if dialect not in _NORM:
        return state
    if "encoder.pos_conv.0.running_mean" in state:  # fairseq's first of two modules
        for number, new in enumerate((_NORM["fairseq"], _CONV["fairseq"])):
            old = f"encoder.pos_conv.{number}."
            for name in [name for name in state if name.startswith(old)]:
                state[f"{new}.{name.removeprefix(old)}"] = state.pop(name)
    norm, conv = _NORM[dialect], _CONV[dialect]
    if f"{norm}.running_mean" not in state:
        return state
    if f"{conv}.weight" not in state:
        raise ConvertError(f"{where}: has no {conv}.weight")
    folded = batch_norm.fold(state, norm, where)
    kernel = folded.pop(f"{conv}.weight")
    folded[f"{conv}.weight_v"] = kernel
    folded[f"{conv}.weight_g"] = kernel.norm(dim=(0, 1), keepdim=True)
    return folded


def unfold_position(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """transformers' tensors, under ``prefix``, with the batch norm that they say."""
    norm, conv = prefix + _NORM["huggingface"], prefix + _CONV["huggingface"]
    if f"{norm}.weight" not in state:
        return state
    state = batch_norm.unfold(state, norm)
    gain, kernel = state.pop(prefix + _GAIN), state.pop(prefix + _DIRECTION)
    state[f"{conv}.weight"] = kernel * (gain / kernel.norm(dim=(0, 1), keepdim=True))
    return state
