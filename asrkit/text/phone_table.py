"""Texts of a data folder to phones: each in its language, which errors and reports name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from asrkit import __version__
from asrkit.arguments import warn
from asrkit.shards import Item, Task, mark
from asrkit.text.espeak import versions
from asrkit.text.phonemize import PhonemizeError, Phonemizer, Sentence

_BATCH = 2000
_SHOWN = 10  # characters in a message
_IN_KANA = " (espeak has no readings of kanji: write kana)"


class PhoneTable:
    """Texts by utterance id, and a language for each; ``parts``: a Phonemizer a language.

    options: those of Phonemizer. texts: a line of ``source`` each, which PhonemizeErrors name.
    """

    def __init__(
        self,
        texts: Mapping[str, str],
        languages: Sequence[str],
        *,
        source: str = "text",
        **options: Any,
    ) -> None:
        self.texts, self.source = texts, source
        self.languages = dict(zip(texts, languages, strict=True))
        self.parts = {lang: Phonemizer(lang, **options) for lang in sorted(set(languages))}

    def task(self, folder: Path) -> Task[Sentence]:
        """The sentences as work that shards may do."""
        return Task(folder, self._items(marked=True), self._make, store=vars, load=_sentence)

    def _items(self, *, marked: bool) -> list[Item]:
        of = {
            name: (__version__, part.versions, part.voice, part.options)
            for name, part in self.parts.items()
        }
        return [
            Item(key, mark(of[lang], lang, text) if marked else "", [line, lang, text])
            for line, ((key, text), lang) in enumerate(
                zip(self.texts.items(), self.languages.values(), strict=True), start=1
            )
        ]

    def _make(self, items: Sequence[Item]) -> Iterator[Sentence]:
        """The sentences of ``items``, in their order."""
        with tqdm(total=len(items), desc="phonemize", unit="utt", delay=2) as bar:
            for start in range(0, len(items), _BATCH):
                batch = items[start : start + _BATCH]
                found: dict[str, Sentence] = {}
                for lang in dict.fromkeys(item.what[1] for item in batch):
                    own = [item for item in batch if item.what[1] == lang]
                    plain = []
                    for item in own:
                        line, _, text = item.what
                        try:
                            plain.append(self.parts[lang].normalized(text))
                        except PhonemizeError as error:
                            raise PhonemizeError(f"{self.source}:{line}: {error}") from None
                    sentences = self.parts[lang].read(plain)
                    found |= dict(zip([item.id for item in own], sentences, strict=True))
                yield from (found[item.id] for item in batch)
                bar.update(len(batch))

    def sentences(
        self,
        *,
        task: Task[Sentence] | None = None,
        allow_empty: bool = False,
        max_unread: float = 0.01,
    ) -> dict[str, Sentence]:
        """Sentences by utterance id, counted; with ``task``, also what shards have made of them.

        Raises PhonemizeError for what the spelling refuses, for a text that gives no phones, unless
        it is empty and ``allow_empty``, and for a language whose voice cannot read characters of
        more than the share ``max_unread`` of its texts; fewer are warned of.
        """
        made = self._make(self._items(marked=False)) if task is None else task.results()
        found = dict(zip(self.texts, made, strict=True))
        keys: dict[str, list[str]] = {lang: [] for lang in self.parts}
        for line, (key, text) in enumerate(self.texts.items(), start=1):
            sentence, lang = found[key], self.languages[key]
            keys[lang].append(key)
            self.parts[lang].count(sentence)
            if not sentence.phones and (text or not allow_empty):
                raise PhonemizeError(
                    f"{self.source}:{line}: utterance {key!r} gives no phones: {text!r}; remove it"
                    " (nothing in it is spoken), or correct its text or language"
                )
        lines = {key: line for line, key in enumerate(self.texts, start=1)}
        for lang, own in keys.items():
            named = [key for key in own if found[key].unread]
            if named:
                first = f"{self.source}:{lines[named[0]]}"
                message = _named(self.parts[lang], first, len(named), len(own))
                if len(named) > max_unread * len(own):
                    raise PhonemizeError(f"{message}, take these texts out, or raise --max_unread")
                warn(message)
        return found

    def record(self, *, word_boundary: bool = False, removed: Sequence[str] = ()) -> dict[str, Any]:
        """What ``phonemizer.json`` holds: versions, options, and a report for every language."""
        parts = list(self.parts.values())
        return {
            **(parts[0].versions if parts else versions()),
            "options": {
                **(parts[0].options if parts else {}),
                "word_boundary": word_boundary,
                "stress": False,
                "ties": False,
            },
            "languages": {language: part.report() for language, part in self.parts.items()},
            "removed_utterances": list(removed),
        }


def _sentence(row: dict[str, Any]) -> Sentence:
    return Sentence(**row)


def _named(part: Phonemizer, first: str, count: int, total: int) -> str:
    common = part.unread.most_common(_SHOWN)
    shown = ", ".join(f"{character} ({times})" for character, times in common)
    more = f" and {len(part.unread) - _SHOWN} others" if len(part.unread) > _SHOWN else ""
    cannot = (
        f"espeak's voice {part.voice} cannot read {shown}{more}: it says their names, or nothing,"
    )
    if part.options["g2p"] == "epitran":
        cannot = f"epitran has no rule in {part.voice} for {shown}{more}, which are passed over"
    return (
        f"{cannot} in {count} of {total} texts, the first {first}; write them in letters of the"
        " language"
        f"{_IN_KANA if part.voice == 'ja' else ''}"
    )
