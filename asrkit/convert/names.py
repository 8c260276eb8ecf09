"""The names of a wav2vec 2.0 network's tensors in asrkit, transformers and fairseq, and of
Conformers' (conformer_names.py); and in fairseq2 (fairseq2_names.py).

One table serves every direction. ``{n}`` stands for a number. Names are matched whole, as
"layer_norm" has five meanings. Query, key and value are one matrix in asrkit, three elsewhere; the
code book is [groups, entries, size] in asrkit and [1, groups * entries, size] elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

from asrkit.convert import conformer_names, fairseq2_names
from asrkit.files import DataError

Dialect = Literal["huggingface", "fairseq", "w2v-bert", "conformer", "fairseq2"]

# asrkit, transformers without its prefix (wav2vec2.), fairseq without its prefixes
_ENCODER = (
    ("conv.convs.{n}", "feature_extractor.conv_layers.{n}.conv",
     "feature_extractor.conv_layers.{n}.0"),
    ("conv.norms.{n}", "feature_extractor.conv_layers.{n}.layer_norm",
     "feature_extractor.conv_layers.{n}.2.1"),
    ("feature_norm", "feature_projection.layer_norm", "layer_norm"),
    ("projection", "feature_projection.projection", "post_extract_proj"),
    ("context.norm", "encoder.layer_norm", "encoder.layer_norm"),
    ("context.position.blocks.{n}", "encoder.pos_conv_embed.layers.{n}.conv",
     "encoder.pos_conv.{n}.0"),
    ("context.position.affine", "encoder.pos_conv_embed.batch_norm",
     "encoder.pos_conv.batch_norm"),  # as hubert.py leaves it
    ("context.layers.{n}.attention.query", "encoder.layers.{n}.attention.q_proj",
     "encoder.layers.{n}.self_attn.q_proj"),
    ("context.layers.{n}.attention.key", "encoder.layers.{n}.attention.k_proj",
     "encoder.layers.{n}.self_attn.k_proj"),
    ("context.layers.{n}.attention.value", "encoder.layers.{n}.attention.v_proj",
     "encoder.layers.{n}.self_attn.v_proj"),
    ("context.layers.{n}.attention.out", "encoder.layers.{n}.attention.out_proj",
     "encoder.layers.{n}.self_attn.out_proj"),
    ("context.layers.{n}.attention.position.gate",
     "encoder.layers.{n}.attention.gru_rel_pos_linear",
     "encoder.layers.{n}.self_attn.grep_linear"),
    ("context.layers.{n}.attention_norm", "encoder.layers.{n}.layer_norm",
     "encoder.layers.{n}.self_attn_layer_norm"),
    ("context.layers.{n}.fc1", "encoder.layers.{n}.feed_forward.intermediate_dense",
     "encoder.layers.{n}.fc1"),
    ("context.layers.{n}.fc2", "encoder.layers.{n}.feed_forward.output_dense",
     "encoder.layers.{n}.fc2"),
    ("context.layers.{n}.ffn_norm", "encoder.layers.{n}.final_layer_norm",
     "encoder.layers.{n}.final_layer_norm"),
)  # fmt: skip
_HEADS = (
    ("quantizer.score", "quantizer.weight_proj", "quantizer.weight_proj"),
    ("target_projection", "project_q", "project_q"),
    ("context_projection", "project_hid", "final_proj"),
    ("head", "lm_head", "proj"),
)
# of transformers alone: fairseq keeps the adapters of all languages in one tensor
_ADAPTERS = tuple(
    (f"encoder.context.layers.{{n}}.adapter.{ours}.{kind}",
     f"encoder.layers.{{n}}.adapter_layer.{theirs}.{kind}")
    for ours, theirs in (("norm", "norm"), ("down", "linear_1"), ("up", "linear_2"))
    for kind in ("weight", "bias")
)  # fmt: skip
_POSITION = "encoder.context.position.blocks.0"
_SINGLE = (
    ("encoder.mask_embedding", "masked_spec_embed", "mask_emb"),
    ("encoder.context.distances.scores", "encoder.layers.0.attention.rel_attn_embed.weight",
     "encoder.layers.0.self_attn.relative_attention_bias.weight"),
    ("encoder.context.layers.{n}.attention.position.scale",
     "encoder.layers.{n}.attention.gru_rel_pos_const", "encoder.layers.{n}.self_attn.grep_a"),
    ("quantizer.codebook", "quantizer.codevectors", "quantizer.vars"),
    (f"{_POSITION}.bias", "encoder.pos_conv_embed.conv.bias", "encoder.pos_conv.0.bias"),
    (f"{_POSITION}.weight_g", "encoder.pos_conv_embed.conv.parametrizations.weight.original0",
     "encoder.pos_conv.0.weight_g"),
    (f"{_POSITION}.weight_v", "encoder.pos_conv_embed.conv.parametrizations.weight.original1",
     "encoder.pos_conv.0.weight_v"),
)  # fmt: skip
# Other spellings of the same tensors, read but never written.
_OLD: dict[Dialect, dict[str, str]] = {
    "w2v-bert": {},
    "conformer": {},
    "fairseq2": {},
    "huggingface": {
        "encoder.pos_conv_embed.conv.weight_g": f"{_POSITION}.weight_g",
        "encoder.pos_conv_embed.conv.weight_v": f"{_POSITION}.weight_v",
    },
    "fairseq": {
        "encoder.pos_conv.0.parametrizations.weight.original0": f"{_POSITION}.weight_g",
        "encoder.pos_conv.0.parametrizations.weight.original1": f"{_POSITION}.weight_v",
        "feature_extractor.conv_layers.0.2.weight": "encoder.conv.norms.0.weight",
        "feature_extractor.conv_layers.0.2.bias": "encoder.conv.norms.0.bias",
    },
}
# What wrappers of torch add to names: compiled, sharded and checkpointed modules; DDP: module.
_WRAPPERS = re.compile(r"_orig_mod\.|_fsdp_wrapped_module\.|_checkpoint_wrapped_module\.")
_PARTS = ("query", "key", "value")
_KINDS = ("weight", "bias")


def _rows(dialect: Dialect) -> list[tuple[str, str]]:
    """Every row of the tables, asrkit's name and the other, with its kinds written out."""
    column = 2 if dialect == "fairseq" else 1
    single = [(row[0], row[column]) for row in _SINGLE]
    modules = [(f"encoder.{row[0]}", row[column]) for row in _ENCODER]
    heads = [(row[0], row[column]) for row in _HEADS]
    if dialect == "w2v-bert":
        single, modules, heads = list(conformer_names.SINGLE), list(conformer_names.W2V_BERT), []
    elif dialect == "conformer":
        front = [row for row in modules if row[0].startswith("encoder.conv.")]
        single, modules = list(conformer_names.SINGLE), [*front, *conformer_names.CONFORMER]
    elif dialect == "fairseq2":
        single, modules, heads = list(fairseq2_names.SINGLE), list(fairseq2_names.MODULES), []
    modules += heads
    return [*single, *((f"{a}.{kind}", f"{b}.{kind}") for a, b in modules for kind in _KINDS)]


