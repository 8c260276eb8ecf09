"""The 25 language packs: what they are called, where a release lies, its conversation sides."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from asrkit.files import DataError, read_lines

TABLE = Path(__file__).with_name("packs.tsv")
SIDE = re.compile(r"BABEL_(BP|OP[123])_(\d{3})_(\d{5})_(\d{8})_(\d{6})_(inLine|outLine)")
DEPTH = 8  # folders between the given one and `conversational`
AUDIO = (".sph", ".wav")


class Pack(NamedTuple):
    """One row of packs.tsv; counts are conversation sides, None where the pack has no such part."""

    pack: str
    name: str
    lang: str
    iso639_3: str
    prefix: str
    release: str
    role: str
    xlsr53: bool
    romanized: bool
    paper_hours: int | None
    train: int
    llp: int
    untranscribed: int | None
    dev: int
    eval: int


class Side(NamedTuple):
    """One side of a call: its id, who speaks (number, A or B), when, its files."""

    id: str
    number: str
    channel: str
    date: str
    time: str
    audio: Path | None
    transcript: Path | None

    @property
    def speaker(self) -> str:
        """``<pack>_<number>_<A or B>``: the two ends of a call share the number."""
        return f"{self.id.split('_')[2]}_{self.number}_{self.channel}"

    def utterance(self, start: float) -> str:
        """Kaldi's id with the pack before it; the start in hundredths of a second, rounded."""
        return f"{self.speaker}_{self.date}_{self.time}_{round(100 * start):06d}"


def read_packs(path: Path = TABLE) -> list[Pack]:
    head, *rows = (line.split("\t") for line in read_lines(path))
    return [_pack(dict(zip(head, row, strict=True))) for row in rows]


def _pack(row: dict[str, str]) -> Pack:
    def number(name: str) -> int | None:
        return None if row[name] == "-" else int(row[name])

    return Pack(
        pack=row["pack"],
        name=row["name"],
        lang=row["lang"],
        iso639_3=row["iso639_3"],
        prefix=row["prefix"],
        release=row["release"],
        role=row["role"],
        xlsr53=row["xlsr53"] == "yes",
        romanized=row["romanized"] == "yes",
        paper_hours=number("paper_hours"),
        train=int(row["train"]),
        llp=int(row["llp"]),
        untranscribed=number("untranscribed"),
        dev=int(row["dev"]),
        eval=int(row["eval"]),
    )


def find_pack(name: str) -> Pack:
    """By code (404), name (georgian), ISO 639-1 or 639-3 code, or the paper's ``tp``."""
    name = {"tp": "tpi"}.get(name.lower(), name.lower())
    packs = read_packs()
    for pack in packs:
        if name in (pack.pack, pack.name, pack.lang, pack.iso639_3):
            return pack
    known = ", ".join(f"{pack.lang} ({pack.pack}-{pack.name})" for pack in packs)
    raise DataError(f"BABEL has no language {name!r}; it has {known}")


def conversational(root: Path) -> Iterator[Path]:
    """Folders called ``conversational`` below ``root``, or itself; none inside another."""
    if root.name == "conversational":
        yield root
        return
    start = len(root.parts)
    for folder, names, _ in os.walk(root, followlinks=True):
        path = Path(folder)
        if "conversational" in names:
            yield path / "conversational"
        skipped = {"conversational", "scripted", "audio"}
        deep = len(path.parts) - start >= DEPTH
        names[:] = [] if deep else sorted(set(names) - skipped)


def belongs(folder: Path, pack: Pack) -> bool:
    """Whether the first conversation side found in ``folder`` is of this pack."""
    for part in ("training", "dev", "eval"):
        for kind in ("transcription", "audio"):
            if not (folder / part / kind).is_dir():
                continue
            with os.scandir(folder / part / kind) as entries:
                for entry in entries:
                    if match := SIDE.match(entry.name):
                        return match[2] == pack.pack
    return False


def find_parts(roots: list[Path], pack: Pack) -> dict[str, Path]:
    """``training`` and ``dev`` of a pack below ``roots``, whatever its folders are called.

    Raises DataError if one is not there, or there twice.
    """
    for root in roots:
        if not root.is_dir():
            raise DataError(f"{root}: no such folder; check --babel and --packs")
    found: dict[str, list[Path]] = {"training": [], "dev": []}
    for folder in sorted({path for root in roots for path in conversational(root)}):
        if belongs(folder, pack):
            for part, places in found.items():
                if (folder / part / "transcription").is_dir():
                    places.append(folder / part)
    name, where = f"{pack.pack}-{pack.name}", ", ".join(map(str, roots))
    for part, places in found.items():
        if not places:
            raise DataError(
                f"{where}: no conversational/{part}/transcription of {name} ({pack.prefix}_...) "
                f"below it; unpack the release {pack.release} there, or name its folder with "
                f"--packs {pack.pack}=FOLDER"
            )
        if len(places) > 1:
            shown = ", ".join(map(str, places))
            raise DataError(
                f"{name} has several folders {part}: {shown}; name the release to use with "
                f"--packs {pack.pack}=FOLDER"
            )
    return {part: places[0] for part, places in found.items()}


def read_sides(part: Path, *, roman: bool = False) -> tuple[list[Side], list[Path]]:
    """The conversation sides of ``training`` or ``dev``, sorted, and files that are none.

    Raises DataError if a side has two audio files.
    """
    audio: dict[str, Path] = {}
    texts: dict[str, Path] = {}
    others, twice = [], []
    for path in sorted((part / "audio").glob("*")):
        if not SIDE.fullmatch(path.stem) or path.suffix.lower() not in AUDIO:
            others.append(path)
        elif path.stem in audio:
            twice.append(f"{audio[path.stem]} and {path.name}")
        else:
            audio[path.stem] = path
    if twice:
        shown = "; ".join(twice[:5])
        raise DataError(f"{len(twice)} sides have two audio files: {shown}; move one of each away")
    for path in sorted((part / ("transcript_roman" if roman else "transcription")).glob("*")):
        if SIDE.fullmatch(path.stem) and path.suffix == ".txt":
            texts[path.stem] = path
        else:
            others.append(path)
    return [make_side(i, audio.get(i), texts.get(i)) for i in sorted({*audio, *texts})], others


def make_side(name: str, audio: Path | None, transcript: Path | None) -> Side:
    match = SIDE.fullmatch(name)
    if match is None:
        raise DataError(f"{name!r} is not an id of a conversation side")
    _, _, number, date, time, line = match.groups()
    return Side(name, number, "A" if line == "inLine" else "B", date, time, audio, transcript)
