"""Repairs a data folder: what can be, is; what cannot, is removed, and every loss is reported."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import NamedTuple

from asrkit.audio.decoders import seconds
from asrkit.files import DataError, endless
from asrkit.kaldi.datadir import (
    DataDir,
    Table,
    back_up,
    is_command,
    is_tokens,
    read_rows,
    table_names,
)
from asrkit.kaldi.segments import REPAIR, ChannelError, parse_segment, past_end
from asrkit.kaldi.validate import file_of


class Fixed(NamedTuple):
    """What was repaired and removed, one line each, utterances before and after, and the backup."""

    notes: list[str]
    before: int
    after: int
    backup: Path | None


def fix(
    folder: str | Path,
    *,
    lang: str | None = None,
    allow_empty_text: bool = False,
    check_audio: bool = True,
) -> Fixed:
    """Repairs all tables in place, after a copy to ``.backup/N``.

    Repaired: encoding, order, equal repeats, spk2utt; utt2spk (each utterance its own speaker) and
    utt2lang (``lang``) if missing. Removed: utterances that differ between repeats, have no value,
    or are in one table only, and those whose audio is missing or whose segment is impossible.
    Raises DataError, with nothing changed, where no utterance would be left.
    """
    return _Fixer(Path(folder)).run(lang, allow_empty_text, check_audio)


class _Fixer:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notes: list[str] = []
        self.broken: dict[str, set[str]] = {}  # level -> keys that no table may keep
        self.data = DataDir({})
        names = table_names(folder)
        self.segmented = "segments" in names
        for name in names:
            self.data.tables[name] = self._table(name)
        self.before = len(self._all_utterances())

    def run(self, lang: str | None, allow_empty_text: bool, check_audio: bool) -> Fixed:
        tables = self.data.tables
        if "wav.scp" not in tables:
            raise DataError(f"{self.folder / 'wav.scp'}: is missing and cannot be made")
        for name, table in tables.items():
            if not is_tokens(name) and not (name == "text" and allow_empty_text):
                for key in [key for key, value in table.items() if not value.strip()]:
                    self._drop(self.data.level(name), key, f"has no value in {name}")
        if check_audio:
            self._missing_audio()
        self._segments(check_audio)
        self._add_missing(lang)
        kept = self._common()
        if not kept:
            raise DataError(
                f"{self.folder}: no utterance would be left, so nothing was changed:\n"
                + "\n".join(self.notes[:20])
            )
        fixed = self.data.keep(kept)
        for name in sorted(tables):
            lost = len(tables[name].keys() - tables["wav.scp"].keys())
            if name.startswith("reco2") and lost:
                self.notes.append(
                    f"{name}: {lost} rows removed: their recordings are not in wav.scp"
                )
        stale = [name for name in fixed.tables if is_tokens(name) and self._stale(name, kept)]
        for name in stale:
            del fixed.tables[name]
        if not self.notes and fixed.tables == tables:
            return Fixed([], self.before, len(kept), None)
        if tables.get("spk2utt") != fixed.tables["spk2utt"]:
            self.notes.append("spk2utt: rebuilt from utt2spk")
        backup = back_up(self.folder)
        try:
            fixed.write(self.folder)
        except DataError:
            there = list(backup.iterdir())
            for old in there:  # moved, which needs no space where there was none
                old.replace(self.folder / old.name)
            for name in fixed.tables.keys() - {old.name for old in there}:
                (self.folder / name).unlink(missing_ok=True)
            backup.rmdir()
            raise
        for name in stale:
            (self.folder / name).unlink()
        return Fixed(self.notes, self.before, len(kept), backup)

    def _table(self, name: str) -> Table:
        rows, problems = read_rows(self.folder / name)
        self.notes.extend(f"{p.path.name}:{p.line}: {p.what}: repaired" for p in problems)
        table: Table = {}
        for key, value, line in zip(*rows, strict=True):
            if key in table and table[key] != value and name != "spk2utt":
                self._drop(self.data.level(name), key, f"has two values in {name} (line {line})")
            table[key] = value
        return table

    def _drop(self, level: str, key: str, why: str) -> None:
        if level == "recording" and not self.segmented:
            level = "utterance"  # of the same name
        if level != "speaker":
            self.broken.setdefault(level, set()).add(key)
            self.notes.append(f"{key}: removed: {why}")

    def _all_utterances(self) -> set[str]:
        names = [name for name in self.data.tables if self.data.level(name) == "utterance"]
        return set().union(*(self.data.tables[name] for name in names if not is_tokens(name)))

    def _missing_audio(self) -> None:
        for key, value in self.data.tables["wav.scp"].items():
            path = file_of(value)
            if value and not is_command(value):
                if not os.path.isfile(path):
                    self._drop(self.data.level("wav.scp"), key, f"{path}: no such file")
                elif os.path.getsize(path) == 0:
                    self._drop(self.data.level("wav.scp"), key, f"{path}: empty file")

    def _segments(self, check_audio: bool) -> None:
        durations: dict[str, float] = {}
        for key, value in self.data.tables.get("segments", {}).items():
            try:
                recording, begin, end = parse_segment(value)
            except ChannelError as error:
                raise DataError(
                    f"{self.folder / 'segments'}: {key!r} {error}; nothing was changed; {REPAIR}"
                ) from None
            except DataError as error:
                self._drop("utterance", key, f"segment {error}")
                continue
            path = self.data.tables["wav.scp"].get(recording)
            if path is None or recording in self.broken.get("recording", ()):
                self._drop("utterance", key, f"recording {recording!r} is not there")
            elif check_audio:
                if recording not in durations:
                    durations[recording] = _seconds(path)
                if fault := past_end(begin, end, durations[recording]):
                    self._drop("utterance", key, f"segment {fault}")

    def _stale(self, name: str, kept: list[str]) -> bool:
        """Tokens can be made again of the text: they never cost an utterance."""
        missing = len(set(kept) - self.data.tables[name].keys())
        if missing:
            self.notes.append(
                f"{name}: removed: it has no line for {missing} utterances; make it again (stage 5)"
            )
        return bool(missing)

    def _add_missing(self, lang: str | None) -> None:
        tables = self.data.tables
        base = tables["segments" if self.segmented else "wav.scp"]
        if "utt2spk" not in tables:
            tables["utt2spk"] = {utterance: utterance for utterance in base}
            self.notes.append("utt2spk: made, each utterance its own speaker")
        if "utt2lang" not in tables and lang is not None:
            tables["utt2lang"] = dict.fromkeys(base, lang)
            self.notes.append(f"utt2lang: made, all {lang}")

    def _common(self) -> list[str]:
        """Utterances that every table has and none broke; the others are noted."""
        tables = self.data.tables
        names = [
            name
            for name in sorted(tables)
            if self.data.level(name) == "utterance" and not is_tokens(name)
        ]
        broken = self.broken.get("utterance", set())
        kept = []
        for utterance in sorted(self._all_utterances() - broken):
            absent = [name for name in names if utterance not in tables[name]]
            if absent:
                self.notes.append(f"{utterance}: removed: not in {', '.join(absent)}")
            else:
                kept.append(utterance)
        return kept


def _seconds(path: str) -> float:
    """Length by the header where there is one; infinity where only stage 3 can know."""
    if is_command(path) or endless(path):
        return math.inf
    try:
        return seconds(path)
    except (ValueError, OSError):
        return math.inf
