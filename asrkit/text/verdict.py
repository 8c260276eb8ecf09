"""Whether phones of espeak-ng may be trained on, language by language, by stated rules.

The verdicts in ``data/verdicts.json`` are those of one version of espeak-ng, written by ``asrkit
text languages`` together with docs/languages.md.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from importlib import resources
from typing import NamedTuple

from asrkit.text.espeak import EspeakError, known_voices, voice_of
from asrkit.text.g2p import epitran_name
from asrkit.text.languages import find_language
from asrkit.text.probe import Probe

SAFE, CARE, DO_NOT = "safe", "with care", "do not use"
_MANY_LETTERS = 0.1  # share of the letters that cannot be read
_OTHER_WORDS = 0.75  # differences, for each phone, of two readings that have nothing in common
_OTHER_PHONES = 0.2
_SHOWN = 8
RULES = (
    f"Verdicts: *{DO_NOT}*: the voice cannot read a tenth of the letters or more, or its readings"
    f" of the same numbers in digits and in words differ in {_OTHER_WORDS:.0%} of the phones;"
    f" *{CARE}*: any letter that it cannot read or reads as several, a symbol that is no IPA, tones"
    " that it does not tell apart, digits that are silent, or numbers that differ in more than"
    f" {_OTHER_PHONES:.0%}; *{SAFE}*: none of these. They say what can be found out without knowing"
    " the language: a voice may be safe and still be wrong about its vowels."
)


class Verdict(NamedTuple):
    """One of SAFE, CARE and DO_NOT, and why; empty for SAFE."""

    kind: str
    reasons: str


def verdict_of(found: Probe) -> Verdict:
    """The verdict on what a voice answered."""
    letters, reasons = found.letters, []
    if letters.unread:
        reasons.append(f"cannot read {shown(letters.unread)}")
    if letters.apart:
        reasons.append(f"reads one by one what is one letter: {shown(letters.apart)}")
    if found.strange:
        reasons.append(f"symbols that are no IPA: {shown(found.strange)}")
    if found.merged:
        groups = "; ".join(" ".join(map(str, group)) for group in found.merged)
        reasons.append(f"does not tell the tones {groups} apart")
    if found.silent_digits:
        reasons.append(f"the digits {found.silent_digits} are silent")
    errors = found.number_errors or 0.0
    if errors > _OTHER_PHONES:
        reasons.append(f"numbers in digits and in words differ in {errors:.0%} of their phones")
    many = len(letters.unread) >= _MANY_LETTERS * letters.tried > 0
    if many or errors >= _OTHER_WORDS:
        return Verdict(DO_NOT, "; ".join(reasons))
    return Verdict(CARE if reasons else SAFE, "; ".join(reasons))


def shown(symbols: list[str]) -> str:
    """The first of some letters or phones."""
    more = f" and {len(symbols) - _SHOWN} others" if len(symbols) > _SHOWN + 1 else ""
    return " ".join(symbols[: _SHOWN if more else None]) + more


@functools.cache
def _stored() -> tuple[str, dict[str, Verdict]]:
    file = resources.files("asrkit.text") / "data" / "verdicts.json"
    data = json.loads(file.read_text("utf-8"))
    return data["espeak"], {code: Verdict(*row) for code, row in data["verdicts"].items()}


def stored_verdict(language: str) -> Verdict | None:
    """The verdict on a language of a corpus; None for others, and for those without a voice."""
    found = find_language(language)
    return None if found is None else _stored()[1].get(found.code)


def advice(languages: list[str]) -> str:
    """One line about those of some languages that are not safe; empty if all are."""
    parts = []
    for language in languages:
        found = stored_verdict(language)
        if found is not None and found.kind != SAFE:
            kind = "use with care" if found.kind == CARE else found.kind
            parts.append(f"{language}: {kind} ({found.reasons})")
    if not parts:
        return ""
    return f"espeak-ng {_stored()[0]}, {'; '.join(parts)}; see docs/languages.md"


def why_characters(languages: Iterable[str]) -> str:
    """Why models of these languages are trained on characters rather than on espeak's phones, in
    one line: languages without a voice, or whose voice is not to be used. Empty if there are none.

    Raises EspeakError if espeak-ng cannot be loaded.
    """
    known_voices()
    parts = []
    for language in languages:
        found = stored_verdict(language)
        try:
            voice_of(language)
        except EspeakError as error:
            reason = str(error).split(";")[0]
        else:
            if found is None or found.kind != DO_NOT:
                continue
            reason = f"espeak-ng's voice for language {language!r} is not to be used"
        known = find_language(language)
        other = known is not None and epitran_name(known) is not None
        parts.append(reason + " (--g2p epitran has rules)" * other)
    return "; ".join(parts)
