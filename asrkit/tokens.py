"""The list of symbols a recognizer writes: phones, characters, BPE units or words."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

from asrkit.files import atomic, read_lines

BLANK = "<blank>"
UNK = "<unk>"
SPACE = "<space>"


class TokenError(ValueError):
    """A token list or a text that does not fit it."""


class TokenList:
    """Symbols and their numbers. Number 0 is ``<blank>``, 1 is ``<unk>``; no other specials.

    ``<space>`` is the word separator wherever words must be told apart (characters, or phones with
    word boundaries); a phone list need not have it.
    """

    def __init__(self, symbols: Sequence[str]) -> None:
        if list(symbols[:2]) != [BLANK, UNK]:
            raise TokenError(f"a token list begins with {BLANK} and {UNK}, not {symbols[:2]}")
        seen: dict[str, int] = {}
        for number, symbol in enumerate(symbols):
            if not symbol or symbol.split() != [symbol]:
                raise TokenError(f"token {number} is empty or holds white space: {symbol!r}")
            if symbol in seen:
                raise TokenError(f"duplicate token {symbol!r}: {seen[symbol]} and {number}")
            seen[symbol] = number
        self.symbols = list(symbols)
        self._numbers = seen

    @classmethod
    def build(cls, symbols: Iterable[str]) -> TokenList:
        """Specials first, then ``symbols`` without repeats, in the order given."""
        return cls([BLANK, UNK, *(s for s in dict.fromkeys(symbols) if s not in (BLANK, UNK))])

    @classmethod
    def read(cls, path: str | Path) -> TokenList:
        """One symbol a line; errors name the file."""
        if not Path(path).is_file():
            raise TokenError(f"{path}: no such file; python -m asrkit.bin.token_list makes it")
        try:
            return cls(read_lines(path))
        except TokenError as error:
            raise TokenError(f"{path}: {error}") from None

    def write(self, path: str | Path) -> None:
        """One symbol a line; the file appears whole or not at all."""
        with atomic(path) as out:
            out.write("\n".join(self.symbols) + "\n")

    def __len__(self) -> int:
        return len(self.symbols)

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._numbers

    @cached_property
    def _by_form(self) -> dict[str, str]:
        return {unicodedata.normalize("NFC", symbol): symbol for symbol in self.symbols}

    def own_form(self, symbol: str) -> str | None:
        """The symbol of this list that is ``symbol`` but for its Unicode form, composed or not."""
        if symbol in self._numbers:
            return symbol
        return self._by_form.get(unicodedata.normalize("NFC", symbol))

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """Numbers of ``tokens``; a symbol that is not in the list becomes ``<unk>``."""
        return [self._numbers.get(token, 1) for token in tokens]

    def decode(self, numbers: Iterable[int]) -> list[str]:
        """Symbols of ``numbers``, blanks left out."""
        out = []
        for number in numbers:
            if not 0 <= number < len(self.symbols):
                raise TokenError(
                    f"token number {number} is not in a list of {len(self.symbols)}; the model and"
                    " the token list belong to different experiments"
                )
            if number:
                out.append(self.symbols[number])
        return out
