"""How well long recordings are aligned with their texts: asrkit and the package ctc-segmentation.

    python bench/align.py --model exp/asr_multilingual [--other exp/asr_it] [--ctc_segmentation DIR]

Recordings are the clips in test/corpora of one language, one behind the other with 0.4 s of faint
noise between, so that the borders of speech are known: of a clip, where its loudness passes 3 % of
its greatest. Texts have a line a clip, and

    exact       as it is
    10 %        5 % of the words are missing, and as many are added
    moved       the same, and two quarters of the text have changed places
    parts       the same as 10 %, a sixth of the lines is missing, and as many of another language's
                clips are in the text; a sixth of the recording is followed by 5 s of music

Both engines see the same posteriors. A line is found if both its borders are less than 0.5 s off.
Recall: found lines of those that are in recording and text. Kept, right: recall with the segments
that pass the score, and the share of these that are of a line that is found. Errors: of words'
outer borders against speech's, of the lines found, in ms. --other: a model of another language,
which aligns Spanish and French. --ctc_segmentation: where pip install --target has put that.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import resource
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from asrkit.audio.reading import decode  # noqa: E402
from asrkit.decode.timing import Clock  # noqa: E402
from asrkit.decode.windows import plan, stitched  # noqa: E402
from asrkit.infer import Speech2Text  # noqa: E402
from asrkit.rate import RATE  # noqa: E402
from asrkit.segmentation.chain import PathFrames  # noqa: E402
from asrkit.segmentation.found import Reader  # noqa: E402
from asrkit.segmentation.frames import Columns, joined  # noqa: E402
from asrkit.segmentation.recording import Rules, find_segments  # noqa: E402
from asrkit.segmentation.spelling import Speller  # noqa: E402
from asrkit.segmentation.units import Unit  # noqa: E402
from asrkit.text.normalize import normalize  # noqa: E402
from asrkit.vocabulary import type_of  # noqa: E402

CLIPS = ROOT / "test/corpora/clips"
GAP, MUSIC = 0.4, 5.0
WINDOW = 15.0  # seconds that the network is given at once
NEAR = 0.5  # seconds that a border of a found line may be off
TEXTS = ("exact", "10 %", "moved", "parts")
MINIMUM = -1.5  # score of ctc-segmentation's segments that are kept; not tuned
RULES = Rules()
NAME = "ctc-segmentation"


class Line(NamedTuple):
    """number: of the clip that says it; -1 for none."""

    text: str
    number: int


class Talk(NamedTuple):
    """samples: [S]. spans: where each clip's speech begins and ends, in seconds."""

    samples: np.ndarray
    spans: list[tuple[float, float]]


class Hit(NamedTuple):
    line: int
    begin: float
    end: float
    kept: bool


def clips(lang: str) -> tuple[list[np.ndarray], list[str]]:
    with open(CLIPS / "prompts.tsv", encoding="utf-8") as table:
        rows = [row for row in csv.DictReader(table, delimiter="\t") if row["lang"] == lang]
    return [decode(CLIPS / row["path"]).samples for row in rows], [row["text"] for row in rows]


def talk(waves: list[np.ndarray], *, music: bool) -> Talk:
    rng, at, parts, spans = np.random.default_rng(0), 0, [], []
    for number, wave in enumerate(waves):
        loud = np.sqrt(np.convolve(wave**2, np.ones(320) / 320, "same"))
        speech = np.flatnonzero(loud > 0.03 * loud.max())
        spans.append(((at + speech[0]) / RATE, (at + speech[-1]) / RATE))
        parts += [wave, rng.normal(0, 1e-4, int(GAP * RATE)).astype(np.float32)]
        if music and number % 6 == 5:
            seconds = np.arange(int(MUSIC * RATE)) / RATE
            notes = 220 * 2 ** (rng.integers(0, 24, size=20) / 12)
            tune = np.sin(2 * np.pi * notes[(seconds * 4).astype(int)] * seconds)
            parts.append((0.1 * tune).astype(np.float32))
        at = sum(map(len, parts))
    return Talk(np.concatenate(parts), spans)


def spoil(texts: list[str], kind: str, foreign: list[str]) -> list[Line]:
    rng, lines = np.random.default_rng(1), [Line(text, n) for n, text in enumerate(texts)]
    if kind == "exact":
        return lines
    words = " ".join(texts).split()
    spoiled = []
    for line in lines:
        out = []
        for word in line.text.split():
            if rng.random() >= 0.05:
                out.append(word)
            if rng.random() < 0.05:
                out.append(str(rng.choice(words)))
        spoiled.append(Line(" ".join(out) or line.text, line.number))
    quarter = len(lines) // 4
    if kind == "moved":
        return [
            *spoiled[:quarter],
            *spoiled[2 * quarter : 3 * quarter],
            *spoiled[quarter : 2 * quarter],
            *spoiled[3 * quarter :],
        ]
    if kind == "parts":
        kept = [line for line in spoiled if line.number % 6 != 2]
        for place in range(3, len(kept), 6):
            kept.insert(place, Line(foreign[place % len(foreign)], -1))
        return kept
    return spoiled


def by_asrkit(
    model: Speech2Text, tokens: list[list[list[str]]], log_probs: torch.Tensor, length: int
) -> list[Hit]:
    names = list(dict.fromkeys(t for words in tokens for word in words for t in word))
    columns = Columns(model.tokens, names)
    clock = Clock.of(model.objective.output_lengths)
    frames = joined([log_probs], length, columns, clock)
    reader = Reader([[[columns.numbers[t] for t in word] for word in words] for words in tokens])
    path = PathFrames.of(frames.scores, frames.garbage)
    found = find_segments(reader, frames, path, RULES)
    return [
        Hit(one.unit, one.words[0].begin, one.words[-1].end, one.score >= RULES.min_score)
        for one in found
    ]


