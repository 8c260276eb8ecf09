"""docs/languages.md: what espeak-ng does with every language, as a table and notes."""

from __future__ import annotations

import importlib.metadata
import json
import textwrap
from collections.abc import Iterable, Mapping

from asrkit.text.espeak import EspeakError, versions
from asrkit.text.g2p import epitran_name
from asrkit.text.languages import Language, sources
from asrkit.text.probe import Probe, probe
from asrkit.text.scripts import script_of
from asrkit.text.verdict import RULES, Verdict, shown, verdict_of

_SHORT = {"Common Voice": "cv", "FLEURS": "fleurs", "MLS": "mls", "BABEL": "babel"}
_HEAD = """# Languages

What espeak-ng {espeak} (espeakng-loader {loader}) does with each language of Common Voice
{common_voice}, FLEURS, MLS and BABEL, found out by asking it. Written by

```
asrkit text languages --out docs/languages.md --verdicts asrkit/text/data/verdicts.json
```

`asrkit text languages --lang sw ky` prints some of it. `phonemize` warns of the verdicts that are
not *safe*.

Letters, numbers in words, ordinals, months and days are CLDR's ({cldr}, {license};
`tools/language_data.py` fetches them). All goes to the voice as texts do: in asrkit's spelling,
mended where [text.md](text.md) says so.

{rules}

Columns: *corpora*: cv, fleurs, mls, babel. *Letters*: those tried, without apostrophes; + those
the voice cannot read. *Phones*: symbols in its readings of letters, numbers and phrases, without
digits of tones; + those that are no IPA. *Numbers*: differences between its readings of 0 to 31
and 100 in digits and in words, for each phone. *Ordinals*: of 7, written as CLDR does, those read
as ordinals; in parentheses, of a text that was in lower case and without its stops before.
*Words*: of the phrases, those said as fewer (-) and as more (+) words than written. *' and -*: of
12 words (fewer where CLDR has fewer) with an apostrophe or a hyphen put in the middle, those read
as without. A dash: CLDR has nothing to ask.

| | language | corpora | voice | verdict | letters | phones | numbers | ordinals | words | ' | - |
|---|---|---|---|---|--:|--:|--:|--:|--:|--:|--:|
"""
_NOTES = """
## Notes

Letters: *named*, *passed over* or read *in another language* wherever they occur; *bare*: read as
without their marks; *one by one*: several that are one letter, read as several; *alike*: four or
more read as one; *silent* between vowels, which may be right. *Spelled*: what the spelling makes
of a letter; all other letters it keeps.

"""
_WITHOUT = """
## No voice

To be trained on characters (`--token_type char`), or with phones brought along
([text.md](text.md)). epitran (release {version}) makes phones of some (`--g2p epitran`); uroman
writes other scripts in Latin letters.

| | language | corpora | besides characters |
|---|---|---|---|
"""


def answers(languages: Iterable[Language]) -> dict[str, Probe | None]:
    """By code, what each language's voice answers; None without a voice."""
    found: dict[str, Probe | None] = {}
    for language in languages:
        try:
            found[language.code] = probe(language)
        except EspeakError:
            found[language.code] = None
    return found


def verdicts(found: Mapping[str, Probe | None]) -> dict[str, Verdict]:
    """By code; languages without a voice have none."""
    return {code: verdict_of(one) for code, one in found.items() if one is not None}


def verdicts_json(found: Mapping[str, Probe | None]) -> str:
    """The verdicts as data/verdicts.json holds them: a line each."""
    rows = (
        f"{json.dumps(code)}: {json.dumps(list(verdict), ensure_ascii=False)}"
        for code, verdict in verdicts(found).items()
    )
    head = json.dumps({"espeak": versions()["espeak"]})[1:-1]
    return "{" + head + ', "verdicts": {\n' + ",\n".join(rows) + "\n}}\n"


def page(languages: Iterable[Language], found: Mapping[str, Probe | None]) -> str:
    """The whole page, in Markdown."""
    rows, notes, without = [], [], []
    for language in languages:
        answer = found[language.code]
        if answer is None:
            without.append(row_without_voice(language))
        else:
            rows.append(row(language, answer))
            notes.append(note(language, answer))
    head = _HEAD.format(
        **{name: value for name, value in sources().items() if name != "epitran"},
        espeak=versions()["espeak"],
        loader=importlib.metadata.version("espeakng-loader"),
        rules=textwrap.fill(RULES, 98),
    )
    tail = _WITHOUT.format(version=sources()["epitran"])
    return head + "".join(rows) + _NOTES + "".join(notes) + tail + "".join(without)


def row(language: Language, found: Probe) -> str:
    """A line of the table."""
    letters, ordinals, words = found.letters, "—", "—"
    if found.ordinals:
        ordinals = f"{found.ordinals_read} ({found.ordinals_lowered})"
    if found.phrases:
        said = [f"-{found.joined}"] * (found.joined > 0) + [f"+{found.split}"] * (found.split > 0)
        words = f"{' '.join(said) or '0'} of {found.phrases}"
    cells = [
        language.code,
        language.name,
        _corpora(language),
        found.voice,
        verdict_of(found).kind,
        _plus(letters.tried, len(letters.unread)) if letters.tried else "—",
        _plus(len(found.phones) - len(found.strange), len(found.strange)),
        "—" if found.number_errors is None else f"{found.number_errors:.0%}",
        ordinals,
        words,
        *(_share(found.marks.get(mark)) for mark in "'-"),
    ]
    return _line(cells)


def note(language: Language, found: Probe) -> str:
    """A paragraph of what the table has no room for; empty if there is nothing."""
    letters = found.letters
    parts = [
        f"{name} {shown(list(what))}"
        for name, what in (
            ("named", letters.named),
            ("passed over", letters.skipped),
            ("in another language", letters.foreign),
            ("no IPA", found.strange),
            ("one by one", letters.apart),
            ("bare", letters.bare),
            ("silent", letters.silent),
            (
                "alike",
                [", ".join(" = ".join(group) for group in letters.alike)][: len(letters.alike)],
            ),
            ("spelled", [f"{letter} as {spelled}" for letter, spelled in letters.respelled]),
            ("silent digits", found.silent_digits),
        )
        if what
    ]
    if found.tones:
        groups = "; ".join(" and ".join(map(str, group)) for group in found.merged)
        told = f"{groups} are not told apart" if groups else "all told apart"
        parts.append(f"{found.tones} tones, {told}")
    text = "; ".join(part.replace("*", "\\*").replace("`", "\\`") for part in parts)
    return f"**{language.code}** {language.name}: {text}\n\n" if parts else ""


def row_without_voice(language: Language) -> str:
    """A line of the second table."""
    name = epitran_name(language)
    others = [] if name is None else [f"epitran {name}"]
    scripts = {script_of(character) for letter in language.letters for character in letter}
    if "LATIN" not in scripts and scripts != {None} and scripts:
        others.append("uroman")
    return _line([language.code, language.name, _corpora(language), ", ".join(others) or "—"])


def _corpora(language: Language) -> str:
    return " ".join(_SHORT[name] for name in language.corpora)


def _plus(count: int, bad: int) -> str:
    return f"{count} + {bad}" if bad else str(count)


def _share(pair: tuple[int, int] | None) -> str:
    if pair is None:
        return "—"
    return str(pair[0]) if pair[1] == 12 else f"{pair[0]} of {pair[1]}"


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"
