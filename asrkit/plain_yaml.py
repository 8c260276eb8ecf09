"""YAML as plain values: names to strings, finite numbers, true, false, null, lists and mappings.

What a file may ask of the reader is bounded before it is built: its length, its depth, and what its
aliases unfold to. YAML 1.1 has more types; they are refused with key and line, but for dates and
times of day, which are text here. 1e-3 is a number (YAML 1.1 wants 1.0e-3).
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any, NamedTuple

import yaml

LONGEST = 1 << 18  # characters of a file, and of what its aliases unfold to; configurations have 4k
DEEPEST = 20  # lists and mappings inside each other
LONGEST_NUMBER = 100
_TAG = "tag:yaml.org,2002:"
_MERGE = f"{_TAG}merge"
_TEXT = {f"{_TAG}{kind}" for kind in ("str", "timestamp", "value")}
_NUMBERS = {f"{_TAG}int", f"{_TAG}float"}
_SCIENTIFIC = re.compile(r"^[-+]?[0-9][0-9_]*(\.[0-9_]*)?[eE][-+]?[0-9]+$")
_PLAIN = "names, finite numbers, true, false, null, lists and mappings"


class ConfigError(ValueError):
    """A configuration that cannot be used; the message names the key."""


class Document(NamedTuple):
    """A file's content; of a mapping's keys the line (from 1), and the text of its scalars."""

    value: Any
    lines: dict[str, int]
    written: dict[str, str]


class _Fault(Exception):
    """What is wrong at a node."""

    def __init__(self, mark: yaml.Mark, what: str) -> None:
        super().__init__(what)
        self.line = mark.line + 1


class _Loader(yaml.SafeLoader):
    """Composes nodes, and none that lie too deep."""

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise _Fault(self.peek_event().start_mark, f"nested deeper than {DEEPEST} levels")
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


class _Dumper(yaml.SafeDumper):
    """Writes a value out each time it comes, and quotes what the loader would not read as text."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


for _one in (_Loader, _Dumper):
    _one.add_implicit_resolver(f"{_TAG}float", _SCIENTIFIC, list("-+0123456789"))


class _Builder:
    """Plain values of nodes; counts what it has built, as an alias is built each time it comes."""

    def __init__(self, loader: _Loader) -> None:
        self.loader = loader
        self.left = LONGEST

    def build(self, node: yaml.Node, key: str = "", depth: int = 0) -> Any:
        """The value of ``node``, which ``key`` (``a.b``) stands for. Raises _Fault."""
        self.left -= 1 + (len(node.value) if isinstance(node, yaml.ScalarNode) else 0)
        if self.left < 0 or depth > DEEPEST:
            raise _Fault(node.start_mark, f"{_at(key)}its aliases unfold to too much")
        if isinstance(node, yaml.MappingNode) and node.tag == f"{_TAG}map":
            return self._mapping(node, key, depth)
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{_TAG}seq":
            return [self.build(item, key, depth + 1) for item in node.value]
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, key)
        raise self._refusal(node, key)

    def _mapping(self, node: yaml.MappingNode, key: str, depth: int) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for name, value in node.value:
            if name.tag == _MERGE:
                parts = self.build(value, key, depth + 1)
                for part in reversed(parts if isinstance(parts, list) else [parts]):
                    if not isinstance(part, dict):
                        raise _Fault(name.start_mark, f"{_at(key)}<< takes mappings")
                    merged |= part
                continue
            if name.tag not in _TEXT or not isinstance(name, yaml.ScalarNode):
                shown = repr(name.value[:50]) if isinstance(name.value, str) else f"a {name.id}"
                raise _Fault(name.start_mark, f"{_at(key)}the key {shown} is not a name; quote it")
            if name.value in own:
                raise _Fault(name.start_mark, f"{_at(key)}key {name.value!r} is given twice")
            below = f"{key}.{name.value}" if key else name.value
            own[name.value] = self.build(value, below, depth + 1)
        return merged | own

    def _scalar(self, node: yaml.ScalarNode, key: str) -> Any:
        if node.tag in _TEXT:
            return node.value
        if node.tag in _NUMBERS and len(node.value) > LONGEST_NUMBER:
            raise self._refusal(node, key)
        if node.tag in _NUMBERS and ":" in node.value:
            return node.value  # YAML 1.1 counts 12:30 in sixties
        try:
            if node.tag == f"{_TAG}null":
                return None
            if node.tag == f"{_TAG}bool":
                return self.loader.construct_yaml_bool(node)
            if node.tag in _NUMBERS:
                whole = node.tag == f"{_TAG}int"
                make = self.loader.construct_yaml_int if whole else self.loader.construct_yaml_float
                if _usable(number := make(node)):
                    return number
        except (ValueError, LookupError):
            pass
        raise self._refusal(node, key)

    @staticmethod
    def _refusal(node: yaml.Node, key: str) -> _Fault:
        shown = f" {node.value[:50]!r}" if isinstance(node, yaml.ScalarNode) else ""
        kind = node.tag.removeprefix(_TAG)
        return _Fault(node.start_mark, f"{_at(key)}{kind}{shown} is not among {_PLAIN}")


