"""Writes imported pieces as Kaldi folders of training, validation and test: all, or none."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from asrkit.files import DataError, atomic
from asrkit.importers import names
from asrkit.importers.checked import Measured
from asrkit.importers.piece import Left
from asrkit.kaldi.partition import PARTS, Member, Partition, partition
from asrkit.kaldi.utterances import Utterance, write_data_dir
from asrkit.kaldi.validate import validate

MARK = ".imported"  # in a folder that an import has made: another may replace it
AUDIO, LEFT = "audio", "left_out.tsv"
_LANG = re.compile(r"(?:[a-z]+_)?([a-z]{2,3}(?:-[a-z]+)?)")


def code_of(lang: str) -> str:
    """The language in the name of a set, ``xx`` or ``<corpus>_xx``. Raises DataError."""
    if (found := _LANG.fullmatch(lang)) is None:
        raise DataError(f"--lang: {lang!r} is not a code of ISO 639 such as it, or mine_it")
    return found[1]


def targets(out: Path, lang: str) -> list[Path]:
    """What an import of a language may write below ``out``."""
    sets = [out / f"{lang}_{part}" for part in PARTS]
    return [*sets, out / f"{lang}_{AUDIO}", out / f"{lang}_{LEFT}"]


def refuse_present(out: Path, lang: str, *, replace: bool) -> None:
    """Raises DataError where a folder is there that this import may not replace."""
    for path in targets(out, lang)[:-1]:
        if not path.exists() or (path.is_dir() and not any(path.iterdir())):
            continue
        if not (path / MARK).exists():
            raise DataError(
                f"{path}: is there already, and no import made it; choose another --out or --lang"
            )
        if not replace:
            raise DataError(
                f"{path}: is there already, of an earlier import. Name all sources in one import, "
                "so that no speaker falls into two parts; --replace true writes these folders "
                "again"
            )


def divide(good: Sequence[Measured], *, valid: float, test: float, by: str, seed: int) -> Partition:
    """The parts that the sources name; what they name no part of is taken from training.

    Raises DataError as ``partition``.
    """
    named = {one.piece.part for one in good} - {""}
    parts = [one.piece.part or "train" for one in good]
    free = [at for at, part in enumerate(parts) if part == "train"]
    made = partition(
        [_member(good[at]) for at in free],
        valid=0 if "valid" in named else valid,
        test=0 if "test" in named else test,
        by=by,
        seed=seed,
    )
    for at, part in zip(free, made.parts, strict=True):
        parts[at] = part
    notes = list(made.notes)
    if named:
        notes.insert(
            0, f"parts are those of the source where it names them: {' '.join(sorted(named))}"
        )
        notes += _shared_speakers(good, parts)
    return Partition(parts, made.unit, notes)


def _member(one: Measured) -> Member:
    return Member(one.piece.speaker, str(one.piece.audio), one.seconds)


def _shared_speakers(good: Sequence[Measured], parts: Sequence[str]) -> list[str]:
    sets: dict[str, set[str]] = {part: set() for part in PARTS}
    for one, part in zip(good, parts, strict=True):
        sets[part].add(one.piece.speaker)
    both = (sets["train"] & (sets["valid"] | sets["test"])) - {""}
    return [f"{len(both)} speakers of valid or test are in training, too"] if both else []


def utterances(
    good: Sequence[Measured], parts: Sequence[str], moved: tuple[Path, Path]
) -> dict[str, list[Utterance]]:
    """Rows of each part. moved: a folder of audio, and where it will be."""
    of = names.recordings(sorted({one.piece.audio for one in good}))
    result: dict[str, list[Utterance]] = {}
    used: dict[str, str] = {}
    for (piece, _), part in zip(good, parts, strict=True):
        recording = of[piece.audio]
        speaker = names.plain(piece.speaker) if piece.speaker else recording
        span = None if (piece.start, piece.end) == (0, float("inf")) else (piece.start, piece.end)
        audio = piece.audio.resolve()
        if audio.is_relative_to(moved[0].resolve()):
            audio = moved[1].resolve() / audio.relative_to(moved[0].resolve())
        name = names.utterance(piece, speaker, recording)
        if name in used:
            raise DataError(
                f"{piece.where}: is the same stretch of {piece.audio} as {used[name]}; one speaker "
                "says one thing at a time: remove one of them"
            )
        used[name] = piece.where
        row = Utterance(name, speaker, str(audio), piece.text, recording if span else name, span)
        result.setdefault(part, []).append(row)
    return result


def write(
    rows: Mapping[str, list[Utterance]], left: Sequence[Left], out: Path, lang: str, work: Path
) -> None:
    """Writes the folders in ``work``, checks them, and moves them into ``out`` together.

    What they replace comes back if one cannot be moved. Raises DataError.
    """
    code = code_of(lang)
    made: list[tuple[Path, Path]] = []
    for part, part_rows in rows.items():
        folder = work / f"{lang}_{part}"
        write_data_dir(folder, part_rows, code)
        (folder / MARK).touch()
        report = validate(folder, check_audio=False)
        if report.errors:
            raise DataError(f"{folder.name} is not valid:\n{report.text(20)}")
        made.append((folder, out / folder.name))
    if (work / AUDIO).is_dir():
        (work / AUDIO / MARK).touch()
        made.append((work / AUDIO, out / f"{lang}_{AUDIO}"))
    (work / "old").mkdir()
    with contextlib.ExitStack() as undo:
        for path in targets(out, lang)[:-1]:
            if path.exists():
                os.replace(path, work / "old" / path.name)
                undo.callback(os.replace, work / "old" / path.name, path)
        for source, target in made:
            os.replace(source, target)
            undo.callback(shutil.rmtree, target)
        write_left(left, out, lang)
        undo.pop_all()


def write_left(left: Sequence[Left], out: Path, lang: str) -> None:
    """<lang>_left_out.tsv: place, reason and more of it; no file where nothing was left out."""
    path = out / f"{lang}_{LEFT}"
    if not left:
        path.unlink(missing_ok=True)
        return
    with atomic(path) as stream:
        for one in left:
            stream.write("\t".join(" ".join(field.split()) for field in one) + "\n")
