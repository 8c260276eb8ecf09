"""Audio that is given to a program by name: a file, standard input, or a dump folder's."""

from __future__ import annotations

import sys
import threading
from typing import NamedTuple

import numpy as np

from asrkit.arguments import warn
from asrkit.audio import reading as audio
from asrkit.audio.channels import silence

STDIN = ("-", "/dev/stdin")
MOST_BYTES = 1 << 32  # of standard input, which need not end
_one_reader = threading.Lock()  # of standard input


class Given(NamedTuple):
    """samples: float32 [S] at 16 kHz. remark: what is odd about them, else empty."""

    samples: np.ndarray
    remark: str

    def tell(self, name: str) -> None:
        if self.remark:
            warn(f"{name}: {self.remark}")


def read_file(name: str, channel: int | None = None) -> Given:
    """A file of any kind, or standard input. Raises AudioError as ``audio.decode`` does."""
    sound = audio.decode(_standard_input(name) if name in STDIN else name, name, channel)
    return Given(sound.samples, sound.remark or silence(sound.samples))


def read_dumped(source: str) -> Given:
    """What stage 3 has written. Raises AudioError as ``audio.load`` does."""
    samples = audio.load(source)
    return Given(samples, silence(samples))


def _standard_input(name: str) -> bytes:
    if sys.stdin.isatty():
        raise audio.AudioError(f"{name}: standard input is a terminal; send audio: program < FILE")
    # not sys.stdin.buffer: Python aborts at its end if a thread is still reading from that
    with _one_reader, open(sys.stdin.fileno(), "rb", closefd=False) as stream:
        data = stream.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise audio.AudioError(f"{name}: more than {MOST_BYTES >> 30} GiB; write it to files")
    return data
