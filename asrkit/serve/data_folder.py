"""Pieces that a person vouches for as a Kaldi data folder, kept up to date while they correct."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator

from asrkit.files import DataError
from asrkit.kaldi.utterances import Utterance, write_data_dir
from asrkit.serve.store import Store

TABLES = ("segments", "spk2utt", "text", "utt2lang", "utt2spk", "wav.scp")
PAUSE = 0.5  # seconds in which changes are written together


@dataclasses.dataclass(frozen=True, slots=True)
class Saved:
    """What the folder holds. problem: why it is not up to date, else empty."""

    utterances: int = 0
    seconds: float = 0.0
    problem: str = ""


def utterances(store: Store) -> Iterator[Utterance]:
    """A row for each piece that is done and has words; ids begin with the speaker."""
    for recording in store.present():
        speaker = recording.speaker or recording.id
        source = str(store.audio(recording.id).absolute())
        for piece in store.pieces_of(recording.id):
            text = " ".join(piece.text.split())
            if piece.done and text:
                name = piece.id.replace(".", "-")
                if recording.speaker:
                    name = f"{speaker}-{name}"
                span = (piece.start, piece.end)
                yield Utterance(name, speaker, source, text, recording.id, span)


def save(store: Store) -> Saved:
    """Writes the tables; those of a folder of which nothing is done are removed."""
    rows = list(utterances(store))
    if rows:
        write_data_dir(store.folder, rows, store.lang)
    else:
        for name in TABLES:
            (store.folder / name).unlink(missing_ok=True)
    return Saved(len(rows), sum(row.span[1] - row.span[0] for row in rows if row.span))


class Saver:
    """Saves in a thread of its own soon after ``store`` has changed, and when it is closed."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.saved = Saved()
        self._at = -1  # sequence that is saved
        self._end = threading.Event()
        self._once()
        self._thread = threading.Thread(target=self._work, name="saver", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        while not self._end.wait(PAUSE):
            self._once()

    def _once(self) -> None:
        at = self.store.sequence
        if at == self._at:
            return
        try:
            self.saved = save(self.store)
            self._at = at
        except (DataError, OSError) as error:  # tried again, as space may be made meanwhile
            self.saved = dataclasses.replace(self.saved, problem=str(error))

    def close(self) -> None:
        self._end.set()
        self._thread.join()
        self._once()
