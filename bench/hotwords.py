"""What expected words do: recall of names that are said, false alarms of those that are not.

Names are planted in the demo's sets: of each language, all words of the references that the lexicon
has not, as many that it has (drawn), and as many more of both that nobody says. Searches without
them, with them in the lexicon alone, and expected with several boosts; where there is no lexicon,
their phones.

    cd egs/mini_asterisk/asr1 && python ../../../bench/hotwords.py --model exp/asr_multilingual
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from asrkit.align import align
from asrkit.audio.given import read_dumped
from asrkit.decode.beam import BeamDecoder
from asrkit.decode.hotwords import spelled
from asrkit.decode.lexicon import read_lexicon
from asrkit.decode.search import Search, find
from asrkit.infer import Speech2Text
from asrkit.kaldi.datadir import read_dump
from asrkit.kaldi.kaldi_text import read_keyed
from asrkit.tokens import TokenList


class Set(NamedTuple):
    """scores: log-probabilities [T, V] of the utterances; texts: their words."""

    scores: list[np.ndarray]
    texts: list[list[str]]


class Names(NamedTuple):
    """unknown, known: said, in the lexicon or not; absent: said by nobody. spelling: phones."""

    unknown: list[str]
    known: list[str]
    absent: list[str]
    spelling: dict[str, tuple[str, ...]]

    @property
    def all(self) -> list[str]:
        return [*self.unknown, *self.known, *self.absent]


def read_set(model: Speech2Text, folder: Path) -> Set:
    texts = read_keyed(folder / "text")
    sources = read_dump(folder)
    waves = [read_dumped(source).samples for source in sources.values()]
    scores = [row.numpy() for row in model.log_probs(waves)]
    return Set(scores, [texts[name].split() for name in sources])


def plant(said: Set, others: Set, lexicon: Path, token_file: str, lang: str) -> Names:
    """others: of the same language, whose unknown words are absent ones."""
    known = read_lexicon(lexicon)
    draw = random.Random(0)
    spoken = sorted({word for text in said.texts for word in text})
    unknown = [word for word in spoken if word not in known]
    elsewhere = sorted({word for text in others.texts for word in text} - set(spoken))
    absent = [word for word in elsewhere if word not in known]
    count = len(unknown)
    in_lexicon = [word for word in spoken if word in known and len(word) > 3]
    silent = sorted(word for word in known if word not in spoken and len(word) > 3)
    some = draw.sample(in_lexicon, min(count, len(in_lexicon)))
    absent += draw.sample(silent, max(0, 2 * count - len(absent)))
    spelling = spelled([*unknown, *some, *absent], token_file, lang)
    return Names(unknown, some, absent, {word: made[0] for word, made in spelling.items()})


class Found(NamedTuple):
    """Of the names: how often said and found there (unknown, known), found where they are not, and
    word errors of all words, or None."""

    said: tuple[int, int]
    found: tuple[int, int]
    false: int
    errors: int | None
    words: int


def count(names: Names, texts: Sequence[list[str]], made: Sequence[list[str]]) -> Found:
    said, found = Counter[str](), Counter[str]()
    false = errors = total = 0
    for text, hypothesis in zip(texts, made, strict=True):
        pairs = align(text, hypothesis)
        errors += pairs.substitutions + pairs.deletions + pairs.insertions
        total += len(text)
        here, there = Counter(text), Counter(hypothesis)
        for name in names.all:
            said[name] += here[name]
            found[name] += min(here[name], there[name])
            false += max(0, there[name] - here[name])
    groups = (names.unknown, names.known)
    both = [
        tuple(sum(table[name] for name in group) for group in groups) for table in (said, found)
    ]
    return Found(both[0], both[1], false, errors, total)  # type: ignore[arg-type]


def count_phones(names: Names, said: Set, made: Sequence[list[str]]) -> Found:
    """The same of phones: a name is where its phones follow each other."""
    wanted, found = Counter[str](), Counter[str]()
    false = 0
    for text, tokens in zip(said.texts, made, strict=True):
        line = f" {' '.join(tokens)} "
        for name in names.all:
            there = line.count(f" {' '.join(names.spelling[name])} ")
            here = text.count(name)
            wanted[name] += here
            found[name] += min(here, there)
            false += max(0, there - here)
    groups = (names.unknown, names.known)
    both = [tuple(sum(t[name] for name in group) for group in groups) for t in (wanted, found)]
    return Found(both[0], both[1], false, None, sum(map(len, said.texts)))  # type: ignore[arg-type]


def search(
    model: Speech2Text, mode: str, lang: str, names: Names, boost: float | None
) -> BeamDecoder:
    """boost: None for a search that knows no names, 0 for one that has them in its lexicon."""
    task = find(Search(mode=mode), model, lang).task(model, lang)
    assert task is not None
    options = dict(task.options)
    if boost is not None and mode != "free":
        options["added"] = {word: [names.spelling[word]] for word in names.all}
    if boost:
        options["hotwords"] = [
            (names.spelling[word] if mode == "free" else (word,), boost) for word in names.all
        ]
    return BeamDecoder(TokenList.read(task.token_list), **options)


def rows(
    model: Speech2Text,
    langs: list[str],
    dump: Path,
    part: str,
    modes: list[str],
    boosts: list[float],
) -> Iterator[str]:
    other = {"test": "valid", "valid": "test"}[part]
    data = {}
    for lang in langs:
        said, others = (read_set(model, dump / f"{lang}_{name}") for name in (part, other))
        lexicon = find(Search(mode="lexicon"), model, lang).lexicon
        assert lexicon is not None
        data[lang] = said, plant(said, others, lexicon, model.token_file, lang)
    for mode in modes:
        for boost in (None, 0.0, *boosts):
            if mode == "free" and boost == 0:
                continue
            total: list[Found] = []
            for lang, (said, names) in data.items():
                decoder = search(model, mode, lang, names, boost)
                best = [decoder(row)[0] for row in said.scores]
                if mode == "free":
                    made = [model.tokens.decode(one.tokens) for one in best]
                    total.append(count_phones(names, said, made))
                else:
                    total.append(count(names, said.texts, [one.words for one in best]))
            yield row_of(mode, boost, total)


def row_of(mode: str, boost: float | None, total: Sequence[Found]) -> str:
    cells = [mode, "-" if boost is None else "in the lexicon" if not boost else f"{boost:g}"]
    counts = [(one.said, one.found) for one in total]
    for group in (0, 1):
        said, found = (sum(pair[group] for pair in pairs) for pairs in zip(*counts, strict=True))
        cells.append(f"{100 * found / max(said, 1):.0f} ({found} of {said})")
    cells.append(str(sum(one.false for one in total)))
    words = sum(one.words for one in total)
    errors = [one.errors for one in total]
    known = [number for number in errors if number is not None]
    cells.append(f"{100 * sum(known) / words:.1f}" if len(known) == len(errors) else "")
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--dump", type=Path, default=Path("dump/raw"))
    parser.add_argument("--part", choices=("valid", "test"), default="test")
    parser.add_argument("--langs", nargs="+", default=["en", "es", "fr", "it", "ru"])
    parser.add_argument("--modes", nargs="+", default=["lexicon_lm", "lexicon", "free"])
    parser.add_argument("--boosts", type=float, nargs="+", default=[3.0, 6.0, 9.0])
    args = parser.parse_args()
    model = Speech2Text(args.model)
    print("| search | boost | recall of unknown names | of known ones | false alarms | WER |")
    print("|---|--:|--:|--:|--:|--:|")
    for row in rows(model, args.langs, args.dump, args.part, args.modes, args.boosts):
        print(row, flush=True)


if __name__ == "__main__":
    main()
