"""A port for processes that are to meet on this machine."""

from __future__ import annotations

import random
import socket


def free_port() -> int:
    """Below those that a system gives to connections (32768 on Linux): free until it is used."""
    chance = random.SystemRandom()  # tests seed the others alike
    while True:
        with socket.socket() as found:
            port = chance.randrange(10_000, 32_000)
            try:
                found.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
