"""One encoding for each letter, where Unicode has several and a reader sees no difference.

Three rules, in this order: compatibility forms (full and half width, Arabic presentation forms,
ligatures, mathematical alphabets, Roman numerals of one code point) become the letters they stand
for; the tables below choose one code point where a language's writers use several; a letter of the
wrong script inside a word becomes its twin (Latin *o* in a Cyrillic word). Superscripts, circled
numbers and fractions are left alone: they mean something else.
"""

from __future__ import annotations

import functools
import re
import unicodedata

from asrkit.text.scripts import scripts_of

# Kinds of compatibility decompositions in Unicode's data that name a shape, not another letter.
_SHAPES = {"wide", "narrow", "small", "vertical", "initial", "medial", "final", "isolated", "font"}
# "compat" says too little: of letters it is a ligature or digraph, but these decompose into what
# nobody writes (Thai and Lao sara am, Lao digraphs, jamo), or is a letter of its own (Armenian ew).
_WHOLE = re.compile("[\u0587\u0e33\u0eb3\u0edc\u0edd\u3131-\u318e\uffa0-\uffdc]")


def _am(nikhahit: str, tones: str, aa: str, am: str) -> dict[str, str]:
    """Sara am of Thai or Lao typed as its two parts, before or after a tone mark or without one."""
    orders = {f"{t}{nikhahit}{aa}": f"{t}{am}" for t in tones}
    orders |= {f"{nikhahit}{t}{aa}": f"{t}{am}" for t in tones}
    return {nikhahit + aa: am, **orders}


# In all languages that have these letters.
_ALL = {
    "\u0e40\u0e40": "\u0e41",  # Thai sara e twice: sara ae
    "\u0ec0\u0ec0": "\u0ec1",  # the same in Lao
    **_am("\u0e4d", "\u0e48\u0e49\u0e4a\u0e4b", "\u0e32", "\u0e33"),
    **_am("\u0ecd", "\u0ec8\u0ec9\u0eca\u0ecb", "\u0eb2", "\u0eb3"),
    # Malayalam chillus before Unicode 5.1, and Bengali khanda ta before 4.1
    "\u0d23\u0d4d\u200d": "\u0d7a",
    "\u0d28\u0d4d\u200d": "\u0d7b",
    "\u0d30\u0d4d\u200d": "\u0d7c",
    "\u0d32\u0d4d\u200d": "\u0d7d",
    "\u0d33\u0d4d\u200d": "\u0d7e",
    "\u09a4\u09cd\u200d": "\u09ce",
    # Devanagari and Bengali vowels put together from a and a sign
    "\u0905\u093e": "\u0906",
    "\u0905\u0945": "\u0972",
    "\u0905\u0949": "\u0911",
    "\u0905\u094b": "\u0913",
    "\u0905\u094c": "\u0914",
    "\u0985\u09be": "\u0986",
    "\u0bb8\u0bcd\u0bb0\u0bc0": "\u0bb6\u0bcd\u0bb0\u0bc0",  # Tamil shri
}
_PERSIAN = {"\u064a": "\u06cc", "\u0649": "\u06cc", "\u0643": "\u06a9"}  # yeh, kaf
_CEDILLA = {"\u0219": "\u015f", "\u021b": "\u0163"}
_STROKE = {"\u00f0": "\u0111"}  # eth, whose capital looks like that of d with stroke
_SCHWA = {"\u0259": "\u04d9", "\u01dd": "\u04d9"}
_OPEN = {"\u0329": "\u0323"}  # vertical line below, as dot below
_EW = {"\u0565\u0582": "\u0587"}  # Armenian yech and yiwn
# By language, in lower case.
_LETTERS: dict[str, dict[str, str]] = {
    "ro": {"\u015f": "\u0219", "\u0163": "\u021b"},  # cedilla of Latin-2 and old fonts: comma below
    **dict.fromkeys("tr az crh gag ku kmr tk".split(), _CEDILLA),
    **dict.fromkeys("hy hyw".split(), _EW),
    **dict.fromkeys("vi hr bs sr se".split(), _STROKE),
    **dict.fromkeys("kk tt ba".split(), _SCHWA),
    **dict.fromkeys("yo ig".split(), _OPEN),
    "ca": dict.fromkeys((f"l{dot}l" for dot in ".\u2022\u2027\u22c5\u2219\u30fb"), "l\u00b7l"),
    "fa": {**_PERSIAN, "\u06c0": "\u0647\u0654"},
    "ps": {"\u0643": "\u06a9"},
    "ur": {**_PERSIAN, "\u0647": "\u06c1", "\u06c0": "\u06c2"},
    "ckb": {**_PERSIAN, "\u06be": "\u0647"},
    "ar": {"\u06cc": "\u064a", "\u06a9": "\u0643"},
    "ab": {"\u04a7": "\u0525", "\u0495": "\u04f7"},  # pe and ghe with hook: with descender
}
_LETTERS["az"] = {**_CEDILLA, "\u04d9": "\u0259", "\u01dd": "\u0259"}
# Latin and Cyrillic letters of one shape: (Latin, Cyrillic, languages with the Cyrillic one).
_TWINS = [
    *((latin, cyrillic, "") for latin, cyrillic in zip("aceopxyë", "асеорхуё", strict=True)),
    ("i", "\u0456", "uk be kk kv rue"),
    ("ï", "\u0457", "uk"),
    ("j", "\u0458", "sr mk"),
    ("s", "\u0455", "mk"),
    ("h", "\u04bb", "kk tt ba sah"),
    ("ă", "\u04d1", "cv"),
    ("ĕ", "\u04d7", "cv"),
    ("ç", "\u04ab", "cv"),
    ("ÿ", "\u04f3", "cv"),
    ("æ", "\u04d5", "os"),
]
# The palochka of the Caucasus is typed as any upright stroke.
_PALOCHKA_LANGUAGES = "ab abq ady av ce dar inh kbd lbe lez tab".split()
_PALOCHKA = re.compile("(?<=[\u0430-\u052f])[il1]+|[il1]+(?=[\u0430-\u052f])")
_STROKE_SIGN = re.compile("(?<=[\u0430-\u052f])\\||\\|(?=[\u0430-\u052f])")
_CYRILLIC = re.compile("[\u0400-\u052f]")
_LATIN = re.compile("[a-z\u00df-\u024f]")
_WORD = re.compile("[^\\W\\d_]+")