def _fill(template: str, match: re.Match[str]) -> str:
    return template.replace("{n}", match.group(1)) if "{n}" in template else template


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.escape(template).replace(r"\{n\}", r"(\d+)"))


class Names:
    """Translates tensor names between asrkit and one other dialect."""

    def __init__(self, dialect: Dialect) -> None:
        rows = _rows(dialect)
        rows += _ADAPTERS if dialect == "huggingface" else ()
        self._to_ours = [(_pattern(theirs), ours) for ours, theirs in rows]
        self._to_theirs = [(_pattern(ours), theirs) for ours, theirs in rows]
        self._old = _OLD[dialect]

    def ours(self, name: str) -> str | None:
        """asrkit's name of a foreign tensor; None if it has none."""
        return self._old.get(name) or _translate(self._to_ours, name)

    def theirs(self, name: str) -> str | None:
        return _translate(self._to_theirs, name)


def _translate(rules: list[tuple[re.Pattern[str], str]], name: str) -> str | None:
    for pattern, template in rules:
        if match := pattern.fullmatch(name):
            return _fill(template, match)
    return None


def join_attention(state: Mapping[str, Tensor], where: str) -> dict[str, Tensor]:
    """Three matrices query, key, value become one; an incomplete three is an error."""
    joined: dict[str, Tensor] = {}
    for name, tensor in state.items():
        stem, _, kind = name.rpartition(".")
        prefix, _, part = stem.rpartition(".")
        if part not in _PARTS or not prefix.endswith(".attention"):
            joined[name] = tensor
        elif part == "query":
            pieces = [f"{prefix}.{which}.{kind}" for which in _PARTS]
            if missing := [piece for piece in pieces if piece not in state]:
                raise DataError(f"{where}: has no {', '.join(missing)}")
            joined[f"{prefix}.qkv.{kind}"] = torch.cat([state[piece] for piece in pieces])
        elif f"{prefix}.query.{kind}" not in state:
            raise DataError(f"{where}: has no {prefix}.query.{kind}")
    return joined


