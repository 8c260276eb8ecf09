"""Paths given for a model that are none of asrkit's: what they are, and what to do with them."""

from __future__ import annotations

import re
from pathlib import Path

from asrkit.files import refuse_pointer

_HUB = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")  # owner/name
_CONVERT = "python -m asrkit.bin.convert_checkpoint --source {} --out FOLDER"
_WEIGHTS = ("pytorch_model*.bin", "adapter_model.bin", "*.safetensors")


def is_weights(path: Path) -> bool:
    """Whether a file's name is that of the weights alone in a folder of transformers."""
    return any(path.match(pattern) for pattern in _WEIGHTS)


def next_command(path: Path) -> str:
    """What to do about a path that is not what it was given for; empty if nothing is known of it.

    Raises DataError for a pointer of Git LFS.
    """
    if not path.exists():
        if _HUB.fullmatch(str(path)) and not path.parent.exists():
            return (
                "if this is a model's name on a hub, get its files first: "
                f"hf download {path} --local-dir {path.name}"
            )
        return ""
    folder = path if path.is_dir() else path.parent
    if path.is_file():
        refuse_pointer(path)
        if not is_weights(path):
            return f"if fairseq wrote it, convert it: {_CONVERT.format(path)}"
    if (folder / "adapter_config.json").exists():
        return (
            "an adapter of PEFT, which is a part of a model: load it with peft, write "
            "merge_and_unload() with save_pretrained(), and convert that folder"
        )
    if (folder / "config.json").exists():
        return f"transformers' model is its folder; convert that: {_CONVERT.format(folder)}"
    if path.is_file():
        return "weights alone; name a folder that has their config.json, too"
    return ""


def explained(message: str, path: str | Path) -> str:
    """The message, with what to do where that is known."""
    known = next_command(Path(path))
    return f"{message}; {known}" if known else message
