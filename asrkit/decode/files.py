"""Many recordings to files of transcripts: which, where to, and what is done already."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from asrkit.audio.ahead import read_ahead
from asrkit.audio.given import STDIN, Given
from asrkit.audio.reading import AudioError
from asrkit.decode.pieces import Model
from asrkit.decode.plan import Plan
from asrkit.decode.transcribe import transcribe, written
from asrkit.files import DataError, atomic
from asrkit.formats.table import suffix, write
from asrkit.transcript import Transcript

RECORD = ".transcripts.json"  # no audio file has outputs of this name
SOUNDS = frozenset(
    ".aac .ac3 .aif .aiff .amr .ape .au .avi .caf .flac .flv .g722 .m4a .m4b .mka .mkv .mov .mp2"
    " .mp3 .mp4 .mpc .nist .oga .ogg .opus .sph .tta .voc .w64 .wav .webm .wma .wv".split()
)


class Job(NamedTuple):
    """audio: path, or ``-``. out: the path of its outputs without the end of a format."""

    audio: str
    out: Path


def expand(given: Iterable[str]) -> list[Job]:
    """Files, and those of sound in folders, but for hidden ones; ``out`` of a folder's as they lie
    in it. Raises DataError for a folder without any."""
    found: list[Job] = []
    for name in given:
        if name in STDIN or not Path(name).is_dir():
            found.append(Job(name, Path("stdin" if name in STDIN else Path(name).stem)))
            continue
        inside = sorted(p for p in Path(name).rglob("*") if _is_sound(p))
        if not inside:
            raise DataError(f"{name}: no file of sound is in this folder")
        found += [Job(str(path), path.relative_to(name).with_suffix("")) for path in inside]
    return found


def _is_sound(path: Path) -> bool:
    return path.suffix.lower() in SOUNDS and path.name[0] != "." and not path.is_dir()


def jobs(given: Iterable[str], output_dir: Path) -> list[Job]:
    """What is to be written to ``output_dir``. Raises DataError for a folder without sound, and
    where two would be written to one place."""
    found = [Job(job.audio, output_dir / job.out) for job in expand(given)]
    taken: dict[Path, str] = {}
    for job in found:
        if job.out in taken:
            raise DataError(
                f"{job.audio} and {taken[job.out]} would both be written to {job.out}.*; rename "
                "one, or give them another --output_dir"
            )
        taken[job.out] = job.audio
    return found


def paths(job: Job, formats: Iterable[str]) -> dict[str, Path]:
    """Format -> the file that a transcript goes to."""
    return {name: job.out.with_name(job.out.name + suffix(name)) for name in formats}


def left(given: Sequence[Job], formats: Sequence[str], output_dir: Path, of: object) -> list[Job]:
    """The jobs that are not done: an output is missing, or older than its audio.

    of: what transcripts depend on beside the audio, plain values; kept beside them. Raises
    DataError where the outputs that are there were made otherwise.
    """
    record = output_dir / RECORD
    known = _record(of)
    if record.exists() and record.read_text(encoding="utf-8") != known:
        raise DataError(
            f"{output_dir}: holds transcripts of another model or other options ({RECORD}); choose "
            "another --output_dir, or remove it"
        )
    return [job for job in given if not all(map(_fresh_for(job), paths(job, formats).values()))]


def _fresh_for(job: Job) -> Callable[[Path], bool]:
    try:
        made = os.stat(job.audio).st_mtime_ns
    except OSError:  # standard input; what is not there fails when it is read
        return lambda _: False
    return lambda path: path.is_file() and path.stat().st_mtime_ns >= made


def _record(of: object) -> str:
    return json.dumps(of, indent=1) + "\n"


def transcripts(
    model: Model,
    sources: Sequence[str],
    read: Callable[[str], Given],
    plan: Plan,
    failed: dict[str, str],
    *,
    name: str,
    threads: int,
    seconds: float,
) -> Iterator[Transcript]:
    """What is said in each source that can be read, in order; the reasons of others go to
    ``failed``. name: of the model. threads, seconds: as of ``read_ahead``."""

    def readable() -> Iterator[tuple[str, Given]]:
        rows = read_ahead(sources, read, threads=threads, seconds=seconds)
        for source, found in rows:
            if isinstance(found, AudioError):
                failed[source] = str(found)
            else:
                found.tell(source)
                yield source, found

    for found in transcribe(model, readable(), plan):
        yield written(found, plan, name)


def write_all(
    todo: Sequence[Job],
    formats: Sequence[str],
    output_dir: Path,
    of: object,
    made: Iterable[Transcript],
) -> None:
    """Writes each transcript as soon as it is made, with a bar of hours done and of how many times
    faster than they last. Raises DataError where the system refuses to write."""
    output_dir.mkdir(parents=True, exist_ok=True)
    if not (output_dir / RECORD).exists():
        with atomic(output_dir / RECORD) as out:
            out.write(_record(of))
    by_name = {job.audio: job for job in todo}
    begun, seconds = time.monotonic(), 0.0
    with tqdm(total=len(todo), unit="file", mininterval=1.0, leave=False) as bar:
        for transcript in made:
            job = by_name[transcript.audio]
            job.out.parent.mkdir(parents=True, exist_ok=True)
            for name, path in paths(job, formats).items():
                write(transcript, name, path)
            seconds += transcript.duration
            speed = seconds / max(time.monotonic() - begun, 1e-3)
            bar.set_postfix_str(
                f"{seconds / 3600:.2f} h, {speed:.0f} times real time", refresh=False
            )
            bar.update()
