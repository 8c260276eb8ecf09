"""The rules of a data folder; every problem is reported with file, line and repair."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from asrkit.audio import decoders
from asrkit.files import DataError
from asrkit.kaldi import segments
from asrkit.kaldi.datadir import (
    DataDir,
    Problem,
    is_command,
    is_tokens,
    read_rows,
    speakers_of,
    table_names,
)
from asrkit.kaldi.kaldi_text import TableRows, split_line


class Report(NamedTuple):
    problems: list[Problem]
    utterances: int

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if not problem.warning]

    def text(self, limit: int = 100) -> str:
        """One line a problem, errors first, ``limit`` at most."""
        ordered = sorted(self.problems, key=lambda p: p.warning)
        lines = [str(problem) for problem in ordered[:limit]]
        if len(ordered) > limit:
            lines.append(f"and {len(ordered) - limit} more")
        return "\n".join(lines)


def validate(
    folder: str | Path,
    *,
    need_text: bool = True,
    allow_empty_text: bool = False,
    check_audio: bool = True,
) -> Report:
    """Checks the rules of docs/data_dir.md; ``check_audio``: files exist, segments lie in them."""
    return Check(Path(folder)).run(need_text, allow_empty_text, check_audio)


class Check:
    """The tables of one folder, and the problems found so far."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[Problem] = []
        self.rows: dict[str, TableRows] = {}
        for name in table_names(folder):
            self.rows[name], found = read_rows(folder / name)
            self.problems.extend(found)
        self.tables = {name: rows.table() for name, rows in self.rows.items()}
        self.lines = {name: rows.line_of() for name, rows in self.rows.items()}

    def run(self, need_text: bool, allow_empty_text: bool, check_audio: bool) -> Report:
        for name in ("wav.scp", "utt2spk", "spk2utt", "utt2lang", *["text"] * need_text):
            if name not in self.rows:
                self._add(name, 0, "is missing", _REPAIR_MISSING[name])
            elif not self.rows[name].keys:
                self._add(name, 0, "is empty", "fill it, or leave the whole folder out")
        for name in self.rows:
            empty_allowed = is_tokens(name) or (name == "text" and allow_empty_text)
            if not empty_allowed:
                self._empty_values(name)
        self._texts_of_none()
        self._same_keys()
        self._speakers()
        self._single("utt2lang", "a language code such as it")
        self._single("utt2spk", "a speaker")
        self._language_codes()
        self._positive("utt2num_samples")
        durations = self._audio() if check_audio else {}
        self._segments(durations)
        return Report(self.problems, len(self.rows.get("utt2spk", TableRows([], [], [])).keys))

    def _add(self, name: str, line: int, what: str, repair: str, warning: bool = False) -> None:
        self.problems.append(Problem(self.folder / name, line, what, repair, warning))

    def _each(self, name: str) -> Iterator[tuple[str, str, int]]:
        yield from zip(*self.rows.get(name, TableRows([], [], [])), strict=True)

    def _empty_values(self, name: str) -> None:
        repair = "remove the utterance (fix_data_dir does)"
        if name == "text":
            repair += ", or allow unlabeled speech with --allow_empty_text true"
        for key, value, line in self._each(name):
            if not value.strip():
                self._add(name, line, f"{key!r} has an empty value", repair)

    def _texts_of_none(self) -> None:
        """lhotse 1.33 exports a supervision without a text as the word ``None``."""
        lines = [line for _, value, line in self._each("text") if value.strip() == "None"]
        if lines:
            what = f"the text of {len(lines)} utterances is 'None'"
            repair = "lhotse exports what has no text so: remove these, or import its manifests"
            self._add("text", lines[0], what, repair, True)

    def _same_keys(self) -> None:
        """Utterance tables have the keys of utt2spk; wav.scp those of segments' recordings."""
        data = DataDir(self.tables)
        base = next((n for n in ("utt2spk", "segments", "wav.scp") if n in self.tables), None)
        if base is None:
            return
        for name in self.tables:
            if name == base or data.level(name) != "utterance":
                continue
            self._difference(name, base)
            self._difference(base, name)
        for name in self.tables:
            if name.startswith("reco2"):
                self._known_recordings(name)
        if data.segmented:
            used = {split_line(value)[0] for value in self.tables["segments"].values()}
            for key, _, line in self._each("wav.scp"):
                if key not in used:
                    what = f"no segment uses the recording {key!r}"
                    self._add("wav.scp", line, what, "remove it (fix_data_dir does)", True)

    def _known_recordings(self, name: str) -> None:
        missing = self.tables[name].keys() - self.tables.get("wav.scp", {}).keys()
        if missing:
            key = min(missing)
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            what = f"wav.scp has no recording {key!r}{more}"
            self._add(name, self.lines[name][key], what, "remove it (fix_data_dir does)", True)

    def _difference(self, name: str, other: str) -> None:
        for key in self.tables[name].keys() - self.tables[other].keys():
            line = self.lines[name][key]
            repair = f"add it to {other} or remove it here (fix_data_dir does)"
            if is_tokens(name) or is_tokens(other):
                repair = f"make {name if is_tokens(name) else other} again (stage 5)"
            self._add(name, line, f"{key!r} is not in {other}", repair)

    def _speakers(self) -> None:
        if "utt2spk" not in self.tables:
            return
        for key, speaker, line in self._each("utt2spk"):
            if speaker and not key.startswith(speaker):
                what = f"speaker {speaker!r} is not a prefix of utterance {key!r}"
                repair = "begin ids with the speaker, so that Kaldi's order by speaker holds"
                self._add("utt2spk", line, what, repair, True)
                break  # one is enough: it is a habit of the whole corpus
        right = speakers_of(self.tables["utt2spk"].items())
        for speaker, utterances, line in self._each("spk2utt"):
            if sorted(utterances.split()) != right.get(speaker, "").split():
                what = f"the utterances of {speaker!r} are not those of utt2spk"
                self._add("spk2utt", line, what, "run fix_data_dir, which rebuilds it")
        if "spk2utt" in self.tables:
            for speaker in right.keys() - self.tables["spk2utt"].keys():
                what = f"speaker {speaker!r} of utt2spk is missing"
                self._add("spk2utt", 0, what, "run fix_data_dir, which rebuilds it")

    def _single(self, name: str, wanted: str) -> None:
        for key, value, line in self._each(name):
            if value and value.split() != [value]:
                self._add(
                    name, line, f"{key!r} has {value!r}", f"write {wanted}, without white space"
                )

    def _language_codes(self) -> None:
        """Two letters where ISO 639-1 has a code; languages without one keep three."""
        told = set()
        for _, value, line in self._each("utt2lang"):
            if (
                value not in told
                and not re.fullmatch("[a-z]{2}", value)
                and value.split() == [value]
            ):
                told.add(value)
                what = f"{value!r} is not an ISO 639-1 code"
                repair = "write it for Italian; a language that has none may keep its own"
                self._add("utt2lang", line, what, repair, True)

    def _positive(self, name: str) -> None:
        for key, value, line in self._each(name):
            if value and not (value.isascii() and value.isdigit() and int(value) > 0):
                what = f"{key!r} has {value!r}, not a positive number of samples"
                self._add(name, line, what, "run stage 3 again")

    def _audio(self) -> dict[str, float]:
        """Reports missing files; seconds of recordings that segments cut, where headers tell."""
        durations: dict[str, float] = {}
        count = len(self.tables.get("wav.scp", ()))
        bar = tqdm(self._each("wav.scp"), "audio files", count, unit="file", delay=2, leave=False)
        for key, value, line in bar:
            if not value or is_command(value):
                continue
            path = file_of(value)
            if not os.path.isfile(path):
                self._add("wav.scp", line, f"{path}: no such file", "check the path and the mount")
            elif os.path.getsize(path) == 0:
                self._add("wav.scp", line, f"{path}: is empty (0 bytes)", "fetch it again")
            elif "segments" in self.tables and path.lower().endswith((".wav", ".flac", ".sph")):
                try:
                    durations[key] = decoders.seconds(path)
                except ValueError as error:
                    self._add("wav.scp", line, f"{path}: {error}", "fetch it again")
        return durations

    def _segments(self, durations: dict[str, float]) -> None:
        for key, value, line in self._each("segments"):
            try:
                recording, begin, end = segments.parse_segment(value)
            except DataError as error:
                self._add("segments", line, f"{key!r} {error}", segments.REPAIR)
                continue
            if recording not in self.tables.get("wav.scp", {}):
                what = f"{key!r} cuts recording {recording!r}, which is not in wav.scp"
                self._add("segments", line, what, "add it or remove the segment")
            fault = segments.past_end(begin, end, durations.get(recording, math.inf))
            if fault is not None:
                what = f"{key!r} of {recording!r} {fault}"
                self._add("segments", line, what, "correct it or remove it (fix_data_dir does)")


_REPAIR_MISSING = {
    "wav.scp": "write one line for each recording: id path",
    "utt2spk": "write one line for each utterance: id speaker (fix_data_dir: each its own speaker)",
    "spk2utt": "run fix_data_dir, which makes it of utt2spk",
    "utt2lang": "run fix_data_dir --lang CODE",
    "text": "write it, or give --need_text false for unlabeled speech",
}


def file_of(value: str) -> str:
    """The file that a place in wav.scp names: itself, or that of ``archive.ark:offset``."""
    head, _, offset = value.rpartition(":")
    archived = head and offset.isdigit() and not os.path.exists(value)
    return head if archived else value
