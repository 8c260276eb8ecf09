"""What the page gets of recordings and pieces."""

from __future__ import annotations

from typing import Any

from asrkit.serve.data_folder import Saved
from asrkit.serve.pieces import Piece
from asrkit.serve.recordings import Recording
from asrkit.serve.store import Store

QUEUE = 8  # pieces that the page offers to correct next


def piece_view(piece: Piece) -> dict[str, Any]:
    """words: [text, start, end, confidence or None] of the current text."""
    return {
        "id": piece.id,
        "recording": piece.recording,
        "start": piece.start,
        "end": piece.end,
        "text": piece.text,
        "words": [[word.text, word.start, word.end, word.confidence] for word in piece.words],
        "confidence": piece.confidence,
        "rev": piece.rev,
        "done": piece.done,
        "others": piece.others,
    }


def recording_view(recording: Recording, pieces: list[Piece]) -> dict[str, Any]:
    return {
        "id": recording.id,
        "name": recording.name,
        "speaker": recording.speaker,
        "seconds": recording.seconds,
        "heard": recording.heard,
        "failed": recording.failed,
        "pieces": len(pieces),
        "done": sum(piece.done for piece in pieces),
    }


def state(store: Store, saved: Saved, since: int, recording: str) -> dict[str, Any]:
    """All recordings, what to correct next, and of the open recording the ids of all pieces, in
    order, and those that have changed after ``since``; only what is saved if nothing has changed.
    """
    sequence = store.sequence
    told: dict[str, Any] = {
        "sequence": sequence,
        "saved": {
            "utterances": saved.utterances,
            "seconds": saved.seconds,
            "problem": saved.problem,
        },
    }
    if sequence == since:
        return told
    by_recording = store.by_recording()
    shown = by_recording.get(recording, [])
    return told | {
        # one that has come since is in the next answer
        "recordings": [
            recording_view(of, by_recording[of.id])
            for of in store.present()
            if of.id in by_recording
        ],
        "queue": [piece_view(piece) for piece in store.queue(QUEUE)],
        "order": [piece.id for piece in shown],
        "pieces": [piece_view(p) for p in shown if store.changed[p.id] > since],
    }
