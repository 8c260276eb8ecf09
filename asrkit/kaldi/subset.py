"""Folders from folders: combined, split, filtered, subsets of so many minutes."""

from __future__ import annotations

import contextlib
import heapq
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path

from tqdm import tqdm

from asrkit.files import DataError, atomic
from asrkit.kaldi.datadir import DataDir, refuse_inputs, speakers_of, table_names, write_table
from asrkit.kaldi.kaldi_text import read_ids, stream_rows
from asrkit.kaldi.speed import TABLE, mark, with_copies, without_copies
from asrkit.keys import key_of


def combine(
    in_dirs: Sequence[str | Path], out_dir: str | Path, *, allow_empty_text: bool = False
) -> list[str]:
    """Merges folders line by line, not held in memory; returns the names of tables left out.

    All must have wav.scp, utt2spk and utt2lang; a table that only some have is left out, except
    ``text``, which unlabeled folders need not have with ``allow_empty_text``. Raises DataError for
    an utterance that two folders have, with both places, and where some have segments, some not.
    """
    folders, out = [Path(folder) for folder in in_dirs], Path(out_dir)
    refuse_inputs(out, folders)
    names = {folder: set(table_names(folder)) for folder in folders}
    everything = set().union(*names.values())
    common = set.intersection(*names.values())
    for name in ("wav.scp", "utt2spk", "utt2lang", *({"segments"} & everything)):
        for folder in folders:
            if name not in names[folder]:
                repair = "format the folders first (stage 3)" if name == "segments" else "fix it"
                raise DataError(f"{folder / name}: is missing while others have it; {repair}")
    if "text" in everything - common:
        if not allow_empty_text:
            without = next(folder for folder in folders if "text" not in names[folder])
            raise DataError(
                f"{without / 'text'}: is missing while others have it; for unlabeled speech say "
                "--allow_empty_text true"
            )
        common.add("text")
    out.mkdir(parents=True, exist_ok=True)
    for name in sorted(common - {"spk2utt"}):
        size = sum((folder / name).stat().st_size for folder in folders if name in names[folder])
        bar = tqdm(total=size, desc=name, unit="B", unit_scale=True, delay=2, leave=False)
        with bar, atomic(out / name) as stream:
            for key, value in _merged(folders, name):
                line = f"{key} {value}".rstrip(" ") + "\n"
                stream.write(line)
                bar.update(len(line))
    write_table(out / "spk2utt", speakers_of(_lines(out / "utt2spk")))
    return sorted(everything - common - {"spk2utt"})


def _merged(folders: list[Path], name: str) -> Iterator[tuple[str, str]]:
    sources = []
    for number, folder in enumerate(folders):
        path = folder / name
        if not path.exists():  # an unlabeled folder among labeled ones
            rows: Iterable[tuple[str, str]] = ((key, "") for key, _ in _lines(folder / "utt2spk"))
        else:
            rows = _lines(path)
        sources.append(_numbered(rows, number))
    last, where, said = "", -1, ""
    for key, number, value in heapq.merge(*sources):
        if key == last:
            if name.startswith(("spk2", "reco2")) and value == said:
                continue
            first, second = folders[where] / name, folders[number] / name
            raise DataError(f"{second}: {key!r} is in {first} too; leave one of them out")
        last, where, said = key, number, value
        yield key, value


def _numbered(rows: Iterable[tuple[str, str]], number: int) -> Iterator[tuple[str, int, str]]:
    return ((key, number, value) for key, value in rows)


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    try:
        with open(path, "rb") as stream:
            yield from stream_rows(stream, path)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None


