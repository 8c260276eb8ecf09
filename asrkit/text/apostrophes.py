"""Apostrophes: one code point, and which of them are quotation marks.

Inside a word an apostrophe always belongs to it (*don't*, *l'eau*, Uzbek *o'zbek*). At a word's
edge it may be a letter or an elision (*users'*, Maltese *ta'*, Welsh *'na*) or a quotation mark. It
is taken for a quotation mark if it is one of a pair: an opening one before a word, and the nearest
closing one behind the same word or a later one. What a language is known to write at an edge is
never one of a pair.
"""

from __future__ import annotations

import re

# Quotation marks, primes, accents and modifier letters that writers use as apostrophes; Hebrew
# geresh and the Armenian apostrophe.
_APOSTROPHES = dict.fromkeys(
    map(
        ord,
        "\u2019\u2018\u201b\u2032\u2035\u00b4\u0060\u02bc\u02bb\u055a\u05f3\u1fbd\u1fbf",
    ),
    "'",
)
_POLYNESIAN = "'[aeiouāēīōū].*"  # the 'okina
# Words that begin with an apostrophe: regular expressions of whole words.
_BEGINNINGS = {
    "en": "'(em|til|cause|bout|tis|twas)",
    "nl": "'(s|t|n|k|m|r)",
    "af": "'(n|t|k|s|m)",
    "fy": "'(t|s|n|k|e|m|r|er)",
    "de": "'(s|n|ne|nen|nem|ner|m|ran|raus|rein|rauf|rum|runter)",
    "it": "'(sto|sta|ndrangheta)",
    "ca": "'(l|ls|n|ns|m|t|s|hi|ho)",
    "mt": "'(l|il|i|k|n|m|d|t|s|x)",
    "cy": "'(na|da|di|dy|ma|r|n|i|u|w|m|th|ch|ta|run|sdim|sgen|smo|roedd|dan|dyn|dwi|dw|rwy|nôl)",
    "ha": "'[yƴ].*",
    **dict.fromkeys("haw to sm ty rar".split(), _POLYNESIAN),
}
# Words that end in one.
_ENDINGS = {
    "it": "(po|mo|fa|va|da|di|sta|be|ca|to)'",
    "mt": ".*[aeiou]'",
    "uz": ".*[og]'",
    "kaa": ".*[aougni]'",
}
_BEGINS = {language: re.compile(words) for language, words in _BEGINNINGS.items()}
_ENDS = {language: re.compile(words) for language, words in _ENDINGS.items()}


def one_apostrophe(text: str) -> str:
    """Every apostrophe as ``'``."""
    return text.translate(_APOSTROPHES)


def without_quotes(words: list[str], language: str) -> list[str]:
    """Words in lower case without the apostrophes that are quotation marks; some become empty.

    Doubled ones are double quotation marks, and one beside a digit is a prime.
    """
    begins, ends = _BEGINS.get(language), _ENDS.get(language)
    heads, cores, tails = [], [], []
    opened: list[int] = []
    for place, word in enumerate(words):
        head, core, tail = _split(word)
        first = begins is not None and begins.fullmatch(f"'{core}") is not None
        last = ends is not None and ends.fullmatch(f"{core}'") is not None
        heads.append("'" if head and (first or (len(head) == 1 and not core[:1].isdigit())) else "")
        tails.append("'" if tail and (last or len(tail) == 1) else "")
        cores.append(re.sub("'{2,}", "'", core))
        opens = len(head) == 1 and not first
        if opens:
            opened.append(place)
        # A word between two is quoted, also where its own letters might end in one.
        if opened and len(tail) == 1 and (opens or not last):
            heads[opened.pop()] = tails[place] = ""
        elif opened and len(tail) == 2 and last:
            heads[opened.pop()] = ""  # its own, and a closing one
        if core[-1:].isdigit():
            tails[place] = ""
    return ["".join(parts) if parts[1] else "" for parts in zip(heads, cores, tails, strict=True)]


def _split(word: str) -> tuple[str, str, str]:
    """Apostrophes at the beginning, what is between, apostrophes at the end."""
    core = word.strip("'")
    if not core or core == word:
        return "", core, ""
    at = word.index(core)
    return word[:at], core, word[at + len(core) :]
