"""A data folder from a list of utterances: what the recipes' programs of stage 1 end with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from asrkit.data.datadir import DataDir, Table
from asrkit.files import DataError


class Utterance(NamedTuple):
    """One utterance: a file of its own, or seconds ``span`` of ``recording``.

    ``text`` is empty for unlabelled speech; ``more`` holds values of further tables, such as
    ``{"utt2gender": "f"}``: a table is written if every utterance of the folder has it.
    """

    id: str
    speaker: str
    audio: str
    text: str
    recording: str = ""
    span: tuple[float, float] | None = None
    more: Mapping[str, str] = {}


def write_folder(folder: Path, utterances: Iterable[Utterance], lang: str) -> DataDir:
    """Writes wav.scp, text, utt2spk, spk2utt, utt2lang, and segments if there are spans.

    Raises DataError, with nothing written, where there is no utterance, an id or speaker is empty
    or holds white space, an id comes twice, or a recording has two files.
    """
    rows = list(utterances)
    if not rows:
        raise DataError(f"{folder}: no utterance is left for it; see the counts above")
    names = ("wav.scp", "text", "utt2spk", "utt2lang")
    tables: dict[str, Table] = {name: {} for name in names}
    if any(row.span for row in rows):
        tables["segments"] = {}
    for row in rows:
        for what, name in (("id", row.id), ("speaker", row.speaker)):
            if len(name.split()) != 1 or name != name.strip():
                raise DataError(f"{folder}: {what} {name!r} is empty or holds white space")
        if row.id in tables["text"]:
            raise DataError(f"{folder}: two utterances are called {row.id!r}")
        recording = row.recording or row.id
        if tables["wav.scp"].setdefault(recording, row.audio) != row.audio:
            raise DataError(
                f"{folder}: recording {recording!r} is {row.audio} and "
                f"{tables['wav.scp'][recording]}"
            )
        if "segments" in tables:
            if row.span is None:
                raise DataError(f"{folder}: {row.id!r} has no span while others have")
            tables["segments"][row.id] = f"{recording} {row.span[0]:.3f} {row.span[1]:.3f}"
        tables["text"][row.id] = row.text
        tables["utt2spk"][row.id] = row.speaker
        tables["utt2lang"][row.id] = lang
    for name in set.intersection(*(set(row.more) for row in rows)):
        tables[name] = {row.id: row.more[name] for row in rows}
    data = DataDir(tables)
    data.invert_speakers()
    data.write(folder)
    if "segments" not in tables:
        (folder / "segments").unlink(missing_ok=True)  # of an earlier call with other options
    return data


def print_counts(lang: str, counts: Mapping[str, int]) -> None:
    """What was left out or odd, and how often; by reason, zeros not."""
    for reason, count in sorted(counts.items()):
        if count:
            print(f"{lang}: {reason}: {count}")
