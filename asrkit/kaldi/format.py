"""Stage 3: any audio, pipes and segments included, to one 16 kHz mono FLAC file an utterance.

The only place that runs the commands of ``wav.scp``. What was done is kept in a journal, by source,
size, time and cut, so that an interrupted or repeated run does only what is missing or changed.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import torch
from tqdm import tqdm

from asrkit.audio import reading as audio
from asrkit.audio.channels import silence
from asrkit.files import DataError, append, atomic
from asrkit.kaldi.datadir import DataDir, is_command, write_table
from asrkit.kaldi.segments import cut as cut_out
from asrkit.kaldi.segments import parse_segment
from asrkit.kaldi.speed import TABLE, percent
from asrkit.kaldi.validate import validate
from asrkit.processes import run_program, workers

VERSION = 1
JOURNAL = ".format"


class Cut(NamedTuple):
    """One utterance of a recording: seconds (None: all of it), its FLAC file, its mark, its speed
    in hundredths."""

    utterance: str
    span: tuple[float, float] | None
    path: str
    mark: str
    speed: int = 100


class Recording(NamedTuple):
    source: str
    cuts: list[Cut]
    channel: int | None = None


class Done(NamedTuple):
    """A journal line: what an utterance was made of, and what it became."""

    utterance: str
    mark: str
    num_samples: int
    orig: str  # rate, channels and codec of the source
    remark: str = ""  # what is odd about its audio


class Bad(NamedTuple):
    utterance: str
    reason: str


class Result(NamedTuple):
    written: int
    skipped: int
    bad: list[Bad]
    notes: list[str]  # what is no fault and may be one: silence, telephone speech among other


def format_dir(
    in_dir: str | Path,
    out_dir: str | Path,
    *,
    nj: int = 1,
    max_bad: float = 0,
    channel: int | None = None,
) -> Result:
    """Writes ``out_dir`` (laid out as docs/data_dir.md says) from a data folder in nj processes.

    channel: the number, from 1, of the one to take; None: the mean of all (channels.py).

    max_bad: unreadable utterances allowed, a number or, below 1, a share. They are left out and
    listed in ``out_dir/bad_audio``. Raises DataError, with no tables written, where there are more,
    or where ``in_dir`` is not valid.
    """
    if nj < 1 or max_bad < 0:
        raise DataError(f"{nj=} must be at least 1, and {max_bad=} at least 0")
    in_dir, out_dir = Path(in_dir), Path(out_dir)
    report = validate(in_dir, need_text=False, allow_empty_text=True, check_audio=False)
    if report.errors:
        raise DataError(f"{in_dir} is not valid:\n{report.text(20)}")
    data = DataDir.read(in_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    done = _read_journal(out_dir / JOURNAL)
    jobs, skipped = _plan(data, out_dir, done, channel)
    bad = _run(jobs, out_dir / JOURNAL, done, nj)
    total = len(data.utterances)
    _write_bad(out_dir / "bad_audio", bad)
    allowed = max_bad if max_bad >= 1 else max_bad * total
    if len(bad) > allowed:
        shown = "\n".join(f"{entry.utterance}: {entry.reason}" for entry in bad[:20])
        raise DataError(
            f"{len(bad)} of {total} utterances of {in_dir} cannot be used (allowed: {int(allowed)}"
            f"); correct or remove them, or raise --max_bad. All are in {out_dir / 'bad_audio'}:\n"
            f"{shown}"
        )
    kept = _write_tables(data, out_dir, done, {entry.utterance for entry in bad})
    made = [done[utterance] for utterance in kept]
    odd = [Bad(entry.utterance, entry.remark) for entry in made if entry.remark]
    _write_bad(out_dir / "odd_audio", odd)
    return Result(total - skipped - len(bad), skipped, bad, _notes(out_dir, made))


def _plan(
    data: DataDir, out_dir: Path, done: dict[str, Done], channel: int | None
) -> tuple[list[Recording], int]:
    """What is to do, by recording; and how many utterances are done already."""
    sources = data.get("wav.scp")
    spans: dict[str, list[tuple[str, tuple[float, float] | None]]] = {}
    if "segments" in data.tables:
        for utterance, value in sorted(data.tables["segments"].items()):
            recording, begin, end = parse_segment(value)
            spans.setdefault(recording, []).append((utterance, (begin, end)))
    else:
        spans = {utterance: [(utterance, None)] for utterance in sorted(sources)}
    speeds = data.tables.get(TABLE, {})
    jobs, skipped, made = [], 0, set()
    for recording, parts in spans.items():
        source = sources[recording]
        stamp = _stamp(source)
        cuts = []
        for utterance, span in parts:
            path = flac_path(out_dir, utterance)
            speed = percent(speeds.get(utterance, "1"), f"{TABLE}: {utterance}")
            changes = ([] if speed == 100 else [speed]) + ([] if channel is None else [(channel,)])
            mark = _hash(VERSION, stamp, span, *changes)
            entry = done.get(utterance)
            if entry is not None and entry.mark == mark and _size(path) > 0:
                skipped += 1
                continue
            if path.parent not in made:
                path.parent.mkdir(parents=True, exist_ok=True)
                made.add(path.parent)
            cuts.append(Cut(utterance, span, str(path), mark, speed))
        if cuts:
            jobs.append(Recording(source, cuts, channel))
    return jobs, skipped


def flac_path(out_dir: Path, utterance: str) -> Path:
    """audio/<two digits of a hash>/<id>.flac: no folder grows beyond what file systems bear."""
    name = quote(utterance, safe=" !#$&'()+,;=@[]^`{}~")
    digest = _hash(utterance)
    return out_dir / "audio" / digest[:2] / f"{name if len(name) < 200 else digest}.flac"


def _hash(*parts: object) -> str:
    return hashlib.blake2b(repr(parts).encode(), digest_size=12).hexdigest()


def _stamp(source: str) -> tuple[str, int, int]:
    """Source, size and time; a command is known by its text alone."""
    if is_command(source):
        return source, 0, 0
    for path in (source, source.rpartition(":")[0]):
        try:
            stat = os.stat(path)
            return source, stat.st_size, stat.st_mtime_ns
        except OSError:
            continue
    return source, 0, 0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _run(jobs: list[Recording], journal: Path, done: dict[str, Done], nj: int) -> list[Bad]:
    """Does the jobs, adds to journal and ``done``; returns what could not be done, sorted."""
    bad: list[Bad] = []
    bar = tqdm(total=sum(len(job.cuts) for job in jobs), unit="utt", disable=not jobs)
    with bar:
        for results in _results(jobs, nj):
            bad += [result for result in results if isinstance(result, Bad)]
            made = [result for result in results if isinstance(result, Done)]
            append(journal, "".join("\t".join(map(str, result)) + "\n" for result in made))
            done |= {result.utterance: result for result in made}
            bar.update(len(results))
    return sorted(bad)


def _results(jobs: list[Recording], nj: int) -> Iterator[list[Done | Bad]]:
    if nj <= 1 or len(jobs) <= 1:
        yield from map(convert, jobs)
        return
    size = max(1, min(16, len(jobs) // (4 * nj)))
    parts = (jobs[first : first + size] for first in range(0, len(jobs), size))
    with workers(nj, start=(torch.set_num_threads, (1,)), method="fork") as pool:
        for found in pool.in_order(_convert_part, parts, ahead=64):  # one may last for long
            yield from found


def _convert_part(jobs: list[Recording]) -> list[list[Done | Bad]]:
    return [convert(job) for job in jobs]


def convert(job: Recording) -> list[Done | Bad]:
    """Decodes one recording, and writes its utterances."""
    try:
        if is_command(job.source):
            name = f"command {job.source!r}"
            sound = audio.decode(_output(job.source[:-1].strip()), name, job.channel)
        else:
            sound = audio.decode(job.source, channel=job.channel)
    except audio.AudioError as error:
        return [Bad(cut.utterance, str(error)) for cut in job.cuts]
    return [_write(cut, sound, job.source) for cut in job.cuts]


def _output(command: str) -> bytes:
    """What a command of wav.scp writes; run by bash, so that a failure inside a pipe counts."""
    made = run_program(["bash", "-c", f"set -o pipefail; {command}"])
    if made.returncode:
        last = made.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
        raise audio.AudioError(f"command {command!r} ended with {made.returncode} ({last[0]})")
    return made.stdout


def _write(cut: Cut, sound: audio.Audio, source: str) -> Done | Bad:
    samples = sound.samples
    if cut.span is not None:
        try:
            samples = cut_out(samples, *cut.span, audio.RATE)
        except DataError as error:
            return Bad(cut.utterance, f"{source}: the segment {error}; correct or remove it")
    samples = audio.change_speed(samples, cut.speed)
    with atomic(cut.path, "wb", sync=False) as stream:
        audio.write_flac(stream, samples)
    orig = f"{sound.rate} {sound.channels} {sound.codec}"
    remark = sound.remark or silence(samples)
    return Done(cut.utterance, cut.mark, len(samples), orig, remark)


def _notes(out_dir: Path, made: list[Done]) -> list[str]:
    """A line each on what is odd, and on rates of telephone speech among others."""
    notes = []
    for remark in sorted({entry.remark for entry in made} - {""}):
        odd = [entry.utterance for entry in made if entry.remark == remark]
        notes.append(
            f"{out_dir}: {len(odd)} of {len(made)} utterances: {remark}: {' '.join(odd[:5])}"
            f"{' ...' * (len(odd) > 5)}; listen to them (odd_audio lists them), or leave them out"
        )
    rates = Counter(int(entry.orig.split(" ")[0]) for entry in made)
    if min(rates, default=0) < audio.RATE <= max(rates, default=0):
        shown = ", ".join(f"{count} at {rate} Hz" for rate, count in sorted(rates.items()))
        notes.append(
            f"{out_dir}: sampling rates below and from {audio.RATE} Hz are mixed ({shown}); "
            "the former hold no high frequencies: utt2orig tells which they are"
        )
    return notes


def _read_journal(path: Path) -> dict[str, Done]:
    """Entries by utterance, the last one counting; a line that a crash cut off does not."""
    entries: dict[str, Done] = {}
    if not path.is_file():
        return entries
    for line in path.read_text(encoding="utf-8", errors="replace").split("\n"):
        fields = line.split("\t")
        fields += [""] * (len(fields) == 4)  # as written before there were remarks
        if len(fields) == 5 and fields[2].isdigit() and len(fields[3].split(" ")) == 3:
            entries[fields[0]] = Done(fields[0], fields[1], int(fields[2]), *fields[3:])
    return entries


def _write_bad(path: Path, bad: list[Bad]) -> None:
    if bad:
        with atomic(path) as stream:
            stream.writelines(f"{entry.utterance} {entry.reason}\n" for entry in bad)
    else:
        path.unlink(missing_ok=True)


def _write_tables(data: DataDir, out_dir: Path, done: dict[str, Done], bad: set[str]) -> list[str]:
    """Returns the utterances that are left."""
    kept = [utterance for utterance in data.utterances if utterance not in bad]
    if not kept:
        raise DataError(f"{out_dir}: no utterance is left; see bad_audio there")
    part = data.keep(kept)
    tables = {
        name: table
        for name, table in part.tables.items()
        if name != "segments" and not (part.segmented and part.level(name) == "recording")
    }
    tables["wav.scp"] = {u: str(flac_path(out_dir, u)) for u in kept}
    tables["utt2num_samples"] = {u: str(done[u].num_samples) for u in kept}
    tables["utt2orig"] = {u: done[u].orig for u in kept}
    for name, table in tables.items():
        write_table(out_dir / name, table)
    return kept
