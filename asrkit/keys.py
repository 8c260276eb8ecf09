"""Keys of random numbers. Apart from noise.py, so that what only draws a sample loads no torch."""

from __future__ import annotations

import hashlib


def key_of(*parts: int | str) -> int:
    """A 63-bit number from any sequence of numbers and strings; the same in every process."""
    text = "\0".join(str(part) for part in parts).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little") >> 1
