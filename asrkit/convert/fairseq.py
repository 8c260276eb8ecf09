"""Reads fairseq's checkpoints: wav2vec 2.0, XLSR, UniSpeech, HuBERT, data2vec audio (version 1).

The configuration is ``args`` (a Namespace, until 2020), ``cfg`` (nested mappings since), or both; a
fine-tuned model keeps that of its pre-training under ``w2v_args``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from asrkit.convert import hubert, structure, vocabulary
from asrkit.convert.fairseq2 import is_fairseq2, read_fairseq2
from asrkit.convert.names import to_asrkit, without_prefixes
from asrkit.convert.source import ConvertError, Given, Said, Source
from asrkit.convert.unpickle import load_inert, plain
from asrkit.train.contents import check_tensors

_PREFIXES = ("w2v_encoder.", "w2v_model.", "encoder.w2v_model.")
_LONGEST = 1000  # convolutions in a configuration
# asrkit's option -> fairseq's names, none of which changes what the weights mean
_TRAINING = {
    "dropout": ("dropout",),
    "attention_dropout": ("attention_dropout",),
    "activation_dropout": ("activation_dropout",),
    "input_dropout": ("dropout_input",),
    "layerdrop": ("layerdrop", "encoder_layerdrop"),
    "feature_grad_mult": ("feature_grad_mult",),
}
# fairseq's name -> the only value that asrkit's network, or its quantizer, has
_NETWORK = {
    "activation_fn": "gelu",
    "quantize_input": False,
    "layer_type": "transformer",
    "pos_enc_type": "abs",
}
_QUANTIZER = {"target_glu": False, "quantizer_depth": 1, "combine_groups": False}


def literal(value: Any, where: str) -> Any:
    """A value of a configuration that may be Python text, as ``"[(512, 3, 2)] * 4 + [...]"``.

    Only literals, sums of lists and lists times a number are read; nothing is evaluated.
    """
    if not isinstance(value, str):
        return value
    try:
        return _value(ast.parse(value.strip(), mode="eval").body)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        raise ConvertError(f"{where}: {value[:80]!r} is not a list or number") from None


def _value(node: ast.expr) -> Any:
    if not isinstance(node, ast.BinOp):
        return ast.literal_eval(node)
    left, right = _value(node.left), _value(node.right)
    if isinstance(node.op, ast.Mult) and isinstance(right, list):
        left, right = right, left
    if isinstance(node.op, ast.Add) and isinstance(left, list) and isinstance(right, list):
        result = left + right
    elif isinstance(node.op, ast.Mult) and isinstance(left, list) and isinstance(right, int):
        if len(left) * right > _LONGEST:
            raise ValueError("too long")
        result = left * right
    else:
        raise ValueError("not a sum or multiple of lists")
    return result


class Settings:
    """The configurations in a checkpoint, the pre-training's first."""

    def __init__(self, content: Mapping[str, Any], where: str) -> None:
        self.where = where
        roots = [plain(content[key]) for key in ("cfg", "args") if content.get(key) is not None]
        inner: list[dict[str, Any]] = []
        outer: list[dict[str, Any]] = []
        for root in filter(_is_mapping, roots):
            model = root.get("model")
            for holder in filter(_is_mapping, (model, root)):
                kept = holder.get("w2v_args")
                inner += _layers(kept) if _is_mapping(kept) else []
            outer += _layers(root)
        self._all = inner + outer
        self._latest_first = outer + inner

    def find(self, key: str, *, latest: bool = False) -> Any:
        """The first value of ``key`` that is one; None if there is none.

        latest: of the fine-tuning, if it has its own.
        """
        return next(_said_in(self._latest_first if latest else self._all, key), None)

    def agreed(self, key: str) -> Any:
        """As ``find``; ConvertError if two configurations in the file differ."""
        values = list(_said_in(self._all, key))
        if any(value != values[0] for value in values):
            raise ConvertError(f"{self.where}: its configurations disagree on {key}: {values}")
        return values[0] if values else None

    def number(self, key: str) -> Any:
        return literal(self.find(key), f"{self.where}: {key}")


def _said_in(layers: list[dict[str, Any]], key: str) -> Iterator[Any]:
    """Values of ``key`` but None and references to other keys."""
    for layer in layers:
        value = layer.get(key)
        if value is not None and not (isinstance(value, str) and "${" in value):
            yield value


def _is_mapping(value: Any) -> bool:
    return isinstance(value, dict)


def _layers(root: dict[str, Any]) -> list[dict[str, Any]]:
    """The mappings in which fairseq keeps options: model, task, criterion, and the flat one."""
    named = [root.get(key) for key in ("model", "task", "criterion")]
    return [*(layer for layer in named if isinstance(layer, dict)), root]


def _tensors(content: Mapping[str, Any], where: str) -> dict[str, Tensor]:
    """Names without prefixes, tensors in float32; the EMA teacher of data2vec is not a tensor."""
    model = content.get("model")
    if not isinstance(model, Mapping):
        raise ConvertError(f"{where}: no 'model' in it; not a fairseq checkpoint")
    tensors = {str(name): value for name, value in model.items() if isinstance(value, Tensor)}
    check_tensors(tensors, f"{where}: model")
    return {
        name: value.float() if value.is_floating_point() else value
        for name, value in without_prefixes(tensors, _PREFIXES, where).items()
        if not name.startswith("_ema.")
    }


def _convolutions(settings: Settings) -> list[list[int]] | None:
    """[channels, kernel, stride] each."""
    found = settings.number("conv_feature_layers")
    if found is None:
        return None
    rows = [list(row) for row in found if isinstance(row, list | tuple)]
    if not rows or any([type(value) for value in row] != [int] * 3 for row in rows):
        raise ConvertError(f"{settings.where}: conv_feature_layers is {found!r}")
    return rows


