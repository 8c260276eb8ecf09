"""Three language packs of IARPA BABEL in their release layout, with real (other) speech.

101-cantonese, 202-swahili and 404-georgian, each below a root named as releases are: calls
of two telephone sides, A-law, mu-law, PCM and shorten SPHERE at 8 kHz, 24-bit WAV at 48 kHz, every
tag, and in the Georgian training sides every fault of the transcripts.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
from corpora.speech import Clip, clips
from corpora.sphere import CODINGS, sphere

GAP = 0.4  # seconds before each clip, and after the last
TAGS = (
    "<no-speech>", "(())", "<foreign>", "<overlap>", "<prompt>", "<breath>", "<cough>",
    "<lipsmack>", "<laugh>", "<click>", "<ring>", "<dtmf>", "<int>", "<sta>",
    "<male-to-female>", "<female-to-male>", "~", "<hes>", "*mispronounced*", "fragm-", "-ragment",
)  # fmt: skip


class Release(NamedTuple):
    """Folder of the release, prefix of its ids, language of the speech, has romanized words."""

    root: str
    prefix: str
    speech: str
    roman: bool


RELEASES = {
    "101": Release("release-babel101b-v0.4c-build/BABEL_BP_101", "BABEL_BP_101", "es", True),
    "202": Release("IARPA-babel202b-v1.0d-build/BABEL_OP2_202", "BABEL_OP2_202", "it", False),
    "404": Release("404-georgian/release-current", "BABEL_OP3_404", "ru", True),
}
NUMBERS = {"training": ("10161", "11096", "23681", "37210"), "dev": ("52438", "64398")}


class Line(NamedTuple):
    """A segment of a transcript: its time marks and its text."""

    start: float
    end: float
    text: str


def make(out: Path) -> None:
    """Writes all three packs below ``out``, and an eval release that has audio alone."""
    for pack, release in RELEASES.items():
        _make_pack(out / release.root, release, faults=pack == "404")
    spoken = clips("es")[0].samples(8000)
    audio = out / "release-babel101b-v0.4c-eval/BABEL_BP_101/conversational/eval/audio"
    name = "BABEL_BP_101_83455_20120109_121314_inLine"
    _write(audio / f"{name}.sph", sphere(spoken, 8000, "alaw"))


def _make_pack(root: Path, release: Release, *, faults: bool) -> None:
    source = iter(clips(release.speech))
    tags = itertools.cycle(TAGS)
    codings = itertools.cycle([*CODINGS, "wav"])
    words: set[str] = set()
    breaks = iter(FAULTS.values()) if faults else iter(())
    for part, numbers in NUMBERS.items():
        for number, line in itertools.product(numbers, ("inLine", "outLine")):
            when = f"20130{number[0]}12_1030{int(number[:2]) % 60:02d}"
            name = f"{release.prefix}_{number}_{when}_{line}"
            spoken = list(itertools.islice(source, 2))
            lines, samples = _side(
                spoken, tags, 48000 if (coding := next(codings)) == "wav" else 8000
            )
            words.update(word for clip in spoken for word in clip.text.split())
            folder = root / "conversational" / part
            _write_audio(folder / "audio" / name, samples, coding)
            change = next(breaks, render) if part == "training" else render
            _write(folder / "transcription" / f"{name}.txt", change(lines))
            if release.roman:
                roman = [Line(s, e, f"{text} roman") for s, e, text in lines]
                _write(folder / "transcript_roman" / f"{name}.txt", change(roman))
    training = root / "conversational/training"
    _write_audio(
        training / "audio" / f"{release.prefix}_90001_20130912_101010_inLine", samples, "alaw"
    )
    if faults:
        lonely = training / "transcription" / f"{release.prefix}_90002_20130912_101010_inLine.txt"
        _write(lonely, render(lines))
    _write_lexicon(root / "conversational/reference_materials/lexicon.txt", words, release.roman)
    scripted = root / f"scripted/training/audio/{release.prefix}_10161_20130112_103010_A1_scripted"
    _write_audio(scripted, samples, "alaw")
    _write(scripted.parent.parent / f"transcription/{scripted.name}.txt", b"[0.0]\nread\n[1.0]\n")


def _side(spoken: list[Clip], tags: Iterator[str], rate: int) -> tuple[list[Line], np.ndarray]:
    """One side: silence, clip, silence, clip, silence; a tag or two in each segment."""
    gap = np.zeros(round(GAP * rate), np.float32)
    lines, parts, time = [], [gap], 0.0
    for clip in spoken:
        samples = clip.samples(rate)
        parts += [samples, gap]
        end = round(time + GAP + len(samples) / rate, 3)
        lines.append(Line(time, end, f"{next(tags)} {clip.text.capitalize()} {next(tags)}"))
        time = end
    lines.append(Line(time, round(time + GAP, 3), "<no-speech>"))
    return lines, np.concatenate(parts)


def render(lines: list[Line]) -> bytes:
    """A transcript as it should be."""
    rows = [f"[{lines[0].start}]"]
    for line in lines:
        rows += [line.text, f"[{line.end}]"]
    return ("\n".join(rows) + "\n").encode()


def consecutive_marks(lines: list[Line]) -> bytes:
    """The silence at the end has two marks and no text."""
    return render(lines[:-1]) + f"[{lines[-1].end}]\n".encode()


def out_of_order(lines: list[Line]) -> bytes:
    """The second mark lies far behind all others."""
    return render(lines).replace(f"[{lines[0].end}]".encode(), b"[9000.0]")


def two_lines(lines: list[Line]) -> bytes:
    """The first text runs over two lines."""
    head, _, last = lines[0].text.rpartition(" ")
    return render([lines[0]._replace(text=f"{head}\n{last}"), *lines[1:]])


def carriage_returns(lines: list[Line]) -> bytes:
    return render(lines).replace(b"\n", b"\r\n")


def no_last_mark(lines: list[Line]) -> bytes:
    return render(lines[:-1]).rpartition(b"[")[0]


def past_the_end(lines: list[Line]) -> bytes:
    """The last spoken segment ends 30 s after the audio, and another one begins there."""
    late = Line(lines[1].start, lines[1].end + 30, lines[1].text)
    return render([lines[0], late, Line(late.end, late.end + 2, "nothing is here")])


def not_utf8(lines: list[Line]) -> bytes:
    return render([lines[0], *lines[1:]]) + b"\xff\xfe text\n"


FAULTS: dict[str, Callable[[list[Line]], bytes]] = {
    "consecutive time marks": consecutive_marks,
    "time marks out of order": out_of_order,
    "text on several lines": two_lines,
    "lines end in CR LF": carriage_returns,
    "no last time mark": no_last_mark,
    "segment past the end of the audio": past_the_end,
    "is not valid UTF-8": not_utf8,
}


def _write_audio(stem: Path, samples: np.ndarray, coding: str) -> None:
    stem.parent.mkdir(parents=True, exist_ok=True)
    if coding == "wav":
        soundfile.write(f"{stem}.wav", samples, 48000, subtype="PCM_24")
    else:
        _write(Path(f"{stem}.sph"), sphere(samples, 8000, coding))


def _write_lexicon(path: Path, words: set[str], roman: bool) -> None:
    """word, romanized in some packs, pronunciations: all but the last word, which is OOV."""
    rows = []
    for word in sorted(words)[:-1]:
        sounds = " . ".join(f"{letter}_1" for letter in word)
        rows.append("\t".join([word, *([word.upper()] if roman else []), sounds]))
    _write(path, ("\n".join(rows) + "\n").encode())


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