class _Shapes(dict[int, str]):
    """For str.translate: code point to the letters that a compatibility form stands for."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        tag, _, parts = unicodedata.decomposition(character).partition("> ")
        letter = unicodedata.category(character) in ("Lu", "Ll", "Lt", "Lo", "Nl")
        radical = 0x2E80 <= code <= 0x2FD5
        folds = tag[1:] in _SHAPES or (tag == "<compat" and (letter or radical))
        if folds and not _WHOLE.match(character):
            # Some marks of Arabic decompose into a space and the mark, which belongs to a letter.
            whole = "".join(self[int(part, 16)] for part in parts.split())
            character = whole.strip() or character
        self[code] = character
        return character


_shapes = _Shapes()


def letters_of_shapes(text: str) -> str:
    """Compatibility forms to the letters they stand for; NFC."""
    return text if text.isascii() else unicodedata.normalize("NFC", text.translate(_shapes))


@functools.cache
def _table(language: str) -> tuple[re.Pattern[str], dict[str, str]]:
    table = {**_ALL, **_LETTERS.get(language, {})}
    longest = sorted(table, key=lambda letters: (-len(letters), letters))
    return re.compile("|".join(map(re.escape, longest))), table


@functools.cache
def _twins(language: str) -> tuple[re.Pattern[str], re.Pattern[str], dict[int, str]] | None:
    """What a word of the language's script holds, what does not belong there, and its twins."""
    script = scripts_of(language)[0]
    if script == "CYRILLIC":
        twins = {a: b for a, b, only in _TWINS if not only or language in only.split()}
        return _CYRILLIC, _LATIN, {ord(a): b for a, b in twins.items()}
    if script == "LATIN":
        return _LATIN, _CYRILLIC, {ord(b): a for a, b, only in _TWINS if a.isascii()}
    return None


def one_encoding(text: str, language: str) -> str:
    """Lower-case text (NFC, without compatibility forms) with one code point for each letter."""
    if text.isascii() and language != "ca":
        return text
    pattern, table = _table(language)
    text = pattern.sub(lambda match: table[match[0]], text)
    if language in _PALOCHKA_LANGUAGES:
        text = _STROKE_SIGN.sub("\u04cf", text)
    return unicodedata.normalize("NFC", text)


def own_script(text: str, language: str) -> str:
    """Lower-case words, in which letters that only look like the language's become these."""
    if language in _PALOCHKA_LANGUAGES:
        text = _PALOCHKA.sub(lambda match: "\u04cf" * len(match[0]), text)
    found = _twins(language)
    if found is None or text.isascii():
        return text
    own, foreign, twins = found
    if not (foreign.search(text) and own.search(text)):
        return text

    def right(match: re.Match[str]) -> str:
        word = match[0]
        strangers = foreign.findall(word)
        if not strangers or any(ord(letter) not in twins for letter in strangers):
            return word
        # A word of nothing but twins may be a foreign word.
        looks = set(map(ord, own.findall(word))) - set(map(ord, twins.values()))
        return word.translate(twins) if looks else word

    return _WORD.sub(right, text)


def likenesses() -> dict[str, str]:
    """Letters of all languages that look like another: code point to the one it stands for.

    Without what looks different in lower case (_STROKE) and marks that mean something else in
    phonetic alphabets (_OPEN).
    """
    found = {cyrillic: latin for latin, cyrillic, _ in _TWINS}
    for table in (_PERSIAN, _CEDILLA, _LETTERS["ur"]):
        found |= {a: b for a, b in table.items() if len(a) == len(b) == 1}
    return {**found, "\u04d9": "\u0259", "\u01dd": "\u0259", "\u04cf": "i", "\u06d5": "\u06c1"}
