"""Which lines came before, in bounded memory."""

from __future__ import annotations

import hashlib

import numpy as np

_WAYS = 8


class LineDeduplicator:
    """Remembers 64 bits of each line, as many as fit into ``megabytes``.

    Places hold eight lines; a full one forgets its oldest, so that a repeat far from the first can
    slip through (``forgotten`` counts them). The chance that one of 10^9 lines is taken for another
    and lost is 5e-10.
    """

    def __init__(self, megabytes: float = 256) -> None:
        places = max(1, int(megabytes * 2**20) // (8 * _WAYS))
        self._table = np.zeros((places, _WAYS), np.uint64)
        self._next = np.zeros(places, np.uint8)
        self.forgotten = 0

    def add(self, line: str) -> bool:
        """True if the line is new; it is remembered."""
        digest = hashlib.blake2b(line.encode(), digest_size=16).digest()
        mark = np.uint64(int.from_bytes(digest[:8], "little") or 1)
        place = int.from_bytes(digest[8:], "little") % len(self._table)
        row = self._table[place]
        if (row == mark).any():
            return False
        at = int(self._next[place])
        self.forgotten += int(row[at] != 0)
        row[at] = mark
        self._next[place] = (at + 1) % _WAYS
        return True
