"""Audio that is given to a program by name: a file, standard input, or a dump folder's."""

from __future__ import annotations

import sys

import numpy as np

from asrkit.arguments import warn
from asrkit.audio import reading as audio
from asrkit.audio.channels import silence

STDIN = ("-", "/dev/stdin")
MOST_BYTES = 1 << 32  # of standard input, which need not end


def read_file(name: str, channel: int | None = None) -> np.ndarray:
    """float32 [S] at 16 kHz of a file of any kind, or of standard input; what is odd about it is
    told. Raises AudioError as ``audio.decode`` does."""
    sound = audio.decode(_standard_input(name) if name in STDIN else name, name, channel)
    _tell(name, sound.remark or silence(sound.samples))
    return sound.samples


def read_dumped(source: str) -> np.ndarray:
    """The same of what stage 3 has written."""
    samples = audio.load(source)
    _tell(source, silence(samples))
    return samples


def _tell(name: str, remark: str) -> None:
    if remark:
        warn(f"{name}: {remark}")


def _standard_input(name: str) -> bytes:
    if sys.stdin.isatty():
        raise audio.AudioError(f"{name}: standard input is a terminal; send audio: program < FILE")
    data = sys.stdin.buffer.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise audio.AudioError(f"{name}: more than {MOST_BYTES >> 30} GiB; write it to files")
    return data
