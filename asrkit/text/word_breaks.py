"""What is not a letter, mark or digit: what vanishes, what stays inside words, what separates them.

- Invisible format characters (Unicode category Cf, variation selectors, fillers) and enclosing
  marks vanish: a text copied from the web is spelled as one that was typed. Zero width space is a
  word boundary in Unicode (in Khmer, Lao, Thai and Burmese the usual one): it separates. The zero
  width joiners decide what is written beside a virama, and the non-joiner between Arabic letters
  (Persian *mi-ravam*): there they stay. Elsewhere they change nothing and vanish.
- What UAX 29 counts as the middle of a word does not break one. Where it is part of the spelling it
  stays: Catalan and Occitan middle dots, Hebrew gershayim, the Greek comma of one word, colons in
  Swedish and Finnish, marks of decimals and thousands between digits. Armenian tone marks, other
  middle dots (French *étudiant·e*) and the stop of Spanish *1.º* vanish. Departures: a full stop
  between letters separates, as a missing space behind a sentence is commoner than an abbreviation;
  so do a colon in other languages, and Greek middle dots, which are semicolons.
- Everything else separates words.
"""

from __future__ import annotations

import re
import unicodedata

# Armenian tone marks, the stretch of a line in Arabic script (tatweel) and N'Ko, and those
# default-ignorable characters that are no format characters.
_IGNORED = re.compile(
    "[\u055b\u055c\u055e\u055f\u0640\u07fa"
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_HYPHENS = "-\u2010\u2011\u2212\u058a\u05be"
_GERSHAYIM = "\u05f4"
_JOINERS = "\u200c\u200d"
# Between digits: decimals and thousands; \u066b and \u066c are the Arabic ones.
_NUMBER = ".,\u066b\u066c"
_DECIDED_LATER = f"':\u00b7{_GERSHAYIM}{_NUMBER}{_JOINERS}"
_KEPT_DOTS = {"ca", "oc"}
_KEPT_COLONS = {"sv", "fi"}
# Stands for the comma of a Greek word while other commas go; no text has it after _classes.
_HELD = "\ue000"


class _Seen(dict[int, str]):
    """For str.translate: what is invisible or only decorates vanishes."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        category = unicodedata.category(character)
        # Signs around Arabic numbers (bidirectional class AN) are visible; ZWSP is a boundary.
        hidden = category == "Cf" and unicodedata.bidirectional(character) != "AN"
        hidden = hidden and character not in f"\u200b{_JOINERS}"
        ignored = _IGNORED.match(character) is not None or category == "Me"
        self[code] = found = "" if hidden or ignored else character
        return found


class _Classes(dict[int, str]):
    """For str.translate: itself, or a space."""

    def __missing__(self, code: int) -> str:
        self[code] = found = self._of(chr(code))
        return found

    @staticmethod
    def _of(character: str) -> str:
        category = unicodedata.category(character)
        if character in _DECIDED_LATER:
            return character
        if character in _HYPHENS:
            return "-"
        if character == "\u2027":  # hyphenation point
            return "\u00b7"
        return character if category[0] in "LMN" else " "


_seen = _Seen()
_classes = _Classes()
_OTHER = rf"\s'.,:\u00b7{_GERSHAYIM}\u066b\u066c{_JOINERS}\-"
# Scripts that UAX 29 breaks by dictionary or at every character, so that nothing joins them.
_NO_BREAKS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_LETTER = rf"[^\d{_OTHER}]"
_ALPHABETIC = rf"[^\d{_OTHER}{_NO_BREAKS}]"
_VIRAMAS = "".join(
    chr(code)
    for start, end in ((0x900, 0x1C00), (0xA800, 0xAC00), (0x11000, 0x11F80))
    for code in range(start, end)
    if unicodedata.combining(chr(code)) == 9
)
_ARABIC = "[\u0620-\u066a\u066e-\u074f\u0750-\u077f\u0870-\u08ff]"
_JOINER = re.compile(
    rf"(?<=[{_VIRAMAS}])(\u200d|\u200c(?=\w))[{_JOINERS}]*"
    rf"|([{_JOINERS}])[{_JOINERS}]*(?=[{_VIRAMAS}])"
    rf"|(?<={_ARABIC})(\u200c)[{_JOINERS}]*(?={_ARABIC})"
    rf"|[{_JOINERS}]+"
)
_HEBREW = "[\u05d0-\u05ea]"
_QUOTES = '"\u201c\u201d\u201e\u05f4'
# A prefix may precede a quotation: a mark inside a word that is closed later opened it.
_QUOTED = re.compile(rf'(?<={_HEBREW})"(?={_HEBREW})([^"]*[^\s"])"(?!{_HEBREW})')
_INSIDE_HEBREW = re.compile(f"(?<={_HEBREW})[{_QUOTES}](?={_HEBREW})")
# Spaces that do not break, and thin ones, between groups of three digits.
_GROUPED = re.compile("(?<!\\d)[1-9]\\d{0,2}(?:[\u00a0\u2009\u202f]\\d{3})+(?!\\d)")
_BEFORE_INDICATOR = re.compile("(?<=\\w)\\.(?=[ºª])")  # Spanish 1.º, Portuguese n.º
_NOT_BETWEEN_DIGITS = re.compile(rf"(?<!\d)[{_NUMBER}]|[{_NUMBER}](?!\d)")
_GREEK_WORD = re.compile("(?<!\\w)([όο]),(?=τι)")
_NO_COLON = re.compile(f"(?<![^{_OTHER}]):|:(?!{_LETTER})")
_DOT = re.compile(f"(?<={_ALPHABETIC})\u00b7(?={_ALPHABETIC})")
_NO_DOT = re.compile(f"(?<!{_ALPHABETIC})\u00b7|\u00b7(?!{_ALPHABETIC})")
_NO_GERSHAYIM = re.compile(f"(?<!{_HEBREW}){_GERSHAYIM}|{_GERSHAYIM}(?!{_HEBREW})")
_NO_HYPHEN = re.compile("(?<![^\\s-])-+|-+(?![^\\s-])|-{2,}")


def without_invisible(text: str, language: str) -> str:
    """Text without format characters and the like; joiners only where they mean something."""
    if text.isascii():
        return text
    text = text.translate(_seen)
    if "\u200c" in text or "\u200d" in text:
        if language == "ckb":  # heh that does not join, at a word's end too, is the vowel e
            text = text.replace("\u0647\u200c", "\u06d5")
        text = _JOINER.sub(lambda match: "".join(filter(None, match.groups())), text)
    return text


def break_words(text: str, language: str) -> str:
    """Lower-case text with ``'`` as apostrophe to words between spaces, hyphens as ``-`` inside.

    Apostrophes stay wherever they are: text/apostrophes.py knows which are quotation marks.
    """
    if not text.isascii():
        text = _GROUPED.sub(lambda number: re.sub(r"\s", "", number[0]), text)
    if _INSIDE_HEBREW.search(text):
        text = _INSIDE_HEBREW.sub(_GERSHAYIM, _QUOTED.sub(r" \1 ", text))
    text = _BEFORE_INDICATOR.sub("", text).translate(_classes)
    if language == "el":
        text = _GREEK_WORD.sub(rf"\1{_HELD}", text)
    text = _NOT_BETWEEN_DIGITS.sub(" ", text).replace(_HELD, ",")
    if ":" in text:
        kept = language in _KEPT_COLONS
        text = _NO_COLON.sub(" ", text) if kept else text.replace(":", " ")
    if "\u00b7" in text:
        if language not in _KEPT_DOTS and language != "el":
            text = _DOT.sub("", text)
        text = _NO_DOT.sub(" ", text) if language in _KEPT_DOTS else text.replace("\u00b7", " ")
    return _NO_HYPHEN.sub(" ", _NO_GERSHAYIM.sub(" ", text))