def by_ctc_segmentation(
    model: Speech2Text, tokens: list[list[list[str]]], log_probs: torch.Tensor, length: int
) -> list[Hit]:
    import ctc_segmentation as package

    config = package.CtcSegmentationParameters()
    config.char_list, config.blank = model.tokens.symbols, 0
    config.index_duration = length / RATE / len(log_probs)
    rows = [np.array(model.tokens.encode(t for word in words for t in word)) for words in tokens]
    matrix, begins = package.prepare_token_list(config, rows)
    timings, probabilities, _ = package.ctc_segmentation(config, log_probs.numpy(), matrix)
    texts = [""] * len(rows)
    found = package.determine_utterance_segments(config, begins, probabilities, timings, texts)
    return [Hit(n, begin, end, score >= MINIMUM) for n, (begin, end, score) in enumerate(found)]


def measure(lines: list[Line], hits: list[Hit], spans: list[tuple[float, float]]) -> dict[str, Any]:
    wanted = {n for n, line in enumerate(lines) if line.number >= 0}
    found: dict[int, tuple[float, float]] = {}
    kept, right = 0, 0
    for hit in hits:
        number = lines[hit.line].number
        errors = (9.0, 9.0)
        if number >= 0:
            errors = (hit.begin - spans[number][0], hit.end - spans[number][1])
        near = max(map(abs, errors)) < NEAR
        if near:
            found[hit.line] = errors
        kept, right = kept + hit.kept, right + (hit.kept and near)
    return {
        "wanted": len(wanted),
        "found": len(found),
        "kept": kept,
        "right": right,
        "errors": [abs(error) for pair in found.values() for error in pair],
    }


def row(results: list[dict[str, Any]]) -> str:
    total = {name: sum(r[name] for r in results) for name in ("wanted", "found", "kept", "right")}
    errors = 1000 * np.array(list(itertools.chain.from_iterable(r["errors"] for r in results)))
    median, high = np.percentile(errors, [50, 95]) if len(errors) else (np.nan, np.nan)
    return (
        f"{100 * total['found'] / total['wanted']:.1f} | "
        f"{100 * total['right'] / total['wanted']:.1f}, "
        f"{100 * total['right'] / max(1, total['kept']):.1f} | {median:.0f}, {high:.0f}"
    )


def units_of(texts: list[str], lang: str) -> list[Unit]:
    return [Unit(n, text, normalize(text, lang).split(), []) for n, text in enumerate(texts)]


def posteriors(model: Speech2Text, samples: np.ndarray) -> torch.Tensor:
    """[T, V], of windows."""
    clock, wave = Clock.of(model.objective.output_lengths), torch.from_numpy(samples)
    windows = plan(len(wave), clock, WINDOW)
    results = model.log_probs(wave[window.start : window.stop] for window in windows)
    return torch.cat(list(stitched(windows, results, clock)))


def compare(name: str, model: Speech2Text, langs: list[str], engines: dict[str, Any]) -> None:
    kind, _ = type_of(model.token_file)
    for text in TEXTS:
        results: dict[str, list[dict[str, Any]]] = {engine: [] for engine in engines}
        for lang in langs:
            waves, texts = clips(lang)
            _, foreign = clips("fr" if lang != "fr" else "es")
            sound = talk(waves, music=text == "parts")
            lines = spoil(texts, text, foreign)
            units = [
                Unit(n, s.text, normalize(s.text, lang).split(), []) for n, s in enumerate(lines)
            ]
            tokens = Speller(model.tokens, kind, lang)(units)
            log_probs = posteriors(model, sound.samples)
            for engine, align in engines.items():
                hits = align(model, tokens, log_probs, len(sound.samples))
                results[engine].append(measure(lines, hits, sound.spans))
        for engine, found in results.items():
            print(f"| {name} | {text} | {engine} | {row(found)} |", flush=True)


def hour(model: Speech2Text) -> None:
    """An hour of the clips' posteriors in random order, against a text of the same order."""
    rng = np.random.default_rng(0)
    kind, _ = type_of(model.token_file)
    parts: list[torch.Tensor] = []
    texts: list[list[list[str]]] = []
    waves, lines = clips("it")
    tokens = Speller(model.tokens, kind, "it")(units_of(lines, "it"))
    scores = model.log_probs([torch.from_numpy(wave) for wave in waves])
    while sum(map(len, parts)) < 3600 * 50:
        number = int(rng.integers(len(scores)))
        parts.append(scores[number])
        texts.append(tokens[number])
    log_probs = torch.cat(parts)
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    by_asrkit(model, texts, log_probs, 320 * len(log_probs))
    seconds = time.perf_counter() - start
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    count = sum(len(word) for words in texts for word in words)
    print(f"an hour, {count:,} tokens: {seconds:.0f} s beside the network, {more:.0f} MiB more")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--other")
    parser.add_argument("--ctc_segmentation", type=Path)
    args = parser.parse_args()
    engines: dict[str, Any] = {"asrkit": by_asrkit}
    if args.ctc_segmentation:
        sys.path.append(str(args.ctc_segmentation))
        engines[NAME] = by_ctc_segmentation
    print("| model | text | engine | recall | kept, right | border error: median, 95 % |")
    print("|---|---|---|--:|--:|--:|")
    model = Speech2Text(args.model)
    compare("its languages", model, ["en", "es", "fr", "it", "ru"], engines)
    if args.other:
        compare("another language", Speech2Text(args.other), ["es", "fr"], engines)
    hour(model)


if __name__ == "__main__":
    main()
