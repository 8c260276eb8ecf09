"""Tags and markup in texts: what is between brackets is no letters: a symbol, or an error.

Transcripts write noises as ``[noise]``, ``<NOISE>`` or ``(coughs)``; sentences taken from the web
hold elements and entities of HTML. Of both nobody says the letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html.entities import html5

from asrkit.arguments import warn
from asrkit.text.non_linguistic import NLSYMS
from asrkit.tokens import SPACE

_NAMES = {
    "<hes>": "hes hesitation hesitations",
    "<laugh>": "laugh laughs laughing laughter",
    "<noise>": "noise noises nsn non-speech background-noise click ring dtmf music applause beep",
    "<oov>": "oov unk unknown unintelligible inaudible",
    "<silence>": "silence sil pause no-speech",
    "<v-noise>": "v-noise spn spoken-noise vocalized-noise vocal-noise breath breathing breathes"
    " cough coughs coughing lipsmack lip-smack sigh sighs sighing sneeze sneezes throat-clearing"
    " clears-throat",
}
# What Kaldi, LDC, ESPnet and captions call them, in lower case, with hyphens: a symbol for each.
TAGS = {name: symbol for symbol, names in _NAMES.items() for name in names.split()}
assert set(TAGS.values()) == set(NLSYMS)

# Each alternative ends at the next bracket, so that a junk line of a million letters costs nothing.
_MARKUP = re.compile(
    r"<(?:[/?]?[^\W\d_]|!)[^<>]*>"  # a tag or an element of HTML
    r"|\[[^\[\]]*\]|\{[^{}]*\}"
    r"|\(\([^()]*\)\)"  # LDC: not understood, or guessed
    r"|\([^()]*\)"
    r"|&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
)
_WIDE = str.maketrans("＜＞［］｛｝（）＆；", "<>[]{}()&;")
_ASIDE = re.compile(r"\([^()]*\)")


class MarkupError(ValueError):
    """A text with markup that is no known symbol."""


def tags_to_nlsyms(text: str) -> str:
    """Every tag of ``TAGS``, in brackets of any kind, as its symbol, with spaces around it.

    Other words in parentheses are text. Raises MarkupError at all other words in brackets, at
    elements and at entities of HTML.
    """
    text = text.translate(_WIDE)
    return _MARKUP.sub(_symbol, text) if any(sign in text for sign in "<[{(&") else text


def has_markup(text: str) -> bool:
    """Whether ``tags_to_nlsyms`` refuses the text."""
    try:
        tags_to_nlsyms(text)
    except MarkupError:
        return True
    return False


def _symbol(found: re.Match[str]) -> str:
    whole = found[0]
    symbol = "<oov>" if whole == "(())" else TAGS.get(_name(whole))
    if symbol is not None:
        return f" {symbol} "
    if _is_text(whole):
        return whole
    raise MarkupError(
        f"the text holds the markup {whole[:60]!r}, whose letters nobody says; write what is said"
        f" in its place, or a symbol ({', '.join(NLSYMS)}), or take it away"
    )


def _name(tag: str) -> str:
    """``Lip_smack`` of ``<Lip_smack/>`` as ``lip-smack``; nothing for an entity."""
    return re.sub(r"[\s_-]+", "-", tag.strip("<>[]{}()/ ").lower())


def _is_text(found: str) -> bool:
    """Punctuation around nothing spoken, words in parentheses, ``&co;``, and ``<space>``, which
    has a message of its own."""
    if found[0] == "&":
        return found[1] != "#" and found[1:] not in html5
    single = found[0] == "(" and found[1] != "("
    return single or found == SPACE or not any(map(str.isalnum, found))


def warn_of_asides(texts: Iterable[str], source: object) -> None:
    """Tells on standard error how many of the lines of ``source`` hold words in parentheses that
    are not a known tag: they are taken to be said."""
    count, first = 0, ""
    for number, text in enumerate(texts, start=1):
        asides = _ASIDE.findall(text) if "(" in text else []
        said = [aside for aside in asides if any(map(str.isalpha, aside))]
        said = [aside for aside in said if _name(aside) not in TAGS]
        count += bool(said)
        if said and not first:
            first = f"{source}:{number}: {said[0][:60]!r}"
    if count:
        warn(f"{count} texts have words in parentheses, which are taken to be said; first {first}")
