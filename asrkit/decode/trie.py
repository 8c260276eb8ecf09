"""The spellings of a lexicon in a trie of flashlight's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flashlight.lib.text.decoder import SmearingMode, Trie
from flashlight.lib.text.dictionary import Dictionary

from asrkit.decode.lexicon import Lexicon
from asrkit.decode.overlap import losses, some
from asrkit.tokens import TokenList

_HOMOPHONES = 6  # what a node of flashlight's trie can hold


def fill(
    trie: Trie,
    lexicon: Lexicon,
    ends: Sequence[tuple[int, ...]],
    tokens: TokenList,
    words: Dictionary,
    lm: Any,
) -> list[str]:
    """Puts a lexicon into an empty trie; a note on the homophones that it cannot hold.

    ends: what may follow a spelling as a part of the word. words: their numbers, by which ``lm``
    knows them.
    """
    start = lm.start(False)
    scored = {}
    for word in lexicon:
        number = words.get_index(word)
        scored[word] = (number, lm.score(start, number)[1])
    homophones: dict[tuple[str, ...], int] = {}
    crowded = []
    for word in sorted(lexicon, key=lambda w: (-scored[w][1], w)):
        number, score = scored[word]
        for phones in lexicon[word]:
            homophones[phones] = homophones.get(phones, 0) + 1
            if homophones[phones] > _HOMOPHONES:
                crowded.append(word)
                continue
            spelling = tokens.encode(phones)
            for end in ends:
                trie.insert([*spelling, *end], number, score)
    trie.smear(SmearingMode.MAX)
    why = f"{_HOMOPHONES} likelier words sound alike: {some(crowded)}"
    total = sum(map(len, lexicon.values()))
    return losses(len(crowded), total, "pronunciations are left out", why, "")
