"""Audio that is given to a program by name, or to a function as an object."""

from __future__ import annotations

import os
import re
import sys
import threading
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from torch import Tensor

from asrkit.arguments import warn
from asrkit.audio import reading as audio
from asrkit.audio.channels import silence

STDIN = ("-", "/dev/stdin")
MOST_BYTES = 1 << 32  # of standard input, which need not end
_one_reader = threading.Lock()  # of standard input
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
Audio = str | Path | bytes | bytearray | memoryview | BinaryIO | np.ndarray | Tensor


class Given(NamedTuple):
    """samples: float32 [S] at 16 kHz. remark: what is odd about them, else empty."""

    samples: np.ndarray
    remark: str

    def tell(self, name: str) -> None:
        if self.remark:
            warn(f"{name}: {self.remark}")


def read_file(name: str, channel: int | None = None) -> Given:
    """A file of any kind, or standard input. Raises AudioError as ``audio.decode`` does, for a name
    that no transcript could have, and for an address, from which nothing is fetched."""
    try:
        name.encode()
    except UnicodeEncodeError:  # Python reads such names' bytes as surrogates
        raise audio.AudioError(
            f"{name!a}: its name is not valid UTF-8; rename the file, e.g. with convmv"
        ) from None
    if _ADDRESS.match(name) and not os.path.exists(name):
        raise audio.AudioError(
            f"{name}: is an address, and nothing is fetched; download it first, or pipe it in: "
            f"curl -L {name} | asrkit infer -"
        )
    sound = audio.decode(_standard_input(name) if name in STDIN else name, name, channel)
    return Given(sound.samples, sound.remark or silence(sound.samples))


def read_object(given: Audio, *, rate: int | None = None, channel: int | None = None) -> Given:
    """A path, the bytes of a file, a binary file object, or samples with their rate in Hz.

    Samples are floats in [-1, 1] or whole numbers of 16 bits, [S] or [C, S] as torchaudio reads
    them; whole files state their rate themselves. Raises AudioError as ``audio.decode`` does.
    """
    if isinstance(given, Tensor):
        given = given.detach().cpu().numpy()
    if isinstance(given, np.ndarray):
        if rate is None:
            raise audio.AudioError("samples: their rate is not known; give rate=16000, or as it is")
        sound = audio.from_samples(given, rate, channel)
        return Given(sound.samples, sound.remark or silence(sound.samples))
    if rate is not None:
        raise audio.AudioError("rate is of samples; a file states its own: leave it out")
    if isinstance(given, str | Path):
        return read_file(str(given), channel)
    name = "audio"
    if not isinstance(given, bytes | bytearray | memoryview):
        if not hasattr(given, "read"):
            kind = type(given).__name__
            raise audio.AudioError(f"audio: a {kind} is no path, bytes, file object or samples")
        name, given = str(getattr(given, "name", name)), given.read(MOST_BYTES + 1)
        if not isinstance(given, bytes):
            raise audio.AudioError(f"{name}: is open as text; open it in mode 'rb'")
        if len(given) > MOST_BYTES:
            raise audio.AudioError(f"{name}: more than {MOST_BYTES >> 30} GiB; cut it")
    sound = audio.decode(bytes(given), name, channel)
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
