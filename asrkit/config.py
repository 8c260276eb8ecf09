"""From YAML file and command line to checked options, and back to YAML.

Order: defaults, then ``--config``, then flags (a flag replaces a whole mapping), then
``--set a.b=value`` (one value inside a mapping, existing keys only).
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import re
import typing
from collections.abc import Iterable
from typing import Any, TextIO

import configargparse
import typeguard
import yaml

from asrkit.options import Options


class ConfigError(ValueError):
    """A configuration that cannot be used; the message names the key."""


class _Loader(yaml.SafeLoader):
    """Safe YAML that reads 1e-3 as a number (YAML 1.1 wants 1.0e-3) and refuses repeated keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                line = key.start_mark.line + 1
                raise ConfigError(f"line {line}: key {key.value!r} stands twice")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?[0-9][0-9_]*(\.[0-9_]*)?[eE][-+]?[0-9]+$"),
    list("-+0123456789"),
)


def load_yaml(text: str | TextIO) -> Any:
    try:
        return yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"not valid YAML in UTF-8: {error}") from None


def dump_yaml(value: Any) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100)


def suggest(name: str, known: Iterable[str]) -> str:
    """The sentence that follows 'unknown ...'."""
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(sorted(known))}"


FIELDS = {field.name: field for field in dataclasses.fields(Options)}
TYPES = typing.get_type_hints(Options)


def check_type(where: str, value: Any, expected: Any) -> None:
    try:
        typeguard.check_type(
            value, expected, collection_check_strategy=typeguard.CollectionCheckStrategy.ALL_ITEMS
        )
    except typeguard.TypeCheckError as error:
        shown = expected.__name__ if isinstance(expected, type) else str(expected)
        raise ConfigError(f"{where}: {value!r} is not of type {shown} ({error})") from None


class _YamlFile(configargparse.ConfigFileParser):
    """Hands YAML to configargparse, which knows strings only: values travel as JSON."""

    def parse(self, stream: TextIO) -> dict[str, str]:
        try:
            content = load_yaml(stream) or {}
            if not isinstance(content, dict):
                raise ConfigError("the file holds no mapping of option: value")
            for key in content:
                if key not in FIELDS:
                    raise ConfigError(f"unknown key {key!r}; {suggest(str(key), FIELDS)}")
        except ConfigError as error:
            raise configargparse.ConfigFileParserException(f"{stream.name}: {error}") from None
        return {key: json.dumps(value) for key, value in content.items()}

    def get_syntax_description(self) -> str:
        return "The file is YAML."


class _Store(configargparse.Action):
    """One YAML value a flag; a list may also be given as several words."""

    def __call__(self, parser, namespace, values, option_string=None):  # type: ignore[no-untyped-def]
        many = typing.get_origin(TYPES[self.dest]) is list
        try:
            parsed = [load_yaml(value) for value in values]
            if not many and len(parsed) != 1:
                raise ConfigError(f"one value expected, {len(parsed)} given")
            value = [v for p in parsed for v in (p if isinstance(p, list) else [p])]
            value = value if many else parsed[0]
            if TYPES[self.dest] in (str, str | None) and isinstance(value, int | float):
                value = values[0]  # a name that looks like a number is still a name
            check_type(self.dest, value, TYPES[self.dest])
        except ConfigError as error:
            parser.error(str(error))
        setattr(namespace, self.dest, value)


def parser(program: str) -> configargparse.ArgParser:
    """The command line of a training program: one flag an option of Options."""
    result = configargparse.ArgParser(
        prog=program,
        usage=f"{program} [--config FILE] [--output_dir DIR] [--option VALUE ...] [--set A.B=V]",
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
    return result


def options_from(namespace: configargparse.Namespace) -> Options:
    return Options(**{name: vars(namespace)[name] for name in FIELDS})


def from_mapping(content: dict[str, Any], source: str) -> Options:
    """Options from a mapping such as a saved config.yaml."""
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
    name, dot, rest = path.partition(".")
    if name not in FIELDS:
        raise ConfigError(f"--set {path}: unknown key {name!r}; {suggest(name, FIELDS)}")
    value = load_yaml(text)
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
