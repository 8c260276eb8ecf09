"""Words of a text in the tokens of a recognizer, which may be of another language.

Phones that it does not have become the nearest of those it has (text/nearest_phones.py), letters
those that sound alike when both are romanized (text/romanize.py). What has neither is counted, and
words that hold it are aligned by what is left of them.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from asrkit.files import DataError
from asrkit.segmentation.units import Unit
from asrkit.text.nearest_phones import Nearest
from asrkit.text.non_linguistic import NLSYMS
from asrkit.text.phonemize import Phonemizer
from asrkit.text.romanize import romanize
from asrkit.text.tokenize import BpeTokenizer, CharTokenizer
from asrkit.tokens import BLANK, SPACE, UNK, TokenList
from asrkit.vocabulary import without_language

_SHOWN = 10  # symbols that a message names


@dataclasses.dataclass
class Mapping:
    """Symbols of the text that the model does not have: how often, and what they have become."""

    symbols: int = 0
    replaced: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    counts: Counter[str] = dataclasses.field(default_factory=Counter)
    unread: Counter[str] = dataclasses.field(default_factory=Counter)

    @property
    def unknown(self) -> float:
        """Share of the symbols for which the model has nothing."""
        lost = sum(count for name, count in self.counts.items() if not self.replaced[name])
        return (lost + self.unread.total()) / max(1, self.symbols + self.unread.total())

    def shown(self) -> str:
        """``ç as ʃ (12), ...``: the most frequent first."""
        shown = [
            f"{name} as {' '.join(self.replaced[name]) or 'nothing'} ({count})"
            for name, count in self.counts.most_common(_SHOWN)
        ]
        return ", ".join(shown) + (", ..." if len(self.counts) > _SHOWN else "")

    def check(self, most: float, where: str) -> None:
        """Raises DataError if the share of ``unknown`` symbols is above ``most``."""
        if self.unknown > most:
            lost = Counter({n: c for n, c in self.counts.items() if not self.replaced[n]})
            names = " ".join(name for name, _ in (lost + self.unread).most_common(_SHOWN))
            raise DataError(
                f"{where}: the model has nothing for {100 * self.unknown:.0f} % of the symbols "
                f"({names}); is it in the language that --lang says? Take a model of phones, or of "
                "letters that sound like these, or raise --max_unknown"
            )


class Speller:
    """kind: what the model's tokens are, phn, char or bpe...; tokens: of the model; g2p: what makes
    phones, as a Phonemizer takes it.

    ``mapping`` tells what was replaced so far. Raises DataError where the kind needs what is not
    given, EspeakError or G2PError if phones are needed and there are none in this language.
    """

    def __init__(
        self,
        tokens: TokenList,
        kind: str,
        language: str,
        *,
        bpe_model: Path | None = None,
        g2p: str = "espeak",
    ) -> None:
        self.language = language
        names = dict.fromkeys(map(without_language, tokens.symbols))
        self._names = TokenList.build(names)
        self._own = [name for name in names if name not in (BLANK, UNK, SPACE, *NLSYMS)]
        self.mapping = Mapping()
        self._find: Callable[[str], tuple[str, ...]]
        if kind == "phn":
            self._split = self._phones
            self._phonemizer = Phonemizer(language, g2p=g2p)
            self._find = Nearest(self._own)
        elif kind == "char" or kind.startswith("bpe"):
            self._split = self._units
            if kind != "char" and bpe_model is None:
                raise DataError(
                    f"the model's tokens are subword units ({kind}): give --bpe_model, the file "
                    "that split the training text (data/token_list/.../bpe.model)"
                )
            self._tokenizer = CharTokenizer() if bpe_model is None else BpeTokenizer(bpe_model)
            self._find = Romanized(self._own)
        else:
            raise DataError(
                f"the model's tokens are of the kind {kind or 'unknown'!r}: alignment is for phn, "
                "char and bpe"
            )

    def __call__(self, units: Sequence[Unit]) -> list[list[list[str]]]:
        """The model's tokens of every word of every unit; a word that is not spoken, or of which
        the model has nothing, has none."""
        split = iter(self._split([unit for unit in units if unit.words]))
        found = [next(split) if unit.words else [] for unit in units]
        return [[self._known(tokens) for tokens in words] for words in found]

    def _phones(self, units: Sequence[Unit]) -> list[list[list[str]]]:
        """espeak reads sentences; where it does not speak as many words as there are, words."""
        read = self._phonemizer
        out = []
        texts = [read.normalized(unit.text) for unit in units]
        for unit, found in zip(units, read.read(texts), strict=True):
            phones = found.phones
            if not found.aligned or found.words != unit.words:
                alone = read.read([read.normalized(word) for word in unit.words])
                phones = [one.tokens() for one in alone]
            self.mapping.unread.update(found.unread)
            named = set(found.unread)  # by the voice, in place of what they stand for
            pairs = zip(unit.words, phones, strict=True)
            out.append([own if named.isdisjoint(word) else [] for word, own in pairs])
        return out

    def _units(self, units: Sequence[Unit]) -> list[list[list[str]]]:
        return [[self._tokenizer.encode(word) for word in unit.words] for unit in units]

    def _known(self, tokens: Sequence[str]) -> list[str]:
        out: list[str] = []
        mapping = self.mapping
        for token in tokens:
            mapping.symbols += 1
            own = self._names.own_form(token)
            if own is not None and own != UNK:
                out.append(own)
                continue
            mapping.counts[token] += 1
            if token not in mapping.replaced:
                mapping.replaced[token] = self._find(token)
            out.extend(mapping.replaced[token])
        return out


class Romanized:
    """Letters in the letters of one inventory that sound alike, by their Latin forms."""

    def __init__(self, inventory: Sequence[str]) -> None:
        self._by_roman: dict[str, str] = {}
        for symbol in sorted(inventory, key=lambda symbol: (not symbol.isascii(), len(symbol))):
            if roman := _roman(symbol):
                self._by_roman.setdefault(roman, symbol)
        self._longest = max(map(len, self._by_roman), default=0)

    def __call__(self, symbol: str) -> tuple[str, ...]:
        """The symbols that make up its Latin form, longest first from the left; what has none is
        left out. Empty if nothing is found."""
        roman, found = _roman(symbol) or "", []
        while roman:
            for length in range(min(self._longest, len(roman)), 0, -1):
                if roman[:length] in self._by_roman:
                    found.append(self._by_roman[roman[:length]])
                    break
            else:
                length = 1
            roman = roman[length:]
        return tuple(found)


def _roman(symbol: str) -> str | None:
    parts = [roman for _, roman in romanize(symbol)]
    return None if None in parts else "".join(roman for roman in parts if roman)
