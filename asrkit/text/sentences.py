"""Where sentences end."""

from __future__ import annotations

import re

# At these marks if white space follows, at the Chinese ones in any case.
_ENDS = re.compile(r"(?<=[.!?…।॥။៕؟۔])([\"'»”’)\]]*)\s+|(?<=[。！？])")


def split_sentences(line: str, *, closing: bool = False) -> list[str]:
    """Sentences of one line; ``closing`` keeps quotation marks and brackets that close behind a
    sentence."""
    parts = _ENDS.split(line)
    marks = [*parts[1::2], None] if closing else [None] * len(parts[::2])
    found = [part + (mark or "") for part, mark in zip(parts[::2], marks, strict=True)]
    return [part for part in found if part.strip()]
