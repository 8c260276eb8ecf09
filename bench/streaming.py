"""What streaming costs and loses: error rates, latency and speed against recognition of the whole.

The clips of each test set joined to one recording, half a second of faint noise between them, are
recognized as a whole and as a stream, for several chunks and right contexts: phones by the best
path, words by lexicon and n-gram.

    cd egs/mini_asterisk/asr1 && python ../../../bench/streaming.py --model exp/asr_multilingual
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parent))
from transcribe import join, of_set

from asrkit.align import align
from asrkit.decode.live import ENDPOINT, LEFT, Live
from asrkit.decode.search import Search
from asrkit.decode.streaming import Stream
from asrkit.infer import Speech2Text
from asrkit.kaldi.kaldi_text import read_keyed
from asrkit.rate import RATE
from asrkit.transcript import Transcript

ARRIVES = 0.1  # seconds of sound that come at once


class Said(NamedTuple):
    """samples [S] of a language's recording, its words and phones."""

    lang: str
    samples: np.ndarray
    words: list[str]
    phones: list[str]


class Total:
    """Errors of references."""

    def __init__(self) -> None:
        self.errors = self.count = 0

    def add(self, reference: list[str], found: Transcript) -> None:
        pairs = align(reference, found.text.split())
        self.errors += pairs.substitutions + pairs.deletions + pairs.insertions
        self.count += len(reference)

    def __str__(self) -> str:
        return f"{100 * self.errors / self.count:.1f}"


class Replayed:
    """A recognizer whose network is asked once for each window: the next pass is given the same."""

    def __init__(self, model: Speech2Text) -> None:
        self.model = model
        self.tokens, self.token_file = model.tokens, model.token_file
        self.clock, self.calibration = model.clock, model.calibration
        self.decoder = model.decoder
        self._made: list[Tensor] = []
        self._at = 0

    def again(self) -> None:
        self._at = 0

    def carried(self) -> None:
        """Windows are what is measured."""

    def frames(self, waves: Iterable[Tensor | np.ndarray]) -> Iterator[Tensor]:
        for wave in waves:
            if self._at == len(self._made):
                self._made += self.model.frames([wave])
            self._at += 1
            yield self._made[self._at - 1]


def read(dump: Path, part: str, lang: str) -> Said:
    folder = dump / f"{lang}_{part}"
    joined = join(of_set(folder), 0.5)
    phones = " ".join(read_keyed(folder / "text.phn").values()).split()
    return Said(lang, joined.samples, " ".join(joined.texts).split(), phones)


def streamed(model: Speech2Text, said: Said, live: Live) -> tuple[Transcript, Transcript, float]:
    """(words, phones, processor seconds of the words)."""
    found, seconds = [], 0.0
    shared = Replayed(model)
    for mode, lang in (("lexicon_lm", said.lang), ("greedy", None)):
        shared.again()
        stream = Stream(shared, model.plan(Search(mode=mode), lang), live)
        begun = time.process_time()
        for start in range(0, len(said.samples), int(ARRIVES * RATE)):
            stream.accept(said.samples[start : start + int(ARRIVES * RATE)])
        found.append(stream.finish())
        seconds = seconds or time.process_time() - begun
    return found[0], found[1], seconds


def row(model: Speech2Text, sets: list[Said], live: Live | None) -> str:
    words, phones, spent, length = Total(), Total(), 0.0, 0.0
    for said in sets:
        length += len(said.samples) / RATE
        if live is not None:
            by_word, by_phone, seconds = streamed(model, said, live)
            spent += seconds
        else:
            begun = time.process_time()
            search = Search(mode="lexicon_lm")
            by_word = model.transcribe(said.samples, said.lang, rate=RATE, search=search)
            spent += time.process_time() - begun
            by_phone = model.transcribe(said.samples, rate=RATE, search=Search(mode="greedy"))
        words.add(said.words, by_word)
        phones.add(said.phones, by_phone)
    if live is None:
        names = ["the whole", "", "", ""]
    else:
        names = [f"{one:g}" for one in (live.chunk, live.left, live.right, live.latency)]
    return f"| {' | '.join([*names, str(phones), str(words), f'{spent / length:.3f}'])} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--langs", nargs="+", default=["en", "es", "fr", "it", "ru"])
    parser.add_argument("--dump", type=Path, default=Path("dump/raw"))
    parser.add_argument("--part", default="test", help="test or valid")
    parser.add_argument("--chunks", type=float, nargs="+", default=[0.32, 0.64, 1.28])
    parser.add_argument("--rights", type=float, nargs="+", default=[0.32, 0.64, 1.28, 2.56])
    parser.add_argument("--lefts", type=float, nargs="+", default=[LEFT])
    args = parser.parse_args()
    torch.set_num_threads(1)
    model = Speech2Text(args.model)
    sets = [read(args.dump, args.part, lang) for lang in args.langs]
    print("| chunk | left | right | latency s | PER | WER | real-time factor |")
    print("|--:|--:|--:|--:|--:|--:|--:|")
    print(row(model, sets, None), flush=True)
    for left in args.lefts:
        for right in args.rights:
            for chunk in args.chunks:
                print(row(model, sets, Live(chunk, left, right, ENDPOINT)), flush=True)


if __name__ == "__main__":
    main()
