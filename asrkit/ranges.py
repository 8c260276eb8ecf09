"""Ranges of numbers, declared beside their types: ``layers: Count = 12``.

``config.check_type`` refuses what lies outside. A configuration is checked by them before anything
is built of it, wherever it comes from: YAML, flags, ``--set`` or a checkpoint.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterator
from typing import Annotated, Any, Union


@dataclasses.dataclass(frozen=True)
class Range:
    """least and most belong to it, unless ``above`` or ``below`` shuts them out."""

    least: float
    most: float | None = None
    above: bool = False
    below: bool = False

    def fault(self, value: float) -> str | None:
        """What is wrong with a number, such as ``-1 is below 0``; None within the range."""
        if not value >= self.least:  # NaN compares with nothing
            return f"{value} is {'not above' if self.above else 'below'} {self.least:g}"
        if self.above and value == self.least:
            return f"{value} is not above {self.least:g}"
        if self.most is not None and value > self.most:
            return f"{value} is {'not below' if self.below else 'above'} {self.most:g}"
        if self.below and value == self.most:
            return f"{value} is not below {self.most:g}"
        return None


Natural = Annotated[int, Range(0)]
Count = Annotated[int, Range(1)]
NotNegative = Annotated[float, Range(0)]
Positive = Annotated[float, Range(0, above=True)]
Share = Annotated[float, Range(0, 1)]  # probabilities
BelowOne = Annotated[float, Range(0, 1, below=True)]  # what is scaled up by 1 / (1 - p)
Decibels = Annotated[float, Range(-100, 100)]  # beyond, one of two sounds is below 16 bits


def bare(expected: Any) -> Any:
    """A type without its ranges."""
    arguments = typing.get_args(expected)
    if typing.get_origin(expected) is Annotated:
        return bare(arguments[0])
    if typing.get_origin(expected) in (Union, types.UnionType):
        return Union[tuple(map(bare, arguments))]  # noqa: UP007 (their number is not known here)
    if typing.get_origin(expected) is list:
        return list[bare(arguments[0])]  # type: ignore[misc]
    return expected


def faults(value: Any, expected: Any) -> Iterator[str]:
    """What is out of range in a value that is of the type ``expected``."""
    if typing.get_origin(expected) is Annotated:
        kind, *marks = typing.get_args(expected)
        yield from faults(value, kind)
        for mark in marks if isinstance(value, int | float) else ():  # a name has no range
            if isinstance(mark, Range) and (fault := mark.fault(value)):
                yield fault
    elif typing.get_origin(expected) in (Union, types.UnionType):
        if value is not None:
            for kind in typing.get_args(expected):
                yield from faults(value, kind)
    elif typing.get_origin(expected) is list:
        for item in value:
            yield from faults(item, typing.get_args(expected)[0])
