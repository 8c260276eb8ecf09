"""MMS of transformers: one network, and for each language adapters, an output layer and a
vocabulary (Pratap et al. 2023).

``adapter.<language>.safetensors`` (or ``.bin``) holds the first two, ``vocab.json`` the vocabulary
of every language under its name. The network's own file holds those of one language, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from asrkit.config import suggest
from asrkit.convert.names import without_prefixes
from asrkit.convert.source import ConvertError, Given
from asrkit.convert.tokenizer import optional_json, read_json
from asrkit.tuning.adapters import Adapter

KINDS = (".safetensors", ".bin")
SHOWN = 20  # languages in a message
_PREFIX, _HEAD = "adapter.", "lm_head."


def adapter_files(folder: Path) -> dict[str, Path]:
    """The file of each language; of two, safetensors."""
    return {
        file.name.removeprefix(_PREFIX).removesuffix(kind): file
        for kind in reversed(KINDS)
        for file in sorted(folder.glob(f"{_PREFIX}*{kind}"))
    }


def language_of(folder: Path, given: Given) -> str | None:
    """Which of the folder's languages is meant; None for a model that has no languages, and where
    the network alone is taken.

    Raises ConvertError, with the languages there are, unless it is said, or there is one.
    """
    nested = _vocabularies(folder)
    files = adapter_files(folder)
    both = sorted(nested.keys() & files.keys() if nested else files)
    if not files and len(nested) == 1:
        both = list(nested)  # whose adapters are the network's own
    language = given.language
    if not nested and not files:
        if language is not None:
            raise ConvertError(f"{folder}: has no adapters of languages; leave --language out")
        return None
    if language is None:
        if given.encoder_only:
            return None
        if len(both) == 1:
            return both[0]
        raise ConvertError(
            f"{folder}: a model of {len(nested) or len(both)} languages; --language says which: "
            f"{_some(both or sorted(nested))}"
        )
    if language in both:
        return language
    if language in nested:
        raise ConvertError(
            f"{folder}: knows {language!r}, but adapter.{language}.safetensors is not there; place "
            "it in the folder"
        )
    known = "there are no adapters in the folder"
    if both:
        near = suggest(language, both)
        known = f"{near} " if near.startswith("did") else ""
        known += f"there are {_some(both)}"
    raise ConvertError(f"{folder}: no language {language!r}; {known}")


def _some(languages: list[str]) -> str:
    more = len(languages) - SHOWN
    return ", ".join(languages[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _vocabularies(folder: Path) -> dict[str, Any]:
    """The vocabulary of each language; empty where there is one of all."""
    content = optional_json(folder / "vocab.json")
    return {name: value for name, value in content.items() if isinstance(value, dict)}


def vocabulary_of(folder: Path, language: str | None) -> dict[str, Any]:
    """Symbols to rows: what ``vocab.json`` says, of the language if it tells languages apart."""
    found: dict[str, Any] = _vocabularies(folder)
    if language is not None and language in found:
        found = found[language]
    elif not found:
        found = read_json(folder / "vocab.json")
    return found


def with_language(
    tensors: Mapping[str, Tensor],
    folder: Path,
    language: str,
    prefixes: tuple[str, ...],
    load: Callable[[Path], dict[str, Tensor]],
) -> dict[str, Tensor]:
    """The network's tensors with the adapters and the output layer of a language in place of its
    own, if that has a file. Raises ConvertError unless the file holds just these."""
    if (file := adapter_files(folder).get(language)) is None:
        return dict(tensors)
    theirs = without_prefixes(load(file), prefixes, str(file))
    own = {name for name in tensors if ".adapter_layer." in name or name.startswith(_HEAD)}
    for what, names in (("has no", own - theirs.keys()), ("has unknown", theirs.keys() - own)):
        if names:
            raise ConvertError(f"{file}: {what} {', '.join(sorted(names)[:5])}")
    return {**tensors, **theirs}


def take_adapters(
    state: dict[str, Tensor], config: Mapping[str, Any], where: str
) -> dict[str, Any]:
    """``tune`` of a network with adapters in all its layers; empty without any.

    state: the encoder's tensors under asrkit's names. Raises ConvertError for adapters in some of
    the layers, or of a size that ``config`` contradicts.
    """
    downs = [name for name in state if name.endswith(".adapter.down.weight")]
    if not downs and config.get("adapter_attn_dim") is None:
        return {}
    layers = {name.split(".")[3] for name in state if name.startswith("encoder.context.layers.")}
    sizes = {len(state[name]) for name in downs}
    said = config.get("adapter_attn_dim")
    if len(downs) != len(layers) or len(sizes) > 1 or said not in (None, *sizes):
        raise ConvertError(
            f"{where}: adapters of sizes {sorted(sizes)} in {len(downs)} of {len(layers)} layers, "
            f"and config.json says adapter_attn_dim = {said!r}"
        )
    return {Adapter.kind: {"size": sizes.pop()}}
