"""Sound that arrives as bytes while it is made: samples of 16 bits, raw or behind a WAV header."""

from __future__ import annotations

import contextlib
import select
import struct
from collections.abc import Generator, Iterator
from typing import BinaryIO, NamedTuple

import numpy as np

from asrkit.audio.decoders import check_bounds
from asrkit.audio.reading import AudioError

AT_ONCE = 1 << 16  # bytes that are read at most; fewer if fewer are there
LARGEST_HEADER = 1 << 20  # bytes of what WAV files have before their samples
IDLE = 0.5  # seconds
UNKNOWN = 0x7FFF0000  # bytes from which on a size is what programs write that know none
_PCM, _EXTENSIBLE = 1, 0xFFFE


class Samples:
    """Bytes of samples, little-endian whole numbers of 16 bits, cut anywhere."""

    def __init__(self, channels: int = 1) -> None:
        self._channels, self._rest = channels, b""

    def add(self, data: bytes) -> np.ndarray:
        """int16 [C, S] of the samples that are whole."""
        data = self._rest + data
        whole = len(data) // (2 * self._channels) * 2 * self._channels
        self._rest = data[whole:]
        return np.frombuffer(data[:whole], "<i2").reshape(-1, self._channels).T

    def check_end(self, name: str) -> None:
        """Raises AudioError where the bytes end within a sample."""
        if self._rest:
            raise AudioError(
                f"{name}: ends within a sample ({len(self._rest)} bytes too many); send 16-bit "
                f"little-endian samples of {self._channels} channel(s)"
            )


class Sound(NamedTuple):
    """rate: Hz. parts: int16 [C, S] each, as they arrive; empty ones where nothing has come for
    half a second."""

    rate: int
    parts: Iterator[np.ndarray]


def arriving(stream: BinaryIO, name: str, rate: int | None = None) -> Sound:
    """Sound from an unbuffered pipe or file: with a ``rate``, raw samples of one channel; else WAV,
    whose header is read now. Raises AudioError for what is neither, or the other, and where it ends
    too early."""
    if rate is not None:
        return Sound(rate, _raw(stream, name))
    rate, channels, size = _header(stream, name)
    try:
        check_bounds(rate, channels)
    except ValueError as error:
        raise AudioError(f"{name}: {error}") from None
    return Sound(rate, _parts(stream, name, channels, size or None))


@contextlib.contextmanager
def unreadable(name: str) -> Generator[None, None, None]:
    """What the system says while ``name`` is opened or read becomes AudioError."""
    try:
        yield
    except OSError as error:
        raise AudioError(f"{name}: cannot be read ({error.strerror}); check the path") from None


def _parts(stream: BinaryIO, name: str, channels: int, size: int | None) -> Iterator[np.ndarray]:
    samples = Samples(channels)
    left = size
    while left is None or left > 0:
        data = b""
        if _has_come(stream):
            with unreadable(name):
                data = stream.read(AT_ONCE if left is None else min(left, AT_ONCE))
            if not data:
                break
            left = None if left is None else left - len(data)
        yield samples.add(data)
    samples.check_end(name)
    if left:
        raise AudioError(f"{name}: ends {left} bytes before its header says; it was cut short")


def _raw(stream: BinaryIO, name: str) -> Iterator[np.ndarray]:
    begun = False
    for part in _parts(stream, name, 1, None):
        head = part[0, :6].astype("<i2").tobytes()
        if not begun and head[:4] == b"RIFF" and head[8:] == b"WAVE":
            raise AudioError(f"{name}: is a WAV file, which says its rate itself; leave --rate out")
        begun = begun or bool(head)
        yield part


def _has_come(stream: BinaryIO) -> bool:
    """Whether reading would not wait, after half a second at most."""
    try:
        number = stream.fileno()
    except OSError:  # of no file of the system
        return True
    return bool(select.select([number], [], [], IDLE)[0])


def _header(stream: BinaryIO, name: str) -> tuple[int, int, int | None]:
    """(rate, channels, bytes of samples or None), with the stream at the first sample."""
    read = 0

    def take(count: int) -> bytes:
        nonlocal read
        read += count
        if read > LARGEST_HEADER:
            raise AudioError(f"{name}: has no samples in its first {LARGEST_HEADER >> 20} MiB")
        data = b""
        while len(data) < count:
            with unreadable(name):
                more = stream.read(count - len(data))
            if not more:
                raise AudioError(
                    f"{name}: ends within its header; it was cut short"
                    if read > count or data
                    else f"{name}: is empty (0 bytes)"
                )
            data += more
        return data

    mark = take(4)
    if mark != b"RIFF" or take(8)[4:] != b"WAVE":
        raise AudioError(
            f"{name}: is no WAV file; for raw 16-bit samples of one channel give --rate, and for "
            "other kinds send WAV: ffmpeg -i ... -f wav -c:a pcm_s16le -"
        )
    form = b""
    while True:
        kind, size = struct.unpack("<4sI", take(8))
        if kind == b"data":
            break
        content = take(size + size % 2)
        if kind == b"fmt ":
            form = content
    if len(form) < 16:
        raise AudioError(f"{name}: its header does not say what the samples are (fmt)")
    code, channels, rate, _, _, bits = struct.unpack("<HHIIHH", form[:16])
    if code == _EXTENSIBLE and len(form) >= 26:
        (code,) = struct.unpack("<H", form[24:26])
    if (code, bits) != (_PCM, 16):
        raise AudioError(
            f"{name}: has samples of format {code} and {bits} bits where a stream has 16-bit PCM; "
            "send it as such: ffmpeg -i ... -f wav -c:a pcm_s16le -"
        )
    return rate, channels, size if size < UNKNOWN else None
