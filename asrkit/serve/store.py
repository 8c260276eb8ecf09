"""All recordings and pieces of a folder of corrections: every change is in the journal first."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from asrkit.files import DataError
from asrkit.serve import pieces
from asrkit.serve.journal import Event, Journal
from asrkit.serve.pieces import SHORTEST, Piece, PieceError, checked_text
from asrkit.serve.recordings import Conflict, Recording, Unknown
from asrkit.transcript import Transcript, Word

FORMAT = "asrkit corrections 1"
UNKNOWN = "und"  # the language that nobody has named, as BCP 47 has it
NEW = 5.0  # seconds of a piece that a person adds


class Store:
    """lang: of the speech, which the folder remembers; None: what it remembers, or UNKNOWN.

    Methods that change something may raise DataError (a full disk) and then have changed nothing.
    They may be called from several threads.
    """

    def __init__(self, folder: Path, lang: str | None = None) -> None:
        self.folder = folder
        self.lang = lang or UNKNOWN
        self.sequence = 0  # of the last change; grows over restarts
        self.recordings: dict[str, Recording] = {}
        self.pieces: dict[str, Piece] = {}
        self.changed: dict[str, int] = {}  # id of a recording or piece -> sequence
        self._into: dict[str, str] = {}  # pieces that were merged -> the piece they are in
        self._counts: dict[str, int] = {}  # recording -> highest number of a piece
        self._lock = threading.RLock()
        self._closed = False
        self._journal = Journal(folder)
        try:
            self._replay(lang)
        except BaseException:
            self._journal.close()
            raise

    def _replay(self, lang: str | None) -> None:
        for number, event in enumerate(self._journal.read(), 1):
            try:
                self._apply(event)
            except (KeyError, TypeError, ValueError) as error:
                raise DataError(
                    f"{self._journal.path}:{number}: cannot be followed ({error!r:.80}); restore "
                    "the file from a backup, or use the version of asrkit that wrote it"
                ) from None
        if not self.sequence:
            self._do({"do": "begin", "format": FORMAT, "lang": self.lang})
        elif lang not in (None, self.lang):
            raise DataError(
                f"{self.folder}: holds speech of {self.lang!r}, not {lang!r}; give another --data"
            )

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._journal.close()

    def audio(self, recording: str) -> Path:
        """16 kHz mono FLAC of a recording, by its id."""
        return self.folder / "audio" / f"{self.recording(recording).id}.flac"

    # reading

    def recording(self, name: str) -> Recording:
        with self._lock:
            found = self.recordings.get(name)
        if found is None or found.removed:
            raise Unknown("this recording is not here any more")
        return found

    def pieces_of(self, recording: str) -> list[Piece]:
        """By time."""
        with self._lock:
            found = [piece for piece in self.pieces.values() if piece.recording == recording]
        return sorted(found, key=_by_time)

    def by_recording(self) -> dict[str, list[Piece]]:
        """The pieces of every recording that is present, by time."""
        with self._lock:
            found: dict[str, list[Piece]] = {of.id: [] for of in self.present()}
            for piece in self.pieces.values():
                found[piece.recording].append(piece)
        for pieces_ in found.values():
            pieces_.sort(key=_by_time)
        return found

    def present(self) -> list[Recording]:
        with self._lock:
            return [found for found in self.recordings.values() if not found.removed]

    def transcript(self, recording: str) -> Transcript:
        of = self.recording(recording)
        segments = [piece.segment(of.speaker or None) for piece in self.pieces_of(recording)]
        original = self.folder.absolute() / "originals" / of.file
        return Transcript(
            segments=tuple(segment for segment in segments if segment.text),
            duration=of.seconds,
            audio=str(original),
            language=None if self.lang == UNKNOWN else self.lang,
        )

    def queue(self, most: int) -> list[Piece]:
        """What is worth correcting next: pieces that nobody vouches for, least confident first;
        those without words last."""
        with self._lock:
            open_ = [piece for piece in self.pieces.values() if not piece.done]
        return sorted(
            open_, key=lambda one: (1.0 if one.confidence is None else one.confidence, one.id)
        )[:most]

    # changing

    def add_recording(self, recording: Recording) -> None:
        self._do({"do": "recording", "recording": dataclasses.asdict(recording)})

    def rename(self, recording: str, name: str, speaker: str) -> None:
        with self._lock:
            of = self.recording(recording)
            self.add_recording(dataclasses.replace(of, name=name, speaker=speaker))

    def remove(self, recording: str) -> None:
        """Takes a recording off the page; its files stay where they are."""
        with self._lock:
            self.add_recording(dataclasses.replace(self.recording(recording), removed=True))

    def fail(self, recording: str, reason: str) -> None:
        with self._lock:
            self.add_recording(dataclasses.replace(self.recording(recording), failed=reason))

    def add_heard(
        self, recording: str, parts: Iterable[tuple[float, float, Sequence[Word]]], until: float
    ) -> None:
        """New pieces (start, end, words) of a recording that is recognized to ``until`` now; to its
        end, where less than a frame is left: recognizers round times to milliseconds."""
        with self._lock:
            of = self.recording(recording)
            until = of.seconds if of.seconds - until < SHORTEST else until
            made: list[Piece] = []
            for start, end, words in parts:
                text = " ".join(word.text for word in words)
                name = self._new_id(recording, len(made))
                made.append(
                    Piece(name, recording, start, max(end, start + SHORTEST), text, tuple(words))
                )
            self._put(made, recording=dataclasses.replace(of, heard=until))

    def write(self, name: str, rev: int, text: str, who: str = "") -> Piece:
        """The text of a piece, as typed on top of revision ``rev``.

        Raises Conflict where that is not the last one: then the text is kept beside the other.
        """
        text = checked_text(text)
        with self._lock:
            piece = self._piece(name)
            if text == piece.text:  # said again, as the answer got lost
                return piece
            if rev != piece.rev or name != piece.id:
                self._do({"do": "other", "id": piece.id, "who": who, "text": text})
                raise Conflict(self.pieces[piece.id])
            self._do({"do": "text", "id": name, "text": text})
            return self.pieces[name]

    def settle(self, name: str, who: str) -> Piece:
        """Forgets the text that came too late from ``who``: a person has read it."""
        with self._lock:
            piece = self._piece(name)
            rest = {key: text for key, text in piece.others.items() if key != who}
            return self._put([dataclasses.replace(piece, others=rest)])[0]

    def mark(self, name: str, rev: int, done: bool) -> Piece:
        with self._lock:
            piece = self._current(name, rev)
            return piece if piece.done == done else self._put([piece.next(done=done)])[0]

    def move(self, name: str, rev: int, start: float, end: float) -> Piece:
        """Other borders of a piece, which end where those of its neighbors begin."""
        with self._lock:
            piece = self._current(name, rev)
            around = self.pieces_of(piece.recording)
            at = around.index(piece)
            least = around[at - 1].end if at else 0.0
            last = at + 1 == len(around)
            most = self.recording(piece.recording).seconds if last else around[at + 1].start
            start, end = round(max(start, least), 3), round(min(end, most), 3)
            if not end - start >= SHORTEST:
                raise PieceError("a line ends after it starts, between the lines around it")
            return self._put([piece.next(start=start, end=end)])[0]

    def insert(self, recording: str, at: float) -> Piece:
        """An empty piece from second ``at`` on, where the recognizer found nothing: to the next
        piece, or NEW seconds."""
        with self._lock:
            of = self.recording(recording)
            around = self.pieces_of(recording)
            end = min([of.seconds, at + NEW, *(p.start for p in around if p.start > at)])
            taken = any(p.start <= at < p.end for p in around)
            if of.waiting or taken or not (at >= 0 and end - at >= SHORTEST):
                raise PieceError(
                    "a new line begins where no line is, in a recording that is recognized; move "
                    "the position there"
                )
            made = Piece(self._new_id(recording), recording, round(at, 3), round(end, 3), "")
            return self._put([made])[0]

    def split(self, name: str, rev: int, before: str, after: str) -> list[Piece]:
        with self._lock:
            piece = self._current(name, rev)
            return self._put(pieces.split(piece, before, after, self._new_id(piece.recording)))

    def merge(self, name: str, rev: int, other: str, other_rev: int) -> Piece:
        """Two pieces that follow each other; the first one's id stays."""
        with self._lock:
            piece, following = self._current(name, rev), self._current(other, other_rev)
            names = [found.id for found in self.pieces_of(piece.recording)]
            if names[names.index(name) + 1 :][:1] != [other]:
                raise PieceError("only a piece and the one that follows it can be merged")
            checked_text(piece.text + " " + following.text)
            return self._put([pieces.merge(piece, following)], gone={other: name})[0]

    def _piece(self, name: str) -> Piece:
        """The piece, or the one that has taken it in."""
        while name in self._into:
            name = self._into[name]
        if name not in self.pieces:
            raise Unknown("this piece is not here any more")
        return self.pieces[name]

    def _current(self, name: str, rev: int) -> Piece:
        piece = self._piece(name)
        if piece.id != name or piece.rev != rev:
            raise Conflict(piece)
        return piece

    def _new_id(self, recording: str, more: int = 0) -> str:
        return f"{recording}.{self._counts.get(recording, 0) + 1 + more:04d}"

    def _put(
        self,
        made: Sequence[Piece],
        gone: dict[str, str] | None = None,
        recording: Recording | None = None,
    ) -> list[Piece]:
        event: Event = {"do": "put", "pieces": [piece.as_plain() for piece in made]}
        if gone:
            event["gone"] = gone
        if recording:
            event["recording"] = dataclasses.asdict(recording)
        self._do(event)
        return [self.pieces[piece.id] for piece in made]

    def _do(self, event: Event) -> None:
        with self._lock:
            if self._closed:
                raise DataError(f"{self.folder}: is closed; start the server again")
            self._journal.add({**event, "at": round(time.time(), 3)})
            self._apply(event)

    def _apply(self, event: Event) -> None:
        """What an event says, now or as it is read again."""
        do, changed = event["do"], []
        if do == "begin":
            if event["format"] != FORMAT:
                raise ValueError(f"format {event['format']!r}")
            self.lang = event["lang"]
        elif do == "text":
            piece = self.pieces[event["id"]]
            self.pieces[piece.id] = piece.next(text=event["text"])
            changed.append(piece.id)
        elif do == "other":
            piece = self.pieces[event["id"]]
            others = {**piece.others, event["who"]: event["text"]}
            self.pieces[piece.id] = dataclasses.replace(piece, others=others)
            changed.append(piece.id)
        elif do in ("put", "recording"):
            changed += self._apply_put(event)
        else:
            raise ValueError(f"unknown change {do!r}")
        self.sequence += 1
        self.changed |= dict.fromkeys(changed, self.sequence)

    def _apply_put(self, event: dict[str, Any]) -> list[str]:
        put = [Piece.from_plain(content) for content in event.get("pieces", ())]
        changed = [piece.id for piece in put]
        for piece in put:
            self.pieces[piece.id] = piece
            number = int(piece.id.rpartition(".")[2])
            self._counts[piece.recording] = max(self._counts.get(piece.recording, 0), number)
        for name, into in event.get("gone", {}).items():
            del self.pieces[name]
            self._into[name] = into
            changed.append(name)
        if "recording" in event:
            of = Recording(**event["recording"])
            self.recordings[of.id] = of
            changed.append(of.id)
            if of.removed:
                self.pieces = {k: p for k, p in self.pieces.items() if p.recording != of.id}
        return changed


def _by_time(piece: Piece) -> tuple[float, float, str]:
    return piece.start, piece.end, piece.id
