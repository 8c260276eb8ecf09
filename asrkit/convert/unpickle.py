"""Reads fairseq's .pt files without running anything that is in them.

Such a file is a pickle: it names functions and classes to be called. Here a name becomes one of a
few harmless things of torch and collections, or an inert stand-in that remembers what it was given;
nothing is ever imported because a file asks for it. A name outside the packages that fairseq's
files use is refused.
"""

from __future__ import annotations

import collections
import itertools
import operator
import pickle
import tarfile
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from asrkit.convert.source import ConvertError
from asrkit.files import refuse_pointer
from asrkit.train.checkpoint import UNREADABLE, why_unreadable
from asrkit.train.contents import CheckpointError, refuse_other_zips

_PLAIN = (bool, int, float, complex, str, set, frozenset, list, dict, tuple, slice, object)
# A pickle can set attributes too: those of a function of torch, but not of its __call__.
_only_call = operator.attrgetter("__call__")
_HARMLESS = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("collections", "defaultdict"): collections.defaultdict,
    ("torch._utils", "_rebuild_tensor_v2"): _only_call(torch._utils._rebuild_tensor_v2),
    ("torch._utils", "_rebuild_tensor"): _only_call(torch._utils._rebuild_tensor),
    ("torch._utils", "_rebuild_parameter"): _only_call(torch._utils._rebuild_parameter),
    ("torch", "Size"): torch.Size,
    ("torch", "device"): torch.device,
    **{("builtins", kind.__name__): kind for kind in _PLAIN},
    # protocol 2 writes the names of Python 2
    **{("__builtin__", kind.__name__): kind for kind in _PLAIN},
    **{("__builtin__", "unicode"): str, ("__builtin__", "long"): int},
    **{("torch", name): vars(torch)[name] for name in ("float16", "float32", "float64", "int64")},
}
# Packages whose objects may become stand-ins: settings, enumerations, numbers of a log.
_STOOD_IN = frozenset(
    "argparse omegaconf fairseq hydra unispeech examples numpy typing enum pathlib _codecs".split()
)
# Functions that make types such as Optional[int] in omegaconf's files; stood in for as well.
_HINTS = {("_operator", "getitem"), ("builtins", "type"), ("__builtin__", "type")}
_DEEPEST = 50
_MOST = 1_000_000  # values of settings; fairseq's have some thousands


class Inert:
    """Stands in for an object of a foreign class: keeps its contents, does nothing."""

    def __new__(cls, *arguments: Any, **options: Any) -> Inert:
        made = super().__new__(cls)
        made.__dict__["_inert_arguments"] = arguments
        return made

    def __init__(self, *arguments: Any, **options: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        for part in state if isinstance(state, tuple) else (state,):
            if isinstance(part, dict):
                self.__dict__.update(part)

    def __hash__(self) -> int:
        return id(self)

    def append(self, item: Any) -> None:
        self.__dict__.setdefault("_inert_items", []).append(item)

    def extend(self, items: Any) -> None:
        self.__dict__.setdefault("_inert_items", []).extend(items)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.__dict__.setdefault("_inert_mapping", {})[key] = value


class RestrictedUnpickler(pickle.Unpickler):
    """Finds harmless things and stand-ins only."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _HARMLESS:
            return _HARMLESS[module, name]
        if module.split(".")[0] in _STOOD_IN or (module, name) in _HINTS:
            return type(name, (Inert,), {"__module__": f"stand_in.{module}"})
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")


def _load(file: Any, **options: Any) -> Any:
    return RestrictedUnpickler(file, **options).load()


# What torch.load takes for the module `pickle`.
_PICKLE = types.SimpleNamespace(
    __name__="restricted pickle", Unpickler=RestrictedUnpickler, load=_load
)


def _is_torch_zip(path: Path) -> bool:
    """True for torch's zip format, false for the older one; other containers run code or are none.

    torch.load would hand a zip with constants.pkl to TorchScript, which compiles what is in it; so
    the look inside is with torch's own eyes.
    """
    with open(path, "rb") as file:
        if file.read(4) == b"PK\x03\x04":
            try:
                names = torch._C.PyTorchFileReader(str(path)).get_all_records()
            except RuntimeError as error:
                raise ConvertError(f"{path}: damaged or no checkpoint ({error})") from None
            if any(name.endswith("constants.pkl") for name in names):
                raise ConvertError(f"{path}: refused: a TorchScript program, not a checkpoint")
            try:
                refuse_other_zips(path)
            except CheckpointError as error:
                raise ConvertError(f"{path}: refused: {error}") from None
            return True
    if tarfile.is_tarfile(path):
        raise ConvertError(f"{path}: a tar archive; torch has not written such files since 2017")
    return False


def load_inert(path: Path) -> dict[str, Any]:
    """The dict in a .pt file, tensors on the host, foreign objects as ``Inert``."""
    if not path.is_file():
        raise ConvertError(f"{path}: no such file")
    refuse_pointer(path)
    zipped = _is_torch_zip(path)
    try:
        content = torch.load(
            path, map_location="cpu", pickle_module=_PICKLE, weights_only=False, mmap=zipped
        )
    except pickle.UnpicklingError as error:
        raise ConvertError(
            f"{path}: refused: {error}, which no trained network needs and which could run code "
            "on your machine; do not open this file with other programs"
            if "asks for" in str(error)
            else f"{path}: damaged or no checkpoint ({error})"
        ) from None
    except UNREADABLE as error:
        raise ConvertError(f"{path}: damaged or no checkpoint ({why_unreadable(error)})") from None
    if not isinstance(content, dict):
        raise ConvertError(f"{path}: holds no dict; not a fairseq checkpoint")
    return content


def plain(value: Any, depth: int = 0, count: Iterator[int] | None = None) -> Any:
    """Namespaces, omegaconf containers and nodes as dicts, lists and plain values.

    count: numbers what is looked at; settings may hold one thing many times.
    """
    count = itertools.count() if count is None else count
    if depth > _DEEPEST or next(count) > _MOST:
        raise ConvertError("the checkpoint's settings are nested too deeply, or hold themselves")
    if isinstance(value, Inert):
        content = value.__dict__
        for key in ("_content", "_val", "_inert_mapping"):
            if key in content:
                return plain(content[key], depth + 1, count)
        rest = {key: entry for key, entry in content.items() if not key.startswith("_inert_")}
        arguments = content["_inert_arguments"]
        if not rest and len(arguments) == 1:  # an enumeration's value
            return plain(arguments[0], depth + 1, count)
        return plain(rest, depth + 1, count)
    if isinstance(value, dict):
        return {
            str(plain(k, depth + 1, count)): plain(entry, depth + 1, count)
            for k, entry in value.items()
        }
    if isinstance(value, list | tuple):
        return [plain(entry, depth + 1, count) for entry in value]
    return value