def _said(settings: Settings) -> Said:
    layers = _convolutions(settings)
    mode = settings.find("extractor_mode")
    depth = settings.number("pos_conv_depth") or 1
    kernel, groups = settings.number("conv_pos"), settings.number("conv_pos_groups")
    if kernel is not None and depth > 1:
        kernel = max(3, kernel // depth) * depth
    return Said(
        heads=settings.number("encoder_attention_heads"),
        norm_first=settings.find("layer_norm_first"),
        normalize=settings.agreed("normalize"),
        max_distance=settings.number("max_distance"),
        strides=None if layers is None else [row[2] for row in layers],
        shown={
            "conv_norm": {"default": "group", "layer_norm": "layer"}.get(mode, mode),
            "conv_bias": settings.find("conv_bias"),
            "width": settings.number("encoder_embed_dim"),
            "layers": settings.number("encoder_layers"),
            "ffn": settings.number("encoder_ffn_embed_dim"),
            "channels": None if layers is None else [row[0] for row in layers],
            "kernels": None if layers is None else [row[1] for row in layers],
            "positional": None if None in (kernel, groups) else [kernel, groups, depth],
            "positional_affine": settings.find("conv_pos_batch_norm"),
            "buckets": settings.number("num_buckets"),
        },
    )


def _refuse(settings: Settings, fixed: Mapping[str, Any]) -> None:
    for key, only in fixed.items():
        value = settings.find(key)
        if value is not None and value != only:
            raise ConvertError(
                f"{settings.where}: {key} = {value!r}; asrkit's network has {only!r} only"
            )


def read_fairseq(path: Path, given: Given) -> Source:
    """A .pt file of fairseq. Raises ConvertError on anything it cannot say or asrkit not hold."""
    where = str(path)
    if given.language is not None:
        raise ConvertError(f"{path}: --language is for MMS as transformers has it")
    if given.blank is not None:
        raise ConvertError(f"{where}: fairseq's blank is its row 0; --blank is for transformers'")
    content = load_inert(path)
    settings = Settings(content, where)
    tensors = _tensors(content, where)
    if is_fairseq2(tensors):
        return read_fairseq2(path, tensors, given)
    _refuse(settings, _NETWORK)
    if "post_extract_proj.weight" not in tensors and "layer_norm.weight" in tensors:
        width = tensors["layer_norm.weight"].numel()  # left out where the widths are equal
        tensors["post_extract_proj.weight"] = torch.eye(width)
        tensors["post_extract_proj.bias"] = torch.zeros(width)
    tensors = hubert.fold_position(tensors, "fairseq", where)
    heads = hubert.take_heads(tensors)
    state, unknown = to_asrkit(tensors, "fairseq", where)
    structure.refuse_unknown(unknown, where, encoder_only=given.encoder_only)
    encoder = {name: tensor for name, tensor in state.items() if name.startswith("encoder.")}
    conf = structure.encoder_conf(encoder, _said(settings), given, where)
    for option, keys in _TRAINING.items():
        values = [settings.find(key, latest=True) for key in keys]
        values = [value for value in values if value is not None]
        if values:
            conf[option] = float(values[0])
    source = Source(
        path=path, kind="fairseq", state=encoder, encoder_conf=conf, objective="ctc",
        encoder=structure.encoder_name(encoder),
        dropped=[*unknown, *heads],
    )  # fmt: skip
    if heads:
        source.notes.append("the heads of HuBERT's pre-training are left out")
    if given.encoder_only:
        source.dropped += sorted(state.keys() - encoder.keys())
    elif "head.weight" in state:
        _add_ctc(source, state, given, where)
    elif "quantizer.codebook" in state:
        _add_contrastive(source, state, settings, where)
    else:  # data2vec's regression head
        source.dropped += sorted(state.keys() - encoder.keys())
    source.check_used(given)
    return source


def _add_ctc(source: Source, state: dict[str, Tensor], given: Given, where: str) -> None:
    if given.dictionary is None:
        raise ConvertError(
            f"{where}: a fine-tuned model; add --dict with its dict.*.txt, which says what its "
            "outputs mean, or --encoder_only true"
        )
    size = state["head.weight"].shape[0]
    found = vocabulary.read_dictionary(given.dictionary, size, given)
    vocabulary.take_head(source, state, found, given.dictionary)
    source.dropped += sorted(state.keys() - source.state.keys())


def _add_contrastive(
    source: Source, state: dict[str, Tensor], settings: Settings, where: str
) -> None:
    _refuse(settings, _QUANTIZER)
    groups = settings.number("latent_groups")
    temperature = settings.number("latent_temp")
    if groups is None:
        raise ConvertError(
            f"{where}: does not say latent_groups, the groups of its code book; take the network "
            "alone with --encoder_only true"
        )
    source.state = state
    source.quantizer_conf = structure.quantizer_conf(state, groups, temperature, where)
    structure.grouped_codebook(state, groups)
    conf: dict[str, Any] = {"final_size": state["context_projection.weight"].shape[0]}
    for option, key in (("negatives", "num_negatives"), ("temperature", "logit_temp")):
        if (value := settings.number(key)) is not None:
            conf[option] = value
    if (dropout := settings.number("dropout_features")) is not None:
        conf["features_dropout"] = float(dropout)
    # the penalties of the criterion: code book, then the power of the features
    if (weights := settings.number("loss_weights")) is not None:
        listed = weights if isinstance(weights, list) else [weights]
        for option, weight in zip(("diversity_weight", "features_weight"), listed, strict=False):
            conf[option] = float(weight)
    source.objective, source.objective_conf = "contrastive", conf
