"""Models by their names on a hub: ``hf:owner/name``, or ``hf:owner/name@revision``.

huggingface_hub gets them, where it is installed and there is a network; else what it once kept in
its cache is taken. Of the files, settings and weights alone, and adapters of one language.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from asrkit.convert.source import ConvertError

PREFIX = "hf:"
_NAME = re.compile(r"hf:([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(?:@([\w./-]+))?")
_SETTINGS = ["*.json"]
_WEIGHTS = ["model*.safetensors"]
_PICKLED = ["pytorch_model*.bin"]  # read if there is nothing else, and with weights_only


class Fetched(NamedTuple):
    """folder: of the files. origin: the name with the revision that they are of, a commit."""

    folder: Path
    origin: str


def is_hub(source: Path) -> bool:
    return str(source).startswith(PREFIX)


def fetch(source: Path, language: str | None = None) -> Fetched:
    """The newest files of a model, or those of its revision. language: whose adapters of MMS to
    get, too. Raises ConvertError with what to place
    where if they can be had from neither the hub nor the cache."""
    match = _NAME.fullmatch(str(source))
    if match is None:
        raise ConvertError(f"{source}: not a model's name, hf:owner/name or hf:owner/name@revision")
    name, revision = match.groups()
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise ConvertError(
            f"{source}: huggingface_hub is not installed (pip install huggingface_hub); or "
            f"{_by_hand(name, revision)}"
        ) from None
    wanted = [*_SETTINGS, *_WEIGHTS]
    if language is not None:
        wanted.append(f"adapter.{language}.safetensors")
    try:
        folder = Path(snapshot_download(name, revision=revision, allow_patterns=wanted))
        if not any(folder.glob(_WEIGHTS[0])):
            patterns = [*_SETTINGS, *_PICKLED]
            snapshot_download(name, revision=folder.name, allow_patterns=patterns)
    except Exception as error:  # of the network's client, which is another in each version
        said = str(error).strip().split("\n")[0]
        raise ConvertError(
            f"{source}: is not in the cache, and cannot be downloaded ({said}); "
            f"{_by_hand(name, revision)}"
        ) from None
    return Fetched(folder, f"{PREFIX}{name}@{folder.name}")


def _by_hand(name: str, revision: str | None) -> str:
    folder = name.split("/")[1]
    pinned = f" --revision {revision}" if revision else ""
    return (
        f"where there is a network: hf download {name}{pinned} --local-dir {folder}; place that "
        f"folder here, with config.json and the weights in it, and give --source {folder}"
    )
