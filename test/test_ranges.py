"""Every number of a configuration has a range, and what lies outside is refused with its key."""

from __future__ import annotations

import inspect
import math
import typing
from collections.abc import Iterator
from typing import Annotated, Any

import pytest

from asrkit.build import build_objective, resolve
from asrkit.choices import CHOICES, PHONE_ENCODERS, PHONE_OBJECTIVES
from asrkit.config import FIELDS, TYPES, ConfigError, check_type, from_mapping, set_value
from asrkit.encoders.base import Encoder
from asrkit.options import Options
from asrkit.ranges import (
    BelowOne,
    Count,
    Decibels,
    Natural,
    NotNegative,
    Positive,
    Range,
    Share,
    bare,
)
from asrkit.tokens import TokenList

WITHOUT = {"seed"}  # any whole number will do


def numbers(hints: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, hint in hints.items():
        if bare(hint) in (int, float, list[int], list[float], int | None, float | None):
            yield name, hint


def keywords(made: Any) -> dict[str, Any]:
    target = made.__init__ if inspect.isclass(made) else made
    hints = typing.get_type_hints(target, include_extras=True)
    found = inspect.signature(made).parameters.values()
    return {p.name: hints[p.name] for p in found if p.kind is p.KEYWORD_ONLY}


def test_every_number_has_a_range() -> None:
    rows = [("options", TYPES)]
    rows += [(f"{b} {n}", keywords(made)) for b, t in CHOICES.items() for n, made in t.items()]
    bare_ones = [
        f"{where}: {name}"
        for where, hints in rows
        for name, hint in numbers(hints)
        if name not in WITHOUT and hint == bare(hint)
    ]
    assert not bare_ones and sum(len(list(numbers(hints))) for _, hints in rows) > 100


@pytest.mark.parametrize(
    ("kind", "inside", "outside"),
    [
        (Natural, [0, 5], {-1: "-1 is below 0"}),
        (Count, [1, 5], {0: "0 is below 1"}),
        (NotNegative, [0, 0.5, 9.0], {-0.1: "-0.1 is below 0", math.nan: "nan is below 0"}),
        (Positive, [1e-9, 9.0], {0.0: "0.0 is not above 0", -1.0: "-1.0 is not above 0"}),
        (Share, [0, 1, 0.5], {1.5: "1.5 is above 1", -0.5: "-0.5 is below 0"}),
        (BelowOne, [0, 0.999], {1.0: "1.0 is not below 1", 2.0: "2.0 is not below 1"}),
        (list[Count], [[], [1, 2]], {(3, 0): "0 is below 1"}),
        (NotNegative | None, [None, 0.0], {-3.0: "-3.0 is below 0"}),
        (Annotated[int, "words", Range(2, 4)], [2, 4], {5: "5 is above 4"}),
    ],
)
def test_ranges(kind: Any, inside: list[Any], outside: dict[Any, str]) -> None:
    for value in inside:
        check_type("key", value, kind)
    for value, said in outside.items():
        given = list(value) if isinstance(value, tuple) else value
        with pytest.raises(ConfigError, match=rf"^key: {said}$"):
            check_type("key", given, kind)


def test_a_wrong_type_is_named_without_its_range() -> None:
    with pytest.raises(ConfigError, match="key: '3' is not of type int "):
        check_type("key", "3", Count)
    with pytest.raises(ConfigError, match=r"is not of type list\[int\] "):
        check_type("key", [1, "3"], list[Count])


@pytest.mark.parametrize(
    ("name", "value"),
    [("language_alpha", -3.0), ("accum_grad", -1), ("grad_clip", -1.0), ("max_update", -1)],
)
def test_options_of_the_run_from_every_door(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=rf"^x.pt: config: {name}: {value} is below"):
        from_mapping({name: value}, "x.pt: config")
    with pytest.raises(ConfigError, match=rf"^--set {name}: {value} is below"):
        set_value(Options(), f"{name}={value}")


BLOCKS = [
    (block, name, key)
    for block, table in CHOICES.items()
    for name, made in table.items()
    for key, _ in numbers(keywords(made))
]


@pytest.mark.parametrize(("block", "name", "key"), BLOCKS)
def test_no_number_of_a_block_is_negative(block: str, name: str, key: str) -> None:
    """Also where nothing would fail: -1 layers are none. (Decibels are, down to -100.)"""
    made = CHOICES[block][name]
    options = Options(optimizer_conf={"lr": 1e-3})
    if block == "base":
        options.objective, options.encoder = "phonetic", "wav2vec2"
    if name in PHONE_OBJECTIVES:
        options.encoder = "transcoder"
    if block == "quantizer":
        options.objective = "contrastive"
    if block == "quantizer" or name in ("contrastive", "prediction", "phonetic"):
        options.quantizer = "random_projection" if name == "prediction" else "gumbel"
    if name == "phonetic":
        options.base = "contrastive"
    content = vars(options)
    hint = keywords(made)[key]
    number = -101 if hint == list[Decibels] else -1
    bad = [number] if bare(hint) in (list[int], list[float]) else number
    if block == "tune":
        options.tune, where = {name: {key: bad}}, f"tune.{name}"
    else:
        content[block], where = name, f"{block}_conf"
        content[where] = {**content[where], key: bad}
    with pytest.raises(ConfigError, match=rf"^{where}\.{key}: {number} is (below|not above)"):
        resolve(options)


def test_what_training_may_change_are_options() -> None:
    """A name that no constructor has would free nothing."""
    for name, made in CHOICES["encoder"].items():
        assert issubclass(made, Encoder), name
        assert made.training_options <= keywords(made).keys()
    for name, made in CHOICES["objective"].items():
        assert made.structure <= keywords(made).keys(), name
    assert FIELDS.keys() == TYPES.keys()


@pytest.mark.parametrize("encoder", sorted(PHONE_ENCODERS))
def test_heads_share_the_width(encoder: str) -> None:
    options = Options(
        objective="transcoder",
        encoder=encoder,
        encoder_conf={"width": 64, "heads": 5},
        optimizer_conf={"lr": 1e-3},
    )
    symbols = TokenList.build("ab")
    with pytest.raises(ConfigError, match=r"^encoder_conf: width 64 is not a multiple of 5 heads$"):
        build_objective(resolve(options), symbols, symbols)
