"""Kaldi data folders as tables: reading with line numbers, keeping a part, writing.

Every table is lines of "key value", sorted by the bytes of the key, UTF-8, LF. ``wav.scp`` has
utterances for keys, or recordings if there is a table ``segments``.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from asrkit.files import DataError, atomic, atomic_folder
from asrkit.kaldi.kaldi_text import TableRows, read_keyed, scan_rows, split_line
from asrkit.kaldi.segments import Segment, parse_segment
from asrkit.rate import RATE

Table = dict[str, str]


class Problem(NamedTuple):
    """A broken rule: where (line 0: the file as a whole), what, and how it is repaired."""

    path: Path
    line: int
    what: str
    repair: str
    warning: bool = False

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}" if self.line else str(self.path)
        return f"{where}: {'warning: ' if self.warning else ''}{self.what}; {self.repair}"


def is_command(source: str) -> bool:
    """Whether a value of wav.scp is a command that stage 3 runs, not a file that it reads."""
    return source.endswith("|")


def refuse_inputs(out_dir: str | Path, inputs: Iterable[str | Path]) -> None:
    """Raises DataError where a folder that is read would be written over."""
    if Path(out_dir).resolve() in [Path(folder).resolve() for folder in inputs]:
        raise DataError(f"{out_dir}: is an input too; choose another folder")


def read_rows(path: Path) -> tuple[TableRows, list[Problem]]:
    """All rows that have a key, and what is wrong with the file: encoding, order, repeats."""
    rows, flaws = scan_rows(path, ordered=True)
    return rows, [Problem(path, *flaw) for flaw in flaws]


def table_names(folder: Path) -> list[str]:
    """Names of the Kaldi tables in a folder; other files are no part of the data."""
    if not folder.is_dir():
        raise DataError(f"{folder}: is not a folder; make it with stage 1 (local/data.sh)")
    return sorted(p.name for p in folder.iterdir() if p.is_file() and is_table(p.name))


def is_tokens(name: str) -> bool:
    """text.phn and the like, which stage 5 makes of the text."""
    return name.startswith("text.")


def is_table(name: str) -> bool:
    if is_tokens(name):
        return not name.endswith((".tmp", ".log"))
    return name in ("wav.scp", "segments", "text") or name.startswith(("utt2", "spk2", "reco2"))


class DataDir:
    """Tables by name. Which table has utterances, recordings or speakers for keys: ``level``."""

    def __init__(self, tables: dict[str, Table]) -> None:
        self.tables = tables

    @classmethod
    def read(cls, folder: str | Path) -> DataDir:
        """All tables; DataError with every flaw of encoding, order and repeats (up to 20)."""
        folder = Path(folder)
        tables, problems = {}, []
        for name in table_names(folder):
            rows, found = read_rows(folder / name)
            tables[name] = rows.table()
            problems.extend(found)
        if problems:
            more = [f"and {len(problems) - 20} more"] if len(problems) > 20 else []
            raise DataError("\n".join([*map(str, problems[:20]), *more]))
        return cls(tables)

    @property
    def utterances(self) -> list[str]:
        """Sorted ids, as utt2spk has them (or segments, or wav.scp)."""
        for name in ("utt2spk", "segments", "wav.scp"):
            if name in self.tables:
                return sorted(self.tables[name])
        return []

    @property
    def segmented(self) -> bool:
        """Whether utterances are parts of recordings; if not, each is a recording of its name."""
        return "segments" in self.tables

    def level(self, name: str) -> str:
        if name.startswith("spk2"):
            return "speaker"
        if name.startswith("reco2") or (name == "wav.scp" and self.segmented):
            return "recording"
        return "utterance"

    def get(self, name: str, folder: str | Path = "") -> Table:
        """A table that must be there, and have every utterance if it is one of utterances."""
        path = Path(folder) / name
        if name not in self.tables:
            raise DataError(f"{path}: is missing; stages 1 to 3 write it")
        table = self.tables[name]
        if self.level(name) == "utterance":
            for utterance in self.utterances:
                if utterance not in table:
                    repair = "make it again (stage 5)" if is_tokens(name) else "run fix_data_dir"
                    raise DataError(f"{path}: has no line for {utterance!r}; {repair}")
        return table

    def keep(self, utterances: Iterable[str]) -> DataDir:
        """The part with these utterances, their recordings and speakers."""
        kept = set(utterances)
        recordings = kept
        if self.segmented:
            segments = self.tables["segments"].items()
            recordings = {split_line(value)[0] for key, value in segments if key in kept}
        speakers = {v for key, v in self.tables.get("utt2spk", {}).items() if key in kept}
        of_level = {"utterance": kept, "recording": recordings, "speaker": speakers}
        tables = {
            name: {k: v for k, v in table.items() if k in of_level[self.level(name)]}
            for name, table in self.tables.items()
        }
        part = DataDir(tables)
        part.invert_speakers()
        return part

    def invert_speakers(self) -> None:
        """Rebuilds spk2utt from utt2spk."""
        if "utt2spk" in self.tables:
            self.tables["spk2utt"] = speakers_of(self.tables["utt2spk"].items())

    def write(self, folder: str | Path, *, part_of: str | Path | None = None) -> None:
        """Writes every table, sorted; each file whole or not at all.

        part_of: the folder whose audio these utterances have; where it was made again since,
        wav.scp is written again, too.
        """
        Path(folder).mkdir(parents=True, exist_ok=True)
        for name, table in self.tables.items():
            audio = Path(part_of) / name if part_of is not None and name == "wav.scp" else None
            write_table(Path(folder) / name, table, of=audio)

    def seconds(self, folder: str | Path = "") -> dict[str, float]:
        """Length of each utterance from utt2num_samples, or from segments."""
        if "utt2num_samples" in self.tables:
            table = self.get("utt2num_samples", folder)
            counts = sample_counts(table, Path(folder) / "utt2num_samples")
            return {utterance: count / RATE for utterance, count in counts.items()}
        if self.segmented:
            return self._segment_seconds(folder)
        raise DataError(
            f"{Path(folder) / 'utt2num_samples'}: is missing, so lengths are not known; "
            "run stage 3 (format_audio) first"
        )

    def cuts(self, folder: str | Path = "") -> dict[str, Segment]:
        """The rows of segments, each of a recording that is there."""
        path, found = Path(folder) / "segments", {}
        for utterance, value in self.get("segments", folder).items():
            try:
                found[utterance] = parse_segment(value)
            except DataError as error:
                raise DataError(f"{path}: {utterance!r} {error}") from None
            if (recording := found[utterance].recording) not in self.tables.get("wav.scp", ()):
                raise DataError(
                    f"{path}: {utterance!r} is of recording {recording!r}, which is not in "
                    "wav.scp; run fix_data_dir"
                )
        return found

    def _segment_seconds(self, folder: str | Path) -> dict[str, float]:
        result = {}
        for utterance, (_, begin, end) in self.cuts(folder).items():
            if end == math.inf:
                raise DataError(
                    f"{Path(folder) / 'segments'}: {utterance!r} ends with its recording (-1), so "
                    "its length is not known; run stage 3 (format_audio) first"
                )
            result[utterance] = end - begin
        return result


def sample_counts(table: Table, path: Path) -> dict[str, int]:
    """utt2num_samples as numbers; DataError, which names ``path``, for what is none."""
    for utterance, value in table.items():
        if not (value.isascii() and value.isdigit() and int(value) > 0):
            raise DataError(
                f"{path}: {utterance!r} has {value!r}, not a positive number of samples; run stage "
                "3 again"
            )
    return {utterance: int(value) for utterance, value in table.items()}


def speakers_of(utt2spk: Iterable[tuple[str, str]]) -> Table:
    """spk2utt of the rows of utt2spk, speakers and their utterances sorted."""
    result: dict[str, list[str]] = {}
    for utterance, speaker in utt2spk:
        result.setdefault(speaker, []).append(utterance)
    return {speaker: " ".join(sorted(result[speaker])) for speaker in sorted(result)}


def write_table(path: Path, table: Table, *, of: Path | None = None) -> None:
    """Writes a table sorted; a file that already says the same keeps its time, and what is cached
    of it stays valid.

    of: a file that it is not to be older than, as what the table names changes with that.
    """
    text = "".join(f"{key} {table[key]}".rstrip(" ") + "\n" for key in sorted(table))
    if path.is_file() and not _older(path, of) and path.read_bytes() == text.encode():
        return
    with atomic(path) as stream:
        stream.write(text)


def _older(path: Path, than: Path | None) -> bool:
    if than is None or not than.is_file():
        return False
    return path.stat().st_mtime_ns < than.stat().st_mtime_ns


def read_dump(folder: str | Path) -> Table:
    """wav.scp of a dump folder: the audio of each utterance. DataError where its recordings are
    not the utterances, and where there are none."""
    folder = Path(folder)
    if (folder / "segments").exists():
        raise DataError(
            f"{folder}: has segments, which cut its recordings into utterances; run stage 3 first "
            f"(python -m asrkit.bin.format_audio --in_dir {folder} --out_dir FOLDER), and give the "
            "folder that it writes"
        )
    table = read_keyed(folder / "wav.scp", allow_empty=False)
    if not table:
        raise DataError(f"{folder}/wav.scp: holds no utterance")
    return table


def back_up(folder: Path) -> Path:
    """Copies all tables to the first free ``folder/.backup/N``."""
    number = 1
    while (folder / ".backup" / str(number)).exists():
        number += 1
    target = folder / ".backup" / str(number)
    with atomic_folder(target) as made:
        for name in table_names(folder):
            shutil.copy2(folder / name, made / name)
    return target
