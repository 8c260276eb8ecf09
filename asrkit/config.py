"""From YAML file and command line to checked options, and back to YAML.

Order: defaults, then ``--config``, then flags (a flag replaces a whole mapping), then
``--set a.b=value`` (one value inside a mapping, existing keys only).
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import typing
from collections.abc import Iterable
from typing import Any, TextIO

import configargparse
import typeguard

from asrkit.arguments import warn
from asrkit.options import Options
from asrkit.plain_yaml import LONGEST, check_plain, not_utf8, parse
from asrkit.plain_yaml import ConfigError as ConfigError
from asrkit.plain_yaml import dump_yaml as dump_yaml
from asrkit.plain_yaml import load_yaml as load_yaml
from asrkit.plain_yaml import read_yaml as read_yaml
from asrkit.ranges import bare, faults


def suggest(name: str, known: Iterable[str]) -> str:
    """The sentence that follows 'unknown ...'."""
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(sorted(known))}"


FIELDS = {field.name: field for field in dataclasses.fields(Options)}
TYPES = typing.get_type_hints(Options, include_extras=True)

# Keys that earlier versions wrote, and what they are called today.
RENAMED = {"unlabelled_data": "unlabeled_data", "unlabelled_weight": "unlabeled_weight"}


def with_current_names(content: Any, source: str) -> Any:
    """A mapping of options, or of a block's, with today's names; anything else as it is.

    No deeper than the mappings of blocks, as a file may hold one that holds itself. Raises
    ConfigError if an option is there under both names.
    """
    options = _renamed(content, source)
    if not isinstance(options, dict):
        return options
    return {name: _renamed(value, source) for name, value in options.items()}


def _renamed(content: Any, source: str) -> Any:
    if not isinstance(content, dict):
        return content
    for old, name in RENAMED.items():
        if old in content and name in content:
            raise ConfigError(f"{source}: {old} is the old name of {name}; give {name} alone")
    return {RENAMED.get(key, key): value for key, value in content.items()}


def _warn_of_old(where: str, name: str) -> None:
    if name in RENAMED:
        warn(f"{where}{name} is deprecated; write {RENAMED[name]}")


def check_type(where: str, value: Any, expected: Any) -> None:
    """Raises ConfigError unless ``value`` is of the type, and within its ranges (ranges.py)."""
    kind = bare(expected)
    try:
        typeguard.check_type(
            value, kind, collection_check_strategy=typeguard.CollectionCheckStrategy.ALL_ITEMS
        )
    except typeguard.TypeCheckError as error:
        shown = kind.__name__ if isinstance(kind, type) else str(kind)
        raise ConfigError(f"{where}: {value!r:.200} is not of type {shown} ({error})") from None
    for fault in faults(value, expected):
        raise ConfigError(f"{where}: {fault:.200}")


_Unreadable = configargparse.ConfigFileParserException


def _fitting(where: str, name: str, value: Any, written: str | None) -> Any:
    """``value`` as the option ``name`` takes it; ``written``: the text it was read from, if one."""
    for key in value if isinstance(value, dict) else ():
        _warn_of_old(f"{where}.", key)
    value = with_current_names(value, where)
    if typing.get_origin(TYPES[name]) is list and not isinstance(value, list):
        value = [value]
    if TYPES[name] in (str, str | None) and isinstance(value, int | float):
        value = written  # a name that looks like a number is still a name
    check_type(where, value, TYPES[name])
    return value


class _YamlFile(configargparse.ConfigFileParser):
    """Hands YAML to configargparse, which knows strings only: values travel as JSON."""

    def parse(self, stream: TextIO) -> dict[str, str]:
        options = {}
        try:
            document = parse(stream.read(LONGEST + 1), stream.name)
            content = {} if document.value is None else document.value
            if not isinstance(content, dict):
                raise ConfigError(f"{stream.name}: the file holds no mapping of option: value")
            names = with_current_names(content, stream.name)
            for written, name in zip(content, names, strict=True):
                where = f"{stream.name}:{document.lines.get(written, 1)}"
                if name not in FIELDS:
                    raise ConfigError(f"{where}: unknown key {name!r}; {suggest(name, FIELDS)}")
                _warn_of_old(f"{where}: ", written)
                text = document.written.get(written)
                options[name] = _fitting(f"{where}: {name}", name, content[written], text)
        except UnicodeDecodeError as error:
            raise _Unreadable(f"{stream.name}: {not_utf8(error)}") from None
        except ConfigError as error:
            raise _Unreadable(str(error)) from None
        return {key: json.dumps(value, ensure_ascii=False) for key, value in options.items()}

    def get_syntax_description(self) -> str:
        return "The file is YAML."


class _Store(configargparse.Action):
    """One YAML value a flag; a list may also be given as several words."""

    def __call__(self, parser, namespace, values, option_string=None):  # type: ignore[no-untyped-def]
        many = typing.get_origin(TYPES[self.dest]) is list
        _warn_of_old("--", (option_string or "").removeprefix("--"))
        try:
            parsed = [parse(value, self.dest, lines=False).value for value in values]
            if not many and len(parsed) != 1:
                raise ConfigError(f"{self.dest}: one value expected, {len(parsed)} given")
            value = [v for p in parsed for v in (p if isinstance(p, list) else [p])]
            value = _fitting(self.dest, self.dest, value if many else parsed[0], values[0])
        except ConfigError as error:
            parser.error(str(error))
        setattr(namespace, self.dest, value)


def parser() -> configargparse.ArgParser:
    """The command line of a training program: one flag an option of Options."""
    result = configargparse.ArgParser(
        usage="%(prog)s [--config FILE] [--output_dir DIR] [--option VALUE ...] [--set A.B=V]",
        config_file_parser_class=_YamlFile,
        allow_abbrev=False,
        formatter_class=configargparse.ArgumentDefaultsRawHelpFormatter,
    )
    result.add_argument("--config", is_config_file=True, metavar="FILE", help="YAML of options")
    result.add_argument(
        "--print_config", action="store_true", help="print all options, defaults too, and stop"
    )
    result.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="A.B=V",
        help="change one value inside a mapping",
    )
    for name, field in FIELDS.items():
        default = field.default
        if field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        many = typing.get_origin(TYPES[name]) is list
        result.add_argument(
            f"--{name}",
            action=_Store,
            nargs="+" if many else 1,
            default=default,
            metavar="VALUE",
            help=field.metadata["help"],
        )
    for old, name in RENAMED.items():
        if name in FIELDS:
            result.add_argument(
                f"--{old}", dest=name, action=_Store, nargs="+", default=configargparse.SUPPRESS,
                help=configargparse.SUPPRESS,
            )  # fmt: skip
    return result


def options_from(namespace: configargparse.Namespace) -> Options:
    return Options(**{name: vars(namespace)[name] for name in FIELDS})


def from_mapping(content: Any, source: str) -> Options:
    """Options from a mapping such as a saved config.yaml."""
    check_plain(content, source)
    if not isinstance(content, dict):
        raise ConfigError(f"{source}: no mapping of option: value")
    content = with_current_names(content, source)
    for key, value in content.items():
        if key not in FIELDS:
            raise ConfigError(f"{source}: unknown key {key!r}; {suggest(key, FIELDS)}")
        check_type(f"{source}: {key}", value, TYPES[key])
    return Options(**content)


def to_mapping(options: Options) -> dict[str, Any]:
    return dataclasses.asdict(options)


def set_value(options: Options, assignment: str) -> None:
    """Carries out one ``--set a.b=value``; the key must exist (after defaults are filled in)."""
    path, equals, text = assignment.partition("=")
    if not equals:
        raise ConfigError(f"--set {assignment}: write it as key=value or key.subkey=value")
    for key in path.split("."):
        _warn_of_old("--set: ", key)
    path = ".".join(RENAMED.get(key, key) for key in path.split("."))
    name, dot, rest = path.partition(".")
    if name not in FIELDS:
        raise ConfigError(f"--set {path}: unknown key {name!r}; {suggest(name, FIELDS)}")
    value = parse(text, f"--set {path}", lines=False).value
    content = vars(options)
    if not dot:
        check_type(f"--set {path}", value, TYPES[name])
        content[name] = value
        return
    target = content[name]
    *parents, last = rest.split(".")
    for key in parents:
        target = target.get(key) if isinstance(target, dict) else None
    if not isinstance(target, dict) or last not in target:
        known = target if isinstance(target, dict) else []
        raise ConfigError(f"--set {path}: unknown key {last!r}; {suggest(last, known)}")
    target[last] = value
