"""Times of words and cuts of long recordings, on clips that are joined at known places.

Borders: clips without silent edges, half a second of faint noise between them: where the first
word of each should begin, and the last end. Cuts: the same clips with 60 ms between them, as one
recording, recognized whole, cut at quiet places, and in windows that overlap and are stitched; the
same search follows.

    python bench/transcribe.py --model egs/mini_asterisk/asr1/exp/asr_multilingual
"""

from __future__ import annotations

import argparse
import csv
import functools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from asrkit.align import align
from asrkit.audio.given import Given
from asrkit.audio.reading import decode
from asrkit.decode.search import Search
from asrkit.decode.segments import Cutter
from asrkit.decode.transcribe import transcribe
from asrkit.decode.windows import in_windows
from asrkit.infer import Speech2Text
from asrkit.kaldi.datadir import read_dump
from asrkit.kaldi.kaldi_text import read_keyed
from asrkit.rate import RATE
from asrkit.transcoder.model import Phones2Words, Speech2Words
from asrkit.transcoder.search import WordSearch
from asrkit.transcript import Word

CLIPS = Path(__file__).resolve().parents[1] / "test" / "corpora" / "clips"
WAYS = ("whole", "quiet places", "stitched")
EDGE = -35.0  # dB below the loudest 10 ms of a clip: quieter edges are silence


class Joined(NamedTuple):
    """samples [S]; spans: seconds from where each clip's speech begins to where it ends; texts."""

    samples: np.ndarray
    spans: list[tuple[float, float]]
    texts: list[str]


