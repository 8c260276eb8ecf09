"""Stage 3: any audio, pipes and segments included, to one 16 kHz mono FLAC file an utterance.

The only place that runs the commands of ``wav.scp``. What was done is kept in a journal, by source,
size, time and cut, so that an interrupted or repeated run does only what is missing or changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import torch
from tqdm import tqdm

from asrkit.files import DataError, atomic
from asrkit.kaldi.datadir import DataDir, is_command, refuse_inputs, write_table
from asrkit.kaldi.journal import Journal
from asrkit.kaldi.segments import parse_segment
from asrkit.kaldi.speed import TABLE, percent
from asrkit.kaldi.to_flac import Bad, Cut, Done, Recording, convert
from asrkit.kaldi.validate import validate
from asrkit.processes import workers
from asrkit.rate import RATE
from asrkit.shards import FOLDER, Item, Results, Shards, mark, stamp

VERSION = 1


class Result(NamedTuple):
    written: int
    skipped: int
    bad: list[Bad]
    notes: list[str]  # what is not a fault and may be one: silence, telephone speech among other


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
    data, journal, jobs, skipped = _open(in_dir, out_dir, channel)
    shards = Shards(out_dir / FOLDER)
    jobs, bad = _take_in(shards.results(), jobs, journal)
    shards.forget()
    bad = sorted(bad + _run(jobs, journal, nj))
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
    kept = _write_tables(data, out_dir, journal, {entry.utterance for entry in bad})
    made = [journal.done[utterance] for utterance in kept]
    odd = [Bad(entry.utterance, entry.remark) for entry in made if entry.remark]
    _write_bad(out_dir / "odd_audio", odd)
    return Result(total - skipped - len(bad), skipped, bad, _notes(out_dir, made))


def deal(in_dir: str | Path, out_dir: str | Path, count: int, *, channel: int | None = None) -> int:
    """Deals what ``format_dir`` would convert to at most ``count`` shards; to how many.

    Raises DataError as ``format_dir`` does for ``in_dir``, and where a shard is at work.
    """
    out_dir = Path(out_dir)
    _, journal, jobs, _ = _open(Path(in_dir), out_dir, channel)
    shards = Shards(out_dir / FOLDER)
    jobs, _ = _take_in(shards.results(), jobs, journal)
    shards.drop_results()  # they are in the journal; what could not be read is tried again
    return shards.deal([_item(job) for job in jobs], count)


def format_shard(out_dir: str | Path, number: int) -> Result:
    """Converts the recordings of one shard; its result has no notes."""
    written, bad = 0, []
    with Shards(Path(out_dir) / FOLDER).work(number) as (items, keep):
        for item in tqdm(items, unit="recording", disable=not items):
            source, cuts, channel = item.what
            found = convert(Recording(source, [Cut(*cut) for cut in cuts], channel))
            keep(item, found)
            bad += [entry for entry in found if isinstance(entry, Bad)]
            written += len(found)
    return Result(written - len(bad), 0, bad, [])


def _open(
    in_dir: Path, out_dir: Path, channel: int | None
) -> tuple[DataDir, Journal, list[Recording], int]:
    """The data, what is done, what is to do, and how many utterances are done already."""
    refuse_inputs(out_dir, [in_dir])
    report = validate(in_dir, need_text=False, allow_empty_text=True, check_audio=False)
    if report.errors:
        raise DataError(f"{in_dir} is not valid:\n{report.text(20)}")
    data = DataDir.read(in_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    journal = Journal(out_dir)
    jobs, skipped = _plan(data, out_dir, journal.done, channel)
    journal.forget(cut.utterance for job in jobs for cut in job.cuts)
    return data, journal, jobs, skipped


def _item(job: Recording) -> Item:
    return Item(job.cuts[0].utterance, mark(*(cut.mark for cut in job.cuts)), job)


def _take_in(
    results: Results, jobs: list[Recording], journal: Journal
) -> tuple[list[Recording], list[Bad]]:
    """What shards have made goes into the journal. What they have left to do, and could not do."""
    made, bad, left = [], [], []
    for job in jobs:
        found = [_entry(row) for row in results[_item(job)]] if _item(job) in results else []
        good = [entry for entry in found if isinstance(entry, Done)]
        paths = {cut.utterance: Path(cut.path) for cut in job.cuts}
        if not found or any(_size(paths[entry.utterance]) == 0 for entry in good):
            left.append(job)
            continue
        made += good
        bad += [entry for entry in found if isinstance(entry, Bad)]
    journal.add(made)
    return left, bad


def _entry(row: list[str | int]) -> Done | Bad:
    """What a shard has kept of an utterance."""
    return Bad(*map(str, row)) if len(row) == 2 else Done(*row)  # type: ignore[arg-type]


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
    jobs, skipped, folders = [], 0, set()
    for recording, parts in spans.items():
        source = sources[recording]
        made_of = _stamp(source)
        cuts = []
        for utterance, span in parts:
            path = flac_path(out_dir, utterance)
            speed = percent(speeds.get(utterance, "1"), f"{TABLE}: {utterance}")
            changes = ([] if speed == 100 else [speed]) + ([] if channel is None else [(channel,)])
            known = mark(VERSION, made_of, span, *changes)
            entry = done.get(utterance)
            if entry is not None and entry.mark == known and _size(path) > 0:
                skipped += 1
                continue
            if path.parent not in folders:
                path.parent.mkdir(parents=True, exist_ok=True)
                folders.add(path.parent)
            cuts.append(Cut(utterance, span, str(path), known, speed))
        if cuts:
            jobs.append(Recording(source, cuts, channel))
    return jobs, skipped


def flac_path(out_dir: Path, utterance: str) -> Path:
    """audio/<two digits of a hash>/<id>.flac: no folder grows beyond what file systems bear."""
    name = quote(utterance, safe=" !#$&'()+,;=@[]^`{}~")
    digest = mark(utterance)
    return out_dir / "audio" / digest[:2] / f"{name if len(name) < 200 else digest}.flac"


def _stamp(source: str) -> tuple[str, int, int]:
    """Source, size and time; a command is known by its text alone."""
    if not is_command(source):
        for path in (source, source.rpartition(":")[0]):
            _, size, time = stamp(path)
            if time:
                return source, size, time
    return source, 0, 0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _run(jobs: list[Recording], journal: Journal, nj: int) -> list[Bad]:
    """Does the jobs, adds to the journal; returns what could not be done."""
    bad: list[Bad] = []
    bar = tqdm(total=sum(len(job.cuts) for job in jobs), unit="utt", disable=not jobs)
    with bar:
        for results in _results(jobs, nj):
            bad += [result for result in results if isinstance(result, Bad)]
            journal.add(result for result in results if isinstance(result, Done))
            bar.update(len(results))
    return bad


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
    if min(rates, default=0) < RATE <= max(rates, default=0):
        shown = ", ".join(f"{count} at {rate} Hz" for rate, count in sorted(rates.items()))
        notes.append(
            f"{out_dir}: sampling rates below and from {RATE} Hz are mixed ({shown}); "
            "the former hold no high frequencies: utt2orig tells which they are"
        )
    return notes


def _write_bad(path: Path, bad: list[Bad]) -> None:
    if bad:
        with atomic(path) as stream:
            stream.writelines(f"{entry.utterance} {entry.reason}\n" for entry in bad)
    else:
        path.unlink(missing_ok=True)


def _write_tables(data: DataDir, out_dir: Path, journal: Journal, bad: set[str]) -> list[str]:
    """Returns the utterances that are left. Of audio that was made again wav.scp is new, too: what
    is computed of it goes by the time of that."""
    done = journal.done
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
        write_table(out_dir / name, table, of=journal.path if name == "wav.scp" else None)
    return kept
