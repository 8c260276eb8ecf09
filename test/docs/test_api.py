"""docs/api.md names what exists, and the contracts and what carries them are on it."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path

import pytest

from asrkit import choices

PAGE = (Path(__file__).resolve().parents[2] / "docs/api.md").read_text("utf-8")
NAMES = re.findall(r"`(asrkit(?:\.\w+)+)`", PAGE)


@pytest.mark.parametrize("name", NAMES)
def test_name_exists_where_it_is_said_and_is_documented(name: str) -> None:
    module, _, attribute = name.rpartition(".")
    found = getattr(importlib.import_module(module), attribute)
    assert found.__module__ == module
    assert inspect.getdoc(found)


def test_named_once() -> None:
    assert len(NAMES) == len(set(NAMES)) >= 25


def test_the_promises_of_every_choice_are_on_the_page() -> None:
    """Whatever abstract class of asrkit a configurable block inherits from is part of the API."""
    blocks = [
        *choices.ENCODERS.values(),
        *choices.QUANTIZERS.values(),
        *choices.OBJECTIVES.values(),
    ]
    promised = {
        f"{base.__module__}.{base.__name__}"
        for block in blocks
        for base in block.__mro__
        if base.__module__.endswith(".base") and base.__module__.startswith("asrkit.")
    }
    assert promised and promised <= set(NAMES)
