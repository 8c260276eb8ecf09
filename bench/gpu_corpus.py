"""A corpus for benchmarks: dump folders of FLAC, joined from the prompts that the tests ship.

Each file is speech of one language, prompts in random order up to a length drawn from a
distribution like that of a real corpus. Files are few and utterances many: several names share one
file, so that an epoch is as long as a real one while the disk stays small.
"""

from __future__ import annotations

import os
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

from asrkit.audio.reading import decode
from asrkit.rate import RATE
from asrkit.tokens import TokenList

CLIPS = Path(__file__).resolve().parents[1] / "test/corpora/clips"
SHARES = {"en": 0.4, "es": 0.25, "fr": 0.2, "it": 0.1, "ru": 0.05}
LABELS_A_SECOND = 12
HOUR, HOUR_LANG = "hour", "it"  # of one language, for fine-tuning


class Lengths(NamedTuple):
    """Seconds: log-normal around a median, and its bounds."""

    median: float
    spread: float
    least: float
    most: float


LENGTHS = {
    "mls": Lengths(14.0, 0.25, 8.0, 20.0),  # Multilingual LibriSpeech: most have 10 to 20 s
    "commonvoice": Lengths(5.0, 0.35, 2.0, 12.0),
    "babel": Lengths(4.0, 0.8, 0.5, 20.0),
    "short": Lengths(2.6, 0.15, 2.1, 4.0),  # for a test
}


class Corpus(NamedTuple):
    """folders: one a language; hour: the one for fine-tuning; tokens: the list of letters."""

    folders: list[Path]
    hour: Path
    tokens: Path


def _prompts(most: int) -> dict[str, list[tuple[np.ndarray, list[str]]]]:
    """Language -> waveforms and their letters, ``most`` of each language."""
    wanted: dict[str, list[tuple[Path, str]]] = defaultdict(list)
    for line in (CLIPS / "prompts.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        lang, name, _, text = line.split("\t")[:4]
        wanted[lang] += [(CLIPS / name, text)] * (len(wanted[lang]) < most)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return {
            lang: [
                (wave, [letter for letter in text if letter.isalpha()])
                for wave, (_, text) in zip(
                    pool.map(lambda row: decode(row[0]).samples, rows), rows, strict=True
                )
            ]
            for lang, rows in wanted.items()
        }


def make(
    folder: Path, lengths: Lengths, *, files: int = 800, utterances: int = 8000, most: int = 24
) -> Corpus:
    """Writes the corpus into ``folder``: of each language its share, and an hour of one.

    ``most`` prompts of a language are joined.
    """
    rng = np.random.default_rng(0)
    prompts = _prompts(most)
    tokens = TokenList.build(
        sorted({s for rows in prompts.values() for _, text in rows for s in text})
    )
    folder.mkdir(parents=True, exist_ok=True)
    tokens.write(folder / "tokens.txt")
    made: list[Path] = []
    for lang, share in SHARES.items():
        rows = _write_audio(
            folder / "audio" / lang, prompts[lang], lengths, max(2, int(files * share)), rng
        )
        many = [rows[n % len(rows)] for n in range(max(2, int(utterances * share)))]
        made.append(_write_tables(folder / lang, lang, many))
        if lang == HOUR_LANG:
            hour = _write_tables(folder / HOUR, lang, an_hour(many))
    return Corpus(made, hour, folder / "tokens.txt")


class _File(NamedTuple):
    path: Path
    samples: int
    text: str


def an_hour(rows: list[_File]) -> list[_File]:
    """The first of them that last an hour together, at most."""
    within = np.cumsum([row.samples for row in rows]) <= 3600 * RATE
    return rows[: int(within.sum())]


def _write_audio(
    folder: Path,
    prompts: list[tuple[np.ndarray, list[str]]],
    lengths: Lengths,
    count: int,
    rng: np.random.Generator,
) -> list[_File]:
    folder.mkdir(parents=True)
    seconds = rng.lognormal(np.log(lengths.median), lengths.spread, count)
    jobs, rows = [], []
    for number, size in enumerate((seconds.clip(lengths.least, lengths.most) * RATE).astype(int)):
        chosen: list[int] = []
        while sum(len(prompts[n][0]) for n in chosen) < size:
            chosen += [int(n) for n in rng.permutation(len(prompts))]
        letters = [letter for n in chosen for letter in prompts[n][1]]
        text = " ".join(letters[: int(size / RATE * LABELS_A_SECOND)])
        path = folder / f"{number:05d}.flac"
        jobs.append((path, chosen, int(size)))
        rows.append(_File(path, int(size), text))

    def write(job: tuple[Path, list[int], int]) -> None:
        path, chosen, size = job
        soundfile.write(path, np.concatenate([prompts[n][0] for n in chosen])[:size], RATE)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(write, jobs))
    return rows


def _write_tables(folder: Path, lang: str, rows: list[_File]) -> Path:
    folder.mkdir()
    values = {
        "wav.scp": [str(row.path.resolve()) for row in rows],
        "utt2num_samples": [str(row.samples) for row in rows],
        "utt2lang": [lang] * len(rows),
        "utt2spk": [f"{lang}_s"] * len(rows),
        "text": [row.text for row in rows],
        "text.phn": [row.text for row in rows],
    }
    names = [f"{lang}_s-{number:06d}" for number in range(len(rows))]
    for table, column in values.items():
        lines = [f"{name} {value}\n" for name, value in zip(names, column, strict=True)]
        (folder / table).write_text("".join(lines), encoding="utf-8")
    (folder / "spk2utt").write_text(f"{lang}_s {' '.join(names)}\n", encoding="utf-8")
    return folder
