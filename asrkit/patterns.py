"""Regular expressions in the names of a model's parts: what they fit, and what was meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

NEAREST = 3


def compiled(pattern: object, where: str) -> re.Pattern[str]:
    """Raises ValueError unless ``pattern`` is a regular expression."""
    try:
        return re.compile(pattern)  # type: ignore[call-overload]
    except (re.error, TypeError) as error:
        raise ValueError(f"{where}: {pattern!r} is not a regular expression ({error})") from None


def fitting(pattern: object, names: Sequence[str], where: str, what: str) -> list[str]:
    """Those of ``names`` in which ``pattern`` is found.

    Raises ValueError, with the nearest names, where it is found in none. what: a name stands for.
    """
    expression = compiled(pattern, where)
    found = [name for name in names if expression.search(name)]
    if not found:
        raise ValueError(f"{where}: {pattern!r} fits no name of {what}; {_near(pattern, names)}")
    return found


def _near(pattern: object, names: Iterable[str]) -> str:
    """What of ``names`` was perhaps meant: parts of them, with ``N`` for every number."""
    shown = {re.sub(r"(?<=\.)\d+(?=\.)", "N", name): None for name in names}
    parts = {part: None for name in shown for part in _spans(name.split("."))}
    plain = re.sub(r"\\d\+?|\d+", "N", str(pattern))
    plain = re.sub(r"[\\^$()*+?]", "", plain).strip(".")
    close = difflib.get_close_matches(plain, parts, NEAREST, 0.6)
    if close:
        return f"did you mean {' or '.join(map(repr, close))}?"
    some = list(shown)
    more = f" and {len(some) - 10} more" if len(some) > 10 else ""
    return f"there are {', '.join(some[:10])}{more}" if some else "there are none"


def _spans(words: Sequence[str]) -> list[str]:
    """Every run of consecutive words of a name."""
    ends = range(1, len(words) + 1)
    return [".".join(words[begin:end]) for end in ends for begin in range(end)]
