"""How well words follow from their phones at all: unknown words and homophones."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container
from typing import Any

from asrkit.text.phonemize import Sentence

Spoken = tuple[str, ...]


class Homophones:
    """Learns how often a sequence of phones is which word; tests on other sentences.

    The rate is that of a reader who knows every word's boundaries and takes the commonest spelling
    of its phones: it has no context, so that a better reader may be below it, while words that no
    training sentence holds are errors for any.
    """

    def __init__(self) -> None:
        self._spellings: defaultdict[Spoken, Counter[str]] = defaultdict(Counter)
        self._known: set[str] = set()
        self._tested: Counter[tuple[Spoken | None, str]] = Counter()

    def learn(self, sentence: Sentence) -> None:
        for word, phones in zip(sentence.words, sentence.phones, strict=True):
            self._spellings[tuple(phones)][word] += 1
            self._known.add(word)

    def test(self, sentence: Sentence) -> None:
        """Words of a sentence that espeak joined or split count as unknown only if they are."""
        if sentence.aligned:
            pairs = zip(map(tuple, sentence.phones), sentence.words, strict=True)
            self._tested.update(pairs)
        else:
            self._tested.update((None, word) for word in sentence.words)

    def report(self, words: Container[str]) -> dict[str, Any]:
        """Percent of the tested words. words: the list that a model may write.

        oov_rate: not in the list. unseen_rate: in no training sentence. homophone_rate: words in
        the list, but not the commonest with their phones (ties by code point).
        """
        total = sum(self._tested.values())
        if not total:
            return {"words": 0, "oov_rate": None, "unseen_rate": None, "homophone_rate": None}
        oov = sum(n for (_, word), n in self._tested.items() if word not in words)
        unseen = sum(n for (_, word), n in self._tested.items() if word not in self._known)
        wrong = 0
        for (phones, word), count in self._tested.items():
            spellings = self._spellings.get(phones) if phones is not None else None
            if word not in words or not spellings:
                continue
            best = min(spellings, key=lambda w: (-spellings[w], w))
            wrong += count * (best != word)
        return {
            "words": total,
            "oov_rate": 100 * oov / total,
            "unseen_rate": 100 * unseen / total,
            "homophone_rate": 100 * wrong / total,
        }
