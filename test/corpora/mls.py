"""Multilingual LibriSpeech in miniature: real speech in the layout of OpenSLR 94, with faults.

``make`` leaves ``mls_italian`` (FLAC, the faults below), ``mls_french_opus`` (48 kHz Opus),
``mls_spanish_opus.tar.gz`` and the text of the language models. Readers have ids of one to five
digits. Faults: a transcript without audio, audio without transcript, a transcript without text, a
line end with CR, a list that is not sorted, names a handle twice and one without audio, a segment
that ends before it starts, a heading and partitions of metainfo.txt that no reader expects, and a
FLAC (an Opus) file that is cut short.
"""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import soundfile
from corpora.speech import Clip, clips

SPEAKERS = {"train": (12, 643, 10179), "dev": (2506, 99), "test": (8842, 7)}
SIZES = {"train": 16, "dev": 4, "test": 4}
HEADING = "SPEAKER | GENDER | PARTITION | MINUTES | BOOK ID | TITLE | Friar Anselmo"
FOLDS = 6


class Line(NamedTuple):
    """One utterance of the miniature: handle, text, seconds."""

    handle: str
    text: str
    seconds: float


def encode(clip: Clip, codec: str) -> bytes:
    """A clip as 16 kHz FLAC or 48 kHz Ogg Opus, as the two releases have it."""
    out = io.BytesIO()
    if codec == "flac":
        soundfile.write(out, clip.samples(16000), 16000, format="FLAC", subtype="PCM_16")
        return out.getvalue()
    with av.open(out, "w", format="ogg") as box:
        stream = box.add_stream("libopus", rate=48000, layout="mono")
        frame = av.AudioFrame.from_ndarray(
            clip.samples(48000).astype(np.float32)[None], format="fltp", layout="mono"
        )
        frame.sample_rate = 48000
        to_codec = av.AudioResampler(stream.codec_context.format, "mono", 48000)
        frames = [*to_codec.resample(frame), *to_codec.resample(None)]
        for part in frames:
            box.mux(stream.encode(part))
        box.mux(stream.encode(None))
    return out.getvalue()


def make_tree(folder: Path, speech: list[Clip], codec: str) -> dict[str, list[Line]]:
    """A faultless tree of one language; its lines by part."""
    parts, start = {}, 0
    for part, size in SIZES.items():
        taken = speech[start : start + size]
        start += size
        parts[part] = make_part(folder / part, part, taken, codec)
    rows = [HEADING]
    for part, speakers in SPEAKERS.items():
        for place, speaker in enumerate(speakers):
            gender, partition = "MF"[place % 2], "secret" if speaker == 12 else part
            rows.append(f"{speaker:<8}|  {gender}   | {partition} |  0.40 | {700 + place} | A | B")
    (folder / "metainfo.txt").write_text("\n".join(rows) + "\n", "utf-8")
    (folder / "README").write_text("A miniature.\n")
    (folder / "LICENSE").write_text("See test/corpora/clips/LICENSE.md.\n")
    make_lists(folder / "train/limited_supervision", [line.handle for line in parts["train"]])
    return parts


def make_part(folder: Path, part: str, speech: list[Clip], codec: str) -> list[Line]:
    """audio/<speaker>/<book>/<handle>, transcripts.txt and segments.txt."""
    lines, segments, at = [], [], 12.5
    for number, clip in enumerate(speech):
        place = number % len(SPEAKERS[part])
        speaker, book = SPEAKERS[part][place], 700 + place
        handle = f"{speaker}_{book}_{number:06d}"
        path = folder / f"audio/{speaker}/{book}/{handle}.{codec}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(clip, codec))
        seconds = round(len(clip.samples(16000)) / 16000, 2)
        url = f"http://www.archive.org/download/{book}/chapter_64kb.mp3"
        segments.append(f"{handle}\t{url}\t{at:.2f}\t{at + seconds:.2f}")
        lines.append(Line(handle, clip.text, seconds))
        at += seconds + 0.7
    write(folder / "transcripts.txt", [f"{line.handle}\t{line.text}" for line in lines])
    write(folder / "segments.txt", segments)
    return lines


def make_lists(folder: Path, handles: list[str]) -> None:
    """Six folds of two handles (1hr), four more (9hr), none of them sorted."""
    for fold in range(FOLDS):
        (folder / f"1hr/{fold}").mkdir(parents=True)
        write(folder / f"1hr/{fold}/handles.txt", sorted(handles[fold * 2 :][:2], reverse=True))
    (folder / "9hr").mkdir()
    write(folder / "9hr/handles.txt", sorted(handles[2 * FOLDS :], reverse=True))


def write(path: Path, rows: list[str], end: str = "\n") -> None:
    path.write_bytes("".join(f"{row}{end}" for row in rows).encode())


def add_faults(folder: Path, parts: dict[str, list[Line]], codec: str) -> None:
    """Everything that was seen to be wrong with trees on disks, a clip each."""
    train = folder / "train"
    first, second, third, *_ = (line.handle for line in parts["train"])
    rows = (train / "transcripts.txt").read_text("utf-8").splitlines()
    rows.append("12_700_009998\tnessuno ha letto questa frase")  # no audio
    rows.append("12_700_009999\t")  # no text
    write(train / "transcripts.txt", rows)
    lonely = train / f"audio/12/700/12_700_009997.{codec}"  # no transcript
    shutil.copy(next(train.glob(f"audio/*/*/{first}.{codec}")), lonely)
    rows = (folder / "test/transcripts.txt").read_text("utf-8").splitlines()
    write(folder / "test/transcripts.txt", rows, "\r\n")
    fold = train / "limited_supervision/1hr/0/handles.txt"
    write(fold, ["12_700_009998", *fold.read_text().split(), first])
    rows = (train / "segments.txt").read_text("utf-8").splitlines()
    handle, url, start, end = rows[1].split("\t")
    write(train / "segments.txt", [rows[0], "\t".join((handle, url, end, start)), *rows[2:]])
    cut = next(train.glob(f"audio/*/*/{parts['train'][-1].handle}.{codec}"))
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size * 2 // 3])
    assert len({first, second, third}) == 3


def make_lm_text(folder: Path, speech: list[Clip]) -> None:
    """data.txt: every prompt, so those of dev and test too, and lines that no model should see."""
    folder.mkdir(parents=True)
    rows = [clip.text.encode() for clip in speech]
    rows += [b"", b"...", b"caff\xe8", "Una frase, in più.\r".encode()]
    (folder / "data.txt").write_bytes(b"\n".join(rows) + b"\n")


def archive(folder: Path) -> None:
    """``folder`` to ``folder.tar.gz``, its name on top, as the release does."""
    with tarfile.open(folder.with_name(f"{folder.name}.tar.gz"), "w:gz") as tar:
        tar.add(folder, folder.name)
    shutil.rmtree(folder)


def make(out: Path) -> None:
    """The corpus with its faults; see the head of this file."""
    parts = make_tree(out / "mls_italian", clips("it"), "flac")
    add_faults(out / "mls_italian", parts, "flac")
    parts = make_tree(out / "mls_french_opus", clips("fr"), "opus")
    add_faults(out / "mls_french_opus", parts, "opus")
    make_tree(out / "mls_spanish_opus", clips("es"), "opus")
    archive(out / "mls_spanish_opus")
    make_lm_text(out / "mls_lm_italian", clips("it"))
    make_lm_text(out / "mls_lm_spanish", clips("es"))
    archive(out / "mls_lm_spanish")