def shipped(lang: str) -> Iterator[tuple[Path, str]]:
    """Files of the shipped clips, and what is said."""
    with (CLIPS / "prompts.tsv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            if row["lang"] == lang:
                yield CLIPS / row["path"], row["text"]


def of_set(folder: Path) -> Iterator[tuple[Path, str]]:
    """The same of a dump folder of stage 3; in the folder that the recipe was run in."""
    texts = read_keyed(folder / "text")
    for name, path in read_dump(folder).items():
        yield Path(path), texts[name]


def clips(rows: Iterable[tuple[Path, str]]) -> Iterator[tuple[np.ndarray, str]]:
    """Samples without silent edges, and what is said."""
    for path, text in rows:
        samples = decode(path).samples
        power = np.square(samples[: len(samples) // 160 * 160].reshape(-1, 160)).mean(1)
        loud = np.flatnonzero(power > power.max() * 10 ** (EDGE / 10))
        yield samples[loud[0] * 160 : (loud[-1] + 1) * 160], text


def join(rows: Iterable[tuple[Path, str]], gap: float) -> Joined:
    """All clips, of one language, with ``gap`` seconds of faint noise before, between and after."""
    generator = np.random.default_rng(0)
    parts, spans, texts, at = [], [], [], 0
    for samples, text in clips(rows):
        noise = generator.standard_normal(int(gap * RATE)).astype(np.float32) * 1e-3
        parts += [noise, samples]
        at += len(noise)
        spans.append((at / RATE, (at + len(samples)) / RATE))
        at += len(samples)
        texts.append(text)
    parts.append(parts[0])
    return Joined(np.concatenate(parts), spans, texts)


def words_of(
    model: Speech2Text, joined: Joined, lang: str, *, search: Search, seconds: float
) -> list[Word]:
    how = model.plan(search, lang if search.mode != "greedy" else None, max_seconds=seconds)
    rows = [("joined", Given(joined.samples, ""))]
    ((_, found, _),) = transcribe(model, rows, how, tell=lambda _: None)
    return [word for segment in found for word in segment.words]


def by_transcoder(model: Speech2Words, joined: Joined) -> list[Word]:
    return list(model.transcribe(joined.samples, rate=RATE).words)


def borders(name: str, langs: list[str], said: Callable[[Joined, str], list[Word]]) -> str:
    """A row: median and 95th percentile of the absolute errors, and medians with their sign."""
    starts, ends, seen, count = [], [], 0, 0
    for lang in langs:
        joined = join(shipped(lang), 0.5)
        words = said(joined, lang)
        for start, end in joined.spans:
            inside = [w for w in words if start - 0.25 < (w.start + w.end) / 2 < end + 0.25]
            count += 1
            if inside:
                seen += 1
                starts.append(inside[0].start - start)
                ends.append(inside[-1].end - end)
    cells = [name, f"{seen} of {count}"]
    for errors in (np.array(starts), np.array(ends)):
        size = np.abs(errors)
        cells += [f"{1000 * np.median(size):.0f}", f"{1000 * np.percentile(size, 95):.0f}"]
        cells.append(f"{1000 * np.median(errors):+.0f}")
    return f"| {' | '.join(cells)} |"


def frames(model: Speech2Text, samples: np.ndarray, way: str, seconds: float) -> Tensor:
    """Log-probabilities [T, V] of a recording: whole, cut at quiet places, or stitched."""
    wave = torch.from_numpy(samples)
    if way == "stitched":
        return torch.cat(list(in_windows(model.frames, wave, model.clock, seconds)))
    parts = [wave] if way == "whole" else list(at_quiet_places(wave, seconds))
    return torch.cat(model.log_probs(parts))


def at_quiet_places(wave: Tensor, seconds: float) -> Iterator[Tensor]:
    """Cut at the quietest 20 ms of the second half of what the network may be given."""
    limit, start = int(seconds * RATE), 0
    while len(wave) - start > limit:
        window = wave[start + limit // 2 : start + limit]
        power = window[: len(window) // 320 * 320].view(-1, 320).square().mean(1)
        cut = start + limit // 2 + int(power.argmin()) * 320 + 160
        yield wave[start:cut]
        start = cut
    yield wave[start:]


def cuts(model: Speech2Text, langs: list[str], seconds: float, dump: Path | None) -> str:
    """A row: word error rates of joined clips by lexicon and n-gram, of frames made in each way."""
    wrong = dict.fromkeys(WAYS, 0)
    total = 0
    for lang in langs:
        joined = join(of_set(dump / f"{lang}_test") if dump else shipped(lang), 0.06)
        reference = " ".join(joined.texts).split()
        total += len(reference)
        task = model.plan(Search(mode="lexicon_lm"), lang).beam
        assert task is not None
        decoder = task.build()
        for way in WAYS:
            cutter = Cutter(model.clock)
            pieces = list(cutter.add(frames(model, joined.samples, way, seconds)))
            pieces.append(cutter.rest())
            words = [word for _, part in pieces for word in decoder(part)[0].words]
            found = align(reference, words)
            wrong[way] += found.substitutions + found.deletions + found.insertions
    return f"| {seconds:g} | {' | '.join(f'{100 * wrong[way] / total:.1f}' for way in WAYS)} |"


def of_transcoder(
    model: Speech2Text, path: Path, lm: Path | None, langs: list[str]
) -> Iterator[str]:
    """Rows of ``borders``: its likeliest words, and those of a search."""
    transcoder = Phones2Words(path)
    both = Speech2Words(model, transcoder)
    yield borders("Transcoder", langs, lambda joined, _: by_transcoder(both, joined))
    if lm is not None:
        transcoder.search = WordSearch(transcoder.tokens, lm=lm)
        yield borders("the same, n-gram", langs, lambda joined, _: by_transcoder(both, joined))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--langs", nargs="+", default=["en", "es", "fr", "it", "ru"])
    parser.add_argument("--seconds", type=float, nargs="+", default=[5.0, 10.0, 20.0])
    parser.add_argument("--dump", type=Path, help="cuts alone, of its test sets: dump/raw")
    parser.add_argument("--transcoder", type=Path, help="borders alone, by it too; of its --langs")
    parser.add_argument("--lm", type=Path, help="n-gram of words that it searches with")
    args = parser.parse_args()
    model = Speech2Text(args.model)
    if not args.dump:
        print("| search | clips | start: median ms | 95 % | sign | end: median ms | 95 % | sign |")
        print("|---|---|--:|--:|--:|--:|--:|--:|")
        for mode in ("greedy", "lexicon", "lexicon_lm"):
            search = Search(mode=mode)
            said = functools.partial(words_of, model, search=search, seconds=60.0)
            print(borders(mode, args.langs, said), flush=True)
    if args.transcoder:
        for row in of_transcoder(model, args.transcoder, args.lm, args.langs):
            print(row, flush=True)
        return
    print(f"\n| seconds at once | {' | '.join(WAYS)} |")
    print("|--:|--:|--:|--:|")
    for seconds in args.seconds:
        print(cuts(model, args.langs, seconds, args.dump), flush=True)


if __name__ == "__main__":
    main()