def split(in_dir: str | Path, parts: int, *, by_speaker: bool = False) -> list[Path]:
    """Writes ``in_dir/split<parts>/<1..parts>`` of about equal size; the folders in order.

    Copies at other speeds go with their utterance (and speaker): no part has seen another's.
    """
    data = DataDir.read(in_dir)
    owners = data.tables.get("utt2spk", {}) if by_speaker else {}
    speeds = data.tables.get(TABLE, {})
    together: dict[str, list[str]] = {}
    for utterance in data.utterances:
        copied = mark(float(speeds.get(utterance, "1")))
        owner = owners.get(utterance, utterance).removeprefix(copied)
        together.setdefault(owner, []).append(utterance)
    groups = list(together.values())
    if len(groups) < parts:
        kind = "speakers" if by_speaker else "utterances"
        raise DataError(f"{in_dir}: has {len(groups)} {kind}, too few for {parts} parts")
    bounds = [len(groups) * number // parts for number in range(parts + 1)]
    result: list[Path] = []
    for number in range(parts):
        folder = Path(in_dir) / f"split{parts}" / str(number + 1)
        part = data.keep(chain.from_iterable(groups[bounds[number] : bounds[number + 1]]))
        part.write(folder, part_of=in_dir)
        result.append(folder)
    return result


def subset_by_minutes(data: DataDir, minutes: float, rank: Callable[[str], float]) -> list[str]:
    """The first utterances by ``rank``, at most ``minutes`` together: 10 minutes hold the 5."""
    seconds = data.seconds()
    order = sorted(seconds, key=lambda u: (rank(u), u))
    total = 0.0
    chosen: list[str] = []
    for utterance in order:
        total += seconds[utterance]
        if total > minutes * 60:
            return sorted(chosen)
        chosen.append(utterance)
    if total < minutes * 60 - 30:
        raise DataError(f"has only {total / 60:.1f} minutes, not {minutes:g}; ask for fewer")
    return sorted(chosen)


def _numbers(data: DataDir, name: str, folder: str | Path) -> dict[str, float]:
    """A table that has a number for each utterance."""
    path = Path(folder) / name
    if name not in data.tables or data.level(name) != "utterance":
        raise DataError(
            f"{path}: no table with a number for each utterance; asrkit data label writes one, "
            "utt2confidence"
        )
    table, numbers = data.tables[name], {}
    for utterance in data.utterances:
        if utterance not in table:
            raise DataError(f"{path}: has no number for {utterance!r}; add a line for it")
        with contextlib.suppress(ValueError):
            numbers[utterance] = float(table[utterance])
        if not math.isfinite(numbers.get(utterance, math.nan)):
            raise DataError(f"{path}: {table[utterance]!r} of {utterance!r} is not a finite number")
    return numbers


def subset(
    in_dir: str | Path,
    out_dir: str | Path,
    *,
    minutes: float | None = None,
    utterances: int | None = None,
    utt_list: str | Path | None = None,
    max_missing: float = 0,
    per_language: bool = False,
    seed: int = 0,
    lowest: str = "",
) -> DataDir:
    """Writes a part of a folder: so many minutes or utterances, at random by ``seed``, or a list.

    Copies at other speeds do not count, and go with their utterance.
    per_language: so many of each language. max_missing: share of the list that may be missing.
    lowest: a table of numbers, such as utt2confidence: not random ones, but those with the lowest.
    Exactly one of the three sizes must be given.
    """
    if sum(size is not None for size in (minutes, utterances, utt_list)) != 1:
        raise DataError("give one of minutes, utterances and utt_list")
    if not 0 <= max_missing <= 1:
        raise DataError(f"max_missing is a share, from 0 to 1, not {max_missing:g}")
    refuse_inputs(out_dir, [in_dir])
    everything = DataDir.read(in_dir)
    data = without_copies(everything)
    langs = data.get("utt2lang", in_dir) if per_language else {}
    groups: dict[str, list[str]] = {}
    for utterance in data.utterances:
        groups.setdefault(langs.get(utterance, "all"), []).append(utterance)
    if lowest:
        rank: Callable[[str], float] = _numbers(data, lowest, in_dir).__getitem__
    else:
        rank = partial(key_of, seed)
    chosen: list[str] = []
    for lang, members in groups.items():
        where = f"{in_dir} ({lang})" if per_language else str(in_dir)
        if minutes is not None:
            try:
                chosen += subset_by_minutes(data.keep(members), minutes, rank)
            except DataError as error:
                raise DataError(f"{where}: {error}") from None
        elif utterances is not None:
            if len(members) < utterances:
                raise DataError(f"{where}: has only {len(members)} utterances, not {utterances}")
            chosen += sorted(members, key=lambda u: (rank(u), u))[:utterances]
    if utt_list is not None:
        listed = read_ids(utt_list)
        unknown = sorted(listed - set(data.utterances))
        if len(unknown) > max_missing * len(listed):
            more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
            raise DataError(f"{utt_list}: {unknown[0]!r}{more} of {len(listed)} not in {in_dir}")
        chosen = sorted(listed - set(unknown))
        if not chosen:
            raise DataError(f"{utt_list}: names no utterance of {in_dir}; one id a line")
    if not chosen:
        raise DataError(f"{in_dir}: no utterance is that short; ask for more")
    part = everything.keep(with_copies(everything, chosen))
    part.write(out_dir, part_of=in_dir)
    return part