def check_plain(value: Any, where: str) -> None:
    """Raises ConfigError unless ``value`` is what ``parse`` could have given (or tuples in it)."""
    left = LONGEST

    def look(value: Any, key: str, depth: int) -> None:
        nonlocal left
        left -= 1 + (len(value) if isinstance(value, str) else 0)
        if left < 0 or depth > DEEPEST:
            raise ConfigError(f"{where}: {_at(key)}holds too much, or itself")
        if type(value) in (list, tuple):
            for item in value:
                look(item, key, depth + 1)
        elif type(value) is dict:
            for name, item in value.items():
                if type(name) is not str:
                    raise ConfigError(f"{where}: {_at(key)}the key {name!r:.50} is not a name")
                look(item, f"{key}.{name}" if key else name, depth + 1)
        elif not (
            value is None
            or type(value) in (str, bool)
            or (type(value) in (int, float) and _usable(value))
        ):
            kind = type(value).__name__
            raise ConfigError(f"{where}: {_at(key)}{kind} {value!r:.50} is not among {_PLAIN}")

    look(value, "", 0)


def _usable(number: float) -> bool:
    """Whether a program can reckon with it: finite, and whole numbers within 64 bits."""
    return abs(number) < (2**63 if isinstance(number, int) else math.inf)


def _at(key: str) -> str:
    return f"{key}: " if key else ""


def parse(text: str, where: str, *, lines: bool = True) -> Document:
    """The one document of ``text``. ConfigError: ``where``, line if there are ``lines``, key."""
    try:
        if len(text) > LONGEST:
            raise ConfigError(f"{where}: longer than {LONGEST} characters; no configuration is")
        loader = _Loader(text)
        root = loader.get_single_node()
        value = None if root is None else _Builder(loader).build(root)
        pairs = root.value if isinstance(root, yaml.MappingNode) else []
        return Document(
            value,
            {name.value: name.start_mark.line + 1 for name, _ in pairs},
            {name.value: v.value for name, v in pairs if isinstance(v, yaml.ScalarNode)},
        )
    except _Fault as fault:
        line, what = fault.line, str(fault)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        what = f"not valid YAML: {error.problem or error.context}"
    except yaml.YAMLError as error:  # of the reader: control characters
        line, what = 1, f"not valid YAML: {str(error).splitlines()[0]}"
    raise ConfigError(f"{where}:{line}: {what}" if lines else f"{where}: {what}")


def load_yaml(text: str, where: str = "YAML") -> Any:
    """The plain values of ``text``. Raises ConfigError, which begins with ``where``."""
    return parse(text, where).value


def read_yaml(path: str | Path) -> Any:
    """The plain values in a file; ConfigError names file, line and key."""
    try:
        with open(path, encoding="utf-8") as stream:
            return load_yaml(stream.read(LONGEST + 1), str(path))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: {not_utf8(error)}") from None


def not_utf8(error: UnicodeDecodeError) -> str:
    """What is wrong with a file that is not UTF-8."""
    return f"not valid YAML in UTF-8 ({error.reason} at byte {error.start + 1})"


def dump_yaml(value: Any) -> str:
    """Plain values as YAML that ``parse`` reads back to the same."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
