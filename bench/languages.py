"""How much of recordings is taken for the language that is spoken in it, of one and of several.

The utterances of the demo's sets are joined, with pauses between them, to recordings of one
language and to recordings that change it after every few utterances; the classifier decides where
which is spoken (asrkit/decode/languages.py).

    cd egs/mini_asterisk/asr1 && python ../../../bench/languages.py --classifier exp/language

With --model, clips instead: by the classifier, and by the n-grams of the phones that a recognizer
writes, at each of --speeds (hundredths; other than 100, as if by other voices).
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from asrkit.audio.given import read_dumped
from asrkit.audio.reading import change_speed
from asrkit.decode.greedy import collapse
from asrkit.decode.languages import decided, spoken
from asrkit.decode.overlap import load_ngram
from asrkit.identify import Speech2Class
from asrkit.infer import Speech2Text
from asrkit.kaldi.datadir import read_dump
from asrkit.rate import RATE
from asrkit.score.classes import Length

PAUSE = 0.8  # seconds between utterances, of faint noise
LENGTH = 20  # utterances of a recording


class Scored(NamedTuple):
    """truth: (start, stop, language) of the utterances, in samples. passages, scores: of the
    classifier."""

    truth: list[tuple[int, int, str]]
    passages: list[tuple[int, int]]
    scores: np.ndarray


def recordings(sets: dict[str, list[str]], turn: int) -> Iterator[list[tuple[str, str]]]:
    """(language, file) of each recording; ``turn`` utterances of a language at a time, 0: all."""
    draw = random.Random(turn)
    if not turn:
        for lang, files in sets.items():
            whole = draw.sample(files, len(files))
            for at in range(0, len(whole), LENGTH):
                yield [(lang, file) for file in whole[at : at + LENGTH]]
        return
    left = {lang: draw.sample(files, len(files)) for lang, files in sets.items()}
    row: list[tuple[str, str]] = []
    before = ""
    while able := [lang for lang, files in left.items() if files and lang != before]:
        before = draw.choice(able)
        row += [(before, left[before].pop()) for _ in range(min(turn, len(left[before])))]
        if len(row) >= LENGTH:
            yield row
            row, before = [], ""
    if row:
        yield row


def scored(model: Speech2Class, row: Sequence[tuple[str, str]]) -> Scored:
    noise = np.random.default_rng(0)
    parts: list[np.ndarray] = []
    truth = []
    at = 0
    for lang, file in row:
        wave = read_dumped(file).samples
        truth.append((at, at + len(wave), lang))
        gap = (1e-4 * noise.standard_normal(int(PAUSE * RATE))).astype(np.float32)
        parts += [wave, gap]
        at += len(wave) + len(gap)
    whole = np.concatenate(parts)
    passages = spoken(whole)
    rows = [found.numpy() for found in model.frames([whole[a:b] for a, b in passages])]
    return Scored(truth, passages, np.concatenate(rows).astype(np.float64))


def right(found: Scored, langs: Sequence[str], stay: float) -> tuple[float, float]:
    """(seconds of speech in its language, seconds of speech)."""
    stretches = decided(found.passages, found.scores, langs, stay)
    good = total = 0
    for start, stop, lang in found.truth:
        total += stop - start
        for one in stretches:
            if one.lang == lang:
                good += max(0, min(stop, one.stop) - max(start, one.start))
    return good / RATE, total / RATE


def clips(
    sets: dict[str, list[str]], length: Length, speed: int
) -> Iterator[tuple[str, np.ndarray]]:
    """(language, samples) of the clips that are long enough."""
    for lang, files in sets.items():
        for file in files:
            clip = length.of_clip(change_speed(read_dumped(file).samples, speed))
            if clip is not None:
                yield lang, clip


def by_phones(model: Speech2Text, waves: Iterable[np.ndarray], langs: Sequence[str]) -> list[str]:
    """The language whose n-gram finds the recognized phones the likeliest, of each."""
    symbols = model.tokens.symbols
    folder = model.folder.parent / "ngram"
    ngrams = {lang: load_ngram(folder / lang / "phn.bin", symbols)[0] for lang in langs}
    found = []
    for best in model.frames(waves, best=True):
        scores = {}
        for lang, lm in ngrams.items():
            state, scores[lang] = lm.start(True), 0.0
            for token in collapse(best.tolist()):
                state, score = lm.score(state, token)
                scores[lang] += score
        found.append(max(scores, key=scores.__getitem__))
    return found


def compare(
    classifier: Speech2Class, model: Speech2Text, sets: dict[str, list[str]], speeds: list[int]
) -> Iterator[str]:
    for speed in speeds:
        for name in ("1", "2", "3-5", "whole") if speed == 100 else ("whole",):
            truth, waves = zip(*clips(sets, Length.of(name), speed), strict=True)
            guesses = [guess.name if guess else "" for guess in classifier.classify(waves)]
            cells = [str(speed), name, str(len(truth))]
            for found in (guesses, by_phones(model, waves, classifier.classes)):
                good = sum(one == two for one, two in zip(truth, found, strict=True))
                cells.append(f"{100 * good / len(truth):.1f}")
            yield f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--classifier", type=Path, required=True)
    parser.add_argument("--dump", type=Path, default=Path("dump/raw"))
    parser.add_argument("--part", choices=("valid", "test"), default="test")
    parser.add_argument("--stay", type=float, nargs="+", default=[0.5, 0.8, 0.95])
    parser.add_argument("--turns", type=int, nargs="+", default=[0, 1, 3])
    parser.add_argument("--model", type=Path)
    parser.add_argument("--speeds", type=int, nargs="+", default=[100, 85, 115])
    args = parser.parse_args()
    model = Speech2Class(args.classifier)
    names = model.classes
    sets = {n: list(read_dump(args.dump / f"{n}_{args.part}").values()) for n in names}
    if args.model is not None:
        print("| speed | seconds | clips | classifier | n-grams of phones |\n|--:|---|--:|--:|--:|")
        for line in compare(model, Speech2Text(args.model), sets, args.speeds):
            print(line, flush=True)
        return
    print(f"| utterances in turn | {' | '.join(f'stay {stay:g}' for stay in args.stay)} |")
    print("|---|" + "--:|" * len(args.stay))
    for turn in args.turns:
        made = [scored(model, row) for row in recordings(sets, turn)]
        cells = []
        for stay in args.stay:
            good, total = map(sum, zip(*(right(one, names, stay) for one in made), strict=True))
            cells.append(f"{100 * good / total:.1f}")
        print(f"| {turn or 'all'} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
