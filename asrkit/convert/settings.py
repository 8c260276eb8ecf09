"""Types of what transformers' config.json says, looked at before anything is computed of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from asrkit.convert.source import ConvertError

_TYPES: dict[str, tuple[type, ...]] = {
    "num_attention_heads": (int,),
    "max_bucket_distance": (int,),
    "left_max_position_embeddings": (int,),
    "right_max_position_embeddings": (int,),
    "num_conv_pos_embeddings": (int,),
    "conv_pos_kernel_size": (int,),
    "conv_stride": (list,),
}


def refuse_other_types(config: Mapping[str, Any], numbers: Iterable[str], where: str) -> None:
    """Raises ConvertError where one of ``numbers``, or another known key, is something else; null
    says nothing."""
    types = _TYPES | dict.fromkeys(numbers, (int, float))
    for key, value in config.items():
        if value is not None and type(value) not in types.get(key, (type(value),)):
            raise ConvertError(f"{where}: {key} is {value!r:.80}, which it never is")