def split_attention(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The reverse of ``join_attention``."""
    split: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if ".attention.qkv." in name:
            for part, piece in zip(_PARTS, tensor.chunk(3), strict=True):
                split[name.replace(".qkv.", f".{part}.")] = piece.contiguous()
        else:
            split[name] = tensor
    return split


def without_prefixes(
    state: Mapping[str, Tensor], prefixes: tuple[str, ...], where: str
) -> dict[str, Tensor]:
    """Without torch's wrappers and any number of ``prefixes``; DataError for a name given twice."""
    bare: dict[str, Tensor] = {}
    for full, tensor in state.items():
        name = _WRAPPERS.sub("", full)
        while prefix := next((p for p in ("module.", *prefixes) if name.startswith(p)), ""):
            name = name.removeprefix(prefix)
        if name in bare:
            raise DataError(f"{where}: holds {name} twice, with and without a prefix")
        bare[name] = tensor
    return bare


def to_asrkit(
    state: Mapping[str, Tensor], dialect: Dialect, where: str
) -> tuple[dict[str, Tensor], list[str]]:
    """Foreign tensors under asrkit's names, and the names it has no place for.

    The code book keeps its foreign shape, as no shape shows the number of groups.
    """
    names, ours, unknown = Names(dialect), {}, []
    for name, tensor in state.items():
        new = names.ours(name)
        if new is None:
            unknown.append(name)
        elif new in ours:
            raise DataError(f"{where}: holds {name} twice, in an old and a new spelling")
        else:
            pointwise = new.endswith(conformer_names.POINTWISE) and tensor.ndim == 3
            ours[new] = tensor.squeeze(-1) if pointwise else tensor
    return join_attention(ours, where), unknown


def from_asrkit(state: Mapping[str, Tensor], dialect: Dialect = "huggingface") -> dict[str, Tensor]:
    """asrkit's tensors (``encoder.``, ``quantizer.``, ...) under transformers' names and shapes."""
    names, theirs = Names(dialect), {}
    stacked = f"{_POSITION}.weight" in state  # data2vec: its first bias is one of several
    for name, tensor in split_attention(state).items():
        new = names.theirs(name)
        if stacked and name == f"{_POSITION}.bias":
            new = "encoder.pos_conv_embed.layers.0.conv.bias"
        if new is None:
            raise DataError(f"{name}: this tensor has no name in transformers")
        if name == "quantizer.codebook":
            tensor = tensor.flatten(0, 1)[None]
        elif name.endswith(conformer_names.POINTWISE):
            tensor = tensor[..., None]
        theirs[new] = tensor
    return theirs
