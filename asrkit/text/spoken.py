"""What espeak is given for a text: its words, less what is written inside them and not spoken."""

from __future__ import annotations

import re
import unicodedata

from asrkit.text.scripts import base_language

# espeak reads these aloud by name, or breaks the word at them.
_SILENT = re.compile(
    "\u05f4"  # gershayim
    "|(?<=[όο]),(?=τι)"  # the comma of Greek "whatever"
    "|(?<=[^\\W\\d_]):(?=[^\\W\\d_])"  # before an ending, in Swedish and Finnish
    "|(?<=\\d)\u066c(?=\\d)"  # thousands
)
# Bengali khanda ta is read by its name, the two letters it stands for are not; Devanagari candra a
# is passed over where a word begins with it, candra e, which sounds alike, is not.
_READ = {0x066B: ".", 0x09CE: "\u09a4\u09cd", 0x0972: "\u090d"}
# By language. Unicode's composed forms (NFC) take some letters of Assamese apart; its voice then
# spells the whole word. It reads one when put together; the two that sound as the letter for r as
# that. Haitian ou is read as three vowels, u as what it stands for. The Mandarin voice has no tone
# 5 for the traditional letter, and spells it in English.
_OWN = {
    "as": {"\u09af\u09bc": "\u09df", "\u09a1\u09bc": "\u09f0", "\u09a2\u09bc": "\u09f0"},
    "ht": {"ou": "u"},
    "zh": {"兒": "儿"},
}
_RANGE = re.compile(r"(?<=\d)-(?=\d)")
_FRENCH_Y = re.compile(r"(?<=[\s-])y$")


class _Digits(dict[int, int | str]):
    """For str.translate: digits of any script as those from ``zero`` on."""

    def __init__(self, zero: str) -> None:
        self._zero = ord(zero)

    def __missing__(self, code: int) -> int | str:
        value = unicodedata.decimal(chr(code), None)
        self[code] = code if value is None else chr(self._zero + int(value))
        return self[code]


# Not every voice reads the digits of its own script (Urdu: silence); all but one read these.
_ASCII_DIGITS = _Digits("0")
_DIGITS = {"ne": _Digits("\u0966")}


def spoken(text: str, language: str) -> str:
    """A text normalized with its hyphens, for espeak: one word for each word of the text.

    Between digits a hyphen would be read as a dash or a minus; it becomes a space. The French
    pronoun at the end of *vas-y* would be read as the name of the letter.
    """
    language = base_language(language)
    text = _RANGE.sub(" ", _SILENT.sub("", text)).translate(_READ)
    for written, read in _OWN.get(language, {}).items():
        text = text.replace(written, read)
    text = text.translate(_DIGITS.get(language, _ASCII_DIGITS))
    return _FRENCH_Y.sub("i", text) if language == "fr" else text
