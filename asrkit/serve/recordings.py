"""What a store holds beside pieces, and how it refuses."""

from __future__ import annotations

import dataclasses

from asrkit.files import DataError
from asrkit.serve.pieces import Piece


class Conflict(Exception):
    """Someone else has changed the piece meanwhile; ``piece`` is how it is now."""

    def __init__(self, piece: Piece) -> None:
        super().__init__("someone else has changed this piece meanwhile")
        self.piece = piece


class Unknown(DataError):
    """No recording or piece of that name."""


@dataclasses.dataclass(frozen=True, slots=True)
class Recording:
    """name: the file's, for people. file: of the original, in originals/. seconds: its length.
    heard: seconds that the recognizer has been through. failed: why it gave up, else empty."""

    id: str
    name: str
    file: str
    speaker: str
    seconds: float
    heard: float = 0.0
    failed: str = ""
    removed: bool = False

    @property
    def waiting(self) -> bool:
        return not self.failed and not self.removed and self.heard < self.seconds
