"""What is known of each language of Common Voice, FLEURS, MLS and BABEL, without any probing.

``data/languages.json`` is made by ``tools/language_data.py`` of the recipes' lists, of CLDR
(Unicode License v3, ``data/LICENSE-CLDR``) and of epitran's list of languages; it names their
versions.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from importlib import resources

from asrkit.text.scripts import base_language


@dataclass(frozen=True)
class Language:
    """A language as its corpora name it; empty where CLDR has nothing.

    letters: of its orthography, in lower case, some of several characters (*ch*). cardinals,
    ordinals: pairs of how a number is written in digits and in words. phrases: names of months and
    days, and a few of time; week: the word for one. epitran: its names there.
    """

    code: str
    name: str
    corpora: tuple[str, ...]
    locales: tuple[str, ...] = ()
    letters: tuple[str, ...] = ()
    cardinals: tuple[tuple[str, str], ...] = ()
    ordinals: tuple[tuple[str, str], ...] = ()
    phrases: tuple[str, ...] = ()
    week: str = ""
    epitran: tuple[str, ...] = ()


def _letters(written: str) -> tuple[str, ...]:
    """``a..c ch`` to ``a b c ch``."""
    found: list[str] = []
    for part in written.split():
        if len(part) == 4 and part[1:3] == "..":
            found.extend(map(chr, range(ord(part[0]), ord(part[3]) + 1)))
        else:
            found.append(part)
    return tuple(found)


@functools.cache
def _data() -> tuple[dict[str, str], dict[str, Language]]:
    file = resources.files("asrkit.text") / "data" / "languages.json"
    data = json.loads(file.read_text("utf-8"))
    found = {}
    for row in data["languages"]:
        fields = {name: tuple(value) for name, value in row.items() if isinstance(value, list)}
        for name in ("cardinals", "ordinals"):
            fields[name] = tuple(tuple(pair) for pair in fields.get(name, ()))
        fields["letters"] = _letters(row.get("letters", ""))
        found[row["code"]] = Language(
            code=row["code"], name=row["name"], week=row.get("week", ""), **fields
        )
    return data["sources"], found


def sources() -> dict[str, str]:
    """Versions and license of what the data are made of."""
    return _data()[0]


def languages() -> dict[str, Language]:
    """All of them, by code, in the order of the codes."""
    return _data()[1]


# Codes of the recipes that the table has under another: BABEL's, and older ones.
_SAME = {"ku": "kmr", "no": "nb", "iw": "he", "cmn": "zh", "zh-hk": "yue"}


def find_language(code: str) -> Language | None:
    """The language of a code or locale (``sv-SE``); None if no corpus of the table has it."""
    full = code.strip().lower().replace("_", "-")
    for name in (full, base_language(full)):
        if (found := languages().get(_SAME.get(name, name))) is not None:
            return found
    return None
