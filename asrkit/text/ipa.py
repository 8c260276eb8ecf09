"""Which symbols are the International Phonetic Alphabet's (chart of 2020).

espeak writes most phones in them; some voices have names of its own (*N*, *u"*), and tones in
digits behind the vowel.
"""

from __future__ import annotations

import re
import unicodedata

_LETTERS = frozenset(
    "pbtdʈɖcɟkɡgqɢʔmɱnɳɲŋɴʙrʀⱱɾɽɸβfvθðszʃʒʂʐçʝxɣχʁħʕhɦɬɮʋɹɻjɰlɭʎʟ"  # pulmonic consonants
    "ʘǀǃǂǁɓɗʄɠʛʍwɥʜʢʡɕʑɺɧ"  # clicks, implosives, others
    "iyɨʉɯuɪʏʊeøɘɵɤoəɛœɜɞʌɔæɐaɶɑɒ"
    "ɚɝɫ"  # vowels with a hook, and the l that the chart writes with a tilde
    "ᵻᵿ"  # not on the chart, but known from dictionaries: ɪ or ə, ʊ or ə
)
_MODIFIERS = frozenset("ʰʷʲˠˤⁿˡʼːˑ˞ˀʱᵊᵝ˥˦˧˨˩")
# Below and above a letter; decomposed.
_MARKS = frozenset(
    "\u0325\u030a\u032c\u0339\u031c\u031f\u0320\u0308\u033d\u0329\u032f\u0324\u0330\u033c\u0334"
    "\u031d\u031e\u0318\u0319\u032a\u033a\u033b\u0303\u031a\u0306\u030b\u0301\u0304\u0300\u030f"
    "\u030c\u0302\u0361\u035c"
)
_TONE = re.compile(r"\d+")


def is_letter(character: str) -> bool:
    """Whether it is a phone by itself."""
    return character in _LETTERS or character == "ç"


def is_mark(character: str) -> bool:
    """Whether it belongs to the letter before it."""
    return character in _MODIFIERS or character in _MARKS


def strange_symbols(phone: str) -> str:
    """What of a phone is not in the alphabet, digits of tones aside; empty if all is."""
    plain = unicodedata.normalize("NFD", phone.replace("ç", "c"))
    known = _LETTERS | _MODIFIERS | _MARKS
    return "".join(c for c in _TONE.sub("", plain) if c not in known)


def without_tone(phone: str) -> str:
    """A phone without the digits that espeak writes its tone with."""
    return _TONE.sub("", phone)
