"""FLEURS in miniature: real speech in its layout (TSV without heading, archives), with faults.

``it_it`` lies as the hub has it (audio/<part>.tar.gz), ``ru_ru`` unpacked. Prompts come twice, in
two files. Faults (it_it): a line without audio, audio without line, lines that end with CR (dev),
a gender that is neither MALE nor FEMALE, a line without text, the same line twice, an unbalanced
quotation mark, and a wav that is cut short.
"""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path

import soundfile
from corpora.speech import Clip, clips

SIZES = {"train": 14, "dev": 4, "test": 4}


def wav(clip: Clip) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, clip.samples(16000), 16000, format="WAV", subtype="FLOAT")
    return out.getvalue()


def line(prompt: int, name: str, clip: Clip, gender: str) -> str:
    """Seven columns: prompt, wav, raw, normalized, characters, samples, gender."""
    raw = f"{clip.text.capitalize()}."
    characters = " ".join("|".join(clip.text.split())) + " |"
    samples = len(clip.samples(16000))
    return "\t".join((str(prompt), name, raw, clip.text, characters, str(samples), gender))


def make_config(folder: Path, speech: list[Clip], *, faults: bool, pack: bool) -> None:
    """One configuration: <part>.tsv and audio/<part>/ or its archive."""
    start = 0
    for part, size in SIZES.items():
        taken = speech[start : start + size]
        audio = folder / "audio" / part
        audio.mkdir(parents=True)
        rows = []
        for number, clip in enumerate(taken):
            name = f"{10_000_000_000 + 7919 * (start + number)}.wav"
            (audio / name).write_bytes(wav(clip))
            prompt = 1600 + start + number // 2  # two people read each
            rows.append(line(prompt, name, clip, ("MALE", "FEMALE")[number % 2]))
        start += size
        if faults and part == "train":
            add_faults(audio, rows)
        end = "\r\n" if faults and part == "dev" else "\n"
        (folder / f"{part}.tsv").write_bytes("".join(f"{row}{end}" for row in rows).encode())
        if pack:
            with tarfile.open(audio.with_name(f"{part}.tar.gz"), "w:gz") as archive:
                archive.add(audio, part)
            shutil.rmtree(audio)


def add_faults(audio: Path, rows: list[str]) -> None:
    """Spoils rows 0 to 3 and the last wav, and adds rows and a wav that have no counterpart."""
    rows[0] = rows[0].replace("MALE", "OTHER")
    fields = rows[1].split("\t")
    rows[1] = "\t".join([*fields[:2], f'"{fields[2]}', *fields[3:]])
    fields = rows[2].split("\t")
    rows[2] = "\t".join([*fields[:2], "", "", "|", *fields[5:]])
    rows.append(rows[3])
    fields = rows[5].split("\t")
    rows.append(
        "\t".join(["1699", fields[1], *(f"<b>{text}</b>" for text in fields[2:4]), *fields[4:]])
    )
    fields = rows[4].split("\t")
    rows.append("\t".join([fields[0], "12345678901.wav", *fields[2:]]))
    shutil.copy(audio / fields[1], audio / "99999999999.wav")
    last = audio / rows[13].split("\t")[1]
    last.write_bytes(last.read_bytes()[: last.stat().st_size // 2])


def make(out: Path) -> None:
    """The corpus with its faults; see the head of this file."""
    make_config(out / "data/it_it", clips("it"), faults=True, pack=True)
    make_config(out / "data/ru_ru", clips("ru"), faults=False, pack=False)
