"""Letters of any alphabet in plain Latin ones, roughly as they sound.

For aligning a text with a recognizer that writes other letters, not for reading: what matters is
that sounds that are alike come out alike. Latin letters lose their marks; Cyrillic, Greek, Arabic,
Hebrew, Georgian and Armenian have a table; syllables (Hangul, kana, Ethiopic) and the letters of
India's scripts are taken from their names in Unicode. Chinese characters have no reading here.
"""

from __future__ import annotations

import functools
import re
import unicodedata

_CYRILLIC = (
    "а a б b в v г g д d е e ж zh з z и i й y к k л l м m н n о o п p р r с s т t у u ф f х kh "
    "ц ts ч ch ш sh щ shch ъ - ы y ь - э e ю yu я ya і i ј y ў u ґ g є e ђ dj ћ ch љ l њ n џ dzh "
    "ѕ dz ә a ғ g қ k ң ng ө o ұ u ү u һ h ѣ e ѳ f ѵ i ӏ -"
)
_GREEK = (
    "α a β v γ g δ d ε e ζ z η i θ th ι i κ k λ l μ m ν n ξ x ο o π p ρ r σ s ς s τ t υ i φ f χ kh "
    "ψ ps ω o"
)
_ARABIC = (
    "ا a ب b ت t ث th ج j ح h خ kh د d ذ d ر r ز z س s ش sh ص s ض d ط t ظ z ع - غ g ف f ق k ك k "
    "ک k ل l م m ن n ه h ة a و w ي y ی y ى a ء - آ a أ a إ i ؤ w ئ y پ p چ ch ژ zh گ g ے e ہ h ھ h "
    "ں n ٹ t ڈ d ڑ r \u064e a \u064f u \u0650 i"
)
_HEBREW = (
    "א - ב b ג g ד d ה h ו v ז z ח kh ט t י y כ k ך k ל l מ m ם m נ n ן n ס s ע - פ p ף f צ ts "
    "ץ ts ק k ר r ש sh ת t"
)
_GEORGIAN = (
    "ა a ბ b გ g დ d ე e ვ v ზ z თ t ი i კ k ლ l მ m ნ n ო o პ p ჟ zh რ r ს s ტ t უ u ფ p ქ k ღ g "
    "ყ k შ sh ჩ ch ც ts ძ dz წ ts ჭ ch ხ kh ჯ j ჰ h"
)
_ARMENIAN = (
    "ա a բ b գ g դ d ե e զ z է e ը e թ t ժ zh ի i լ l խ kh ծ ts կ k հ h ձ dz ղ g ճ ch մ m յ y ն n "
    "շ sh ո o չ ch պ p ջ j ռ r ս s վ v տ t ր r ց ts ւ v փ p ք k օ o ֆ f և ev"
)
_LATIN = (
    "ß ss æ ae œ oe ø o đ d ð d þ th ł l ı i ŋ ng ħ h ŧ t ə e ɛ e ɔ o ɓ b ɗ d ƙ k ƴ y ɣ g ʋ v ŉ n "
    "ɖ d ƒ f ʊ u ɩ i ʼ - ' -"
)


def _table() -> dict[str, str]:
    found: dict[str, str] = {}
    for row in (_CYRILLIC, _GREEK, _ARABIC, _HEBREW, _GEORGIAN, _ARMENIAN, _LATIN):
        fields = row.split()
        found.update(zip(fields[::2], (roman.strip("-") for roman in fields[1::2]), strict=True))
    return found


_TABLE = _table()
# Of names: kana and Ethiopic syllables, Hangul, letters and vowel signs of India's scripts.
_NAMED = re.compile(r"(?:LETTER|SYLLABLE|VOWEL SIGN)(?: SMALL)? ((?:VOCALIC )?[A-Z]+)$")
_SYLLABLES = ("HIRAGANA", "KATAKANA", "ETHIOPIC", "HANGUL", "CHEROKEE")
_INDIC = "DEVANAGARI BENGALI GUJARATI GURMUKHI ORIYA TAMIL TELUGU KANNADA MALAYALAM SINHALA".split()


@functools.lru_cache(maxsize=100_000)
def _letter(character: str) -> str | None:
    """Latin letters of one; empty for marks and signs of no sound, None if it is not known."""
    if character in _TABLE:
        return _TABLE[character]
    if "a" <= character <= "z":
        return character
    if character in ("\u200c", "\u200d") or unicodedata.category(character) == "Mn":
        name = unicodedata.name(character, "")
        named = _NAMED.search(name)
        return named[1].lower() if named and "VOWEL SIGN" in name else ""
    name = unicodedata.name(character, "")
    script, named = name.split(" ")[0], _NAMED.search(name)
    if named and (script in _SYLLABLES or script in _INDIC):
        return named[1].removeprefix("VOCALIC ").lower()
    return None


def romanize(word: str) -> list[tuple[str, str | None]]:
    """Every character of a normalized word with its Latin letters, [a-z]*; None if it has none.

    Consonants of India's scripts have the vowel that is not written, unless a sign follows.
    """
    found: list[tuple[str, str | None]] = []
    plain = _without_marks(word)
    for place, character in enumerate(plain):
        roman = _letter(character)
        following = plain[place + 1 : place + 2]
        if roman and roman != "a" and roman.endswith("a") and _silences(character, following):
            roman = roman[:-1]
        found.append((character, roman))
    return found


def _silences(character: str, following: str) -> bool:
    """Whether a sign takes the vowel of the letter before it away: a virama, or another vowel."""
    script = unicodedata.name(character, "").split(" ")[0]
    if script not in _INDIC or not following:
        return False
    name = unicodedata.name(following, "")
    return unicodedata.combining(following) == 9 or "VOWEL SIGN" in name


def _without_marks(word: str) -> str:
    """Latin, Greek and Cyrillic letters without marks; those that have a table entry stay whole."""
    out = []
    for character in unicodedata.normalize("NFC", word):
        if character in _TABLE:
            out.append(character)
            continue
        base, *marks = list(unicodedata.normalize("NFD", character))
        out.append(base if marks and (base in _TABLE or base.isascii()) else character)
    return "".join(out)
