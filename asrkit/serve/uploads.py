"""Audio that is sent to the server: bounded while it arrives, kept as it came and as FLAC."""

from __future__ import annotations

import os
import secrets
import threading
import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np

from asrkit.audio import decoders
from asrkit.audio import reading as audio
from asrkit.audio.reading import AudioError
from asrkit.files import DataError, atomic
from asrkit.rate import RATE
from asrkit.serve.recordings import Recording
from asrkit.serve.store import Store
from asrkit.temporary import Temporary

LONGEST_NAME = 40  # characters of an id that are the file's name
SHORTEST = 0.1  # seconds of a recording
_one = threading.Lock()  # decoded at a time: an hour of stereo takes 1.4 GB


class TooLarge(DataError):
    """More bytes, or seconds, than the limit."""


class Limits(NamedTuple):
    """Of one recording: bytes as it is sent, and seconds as it is played."""

    bytes: int
    seconds: float


def slug(name: str) -> str:
    """Letters, marks, digits, - and _ of a name; others become _. For ids, which hold no blank."""
    kept = [
        character if unicodedata.category(character)[0] in "LMN" or character in "-_" else "_"
        for character in unicodedata.normalize("NFC", name)
    ]
    return "".join(kept)[:LONGEST_NAME].strip("_-")


def suffix_of(name: str) -> str:
    """The ending of a file's name, such as .mp3, if it is one."""
    ending = Path(name).suffix.lower()
    return ending if ending[1:].isascii() and ending[1:].isalnum() and len(ending) <= 6 else ""


async def receive(chunks: AsyncIterator[bytes], target: Temporary, limits: Limits) -> None:
    """Writes what arrives to a temporary file. Raises TooLarge, or OSError (a full disk)."""
    size = 0
    with open(target.path, "wb") as stream:
        async for chunk in chunks:
            size += len(chunk)
            if size > limits.bytes:
                raise TooLarge(
                    f"the file has more than {limits.bytes >> 20} MB; send a shorter or compressed "
                    "one, or start the server with a larger --max_mb"
                )
            stream.write(chunk)
        stream.flush()
        os.fsync(stream.fileno())


def read(path: Path, name: str, limits: Limits) -> np.ndarray:
    """float32 [S] at 16 kHz of a file that was sent as ``name``.

    Raises TooLarge before it is decoded, AudioError where it is no audio.
    """
    if counted_seconds(path) > limits.seconds + 1:
        raise TooLarge(
            f"{name}: is longer than {limits.seconds / 60:g} minutes; cut it into parts, or start "
            "the server with a larger --max_minutes"
        )
    with _one:
        samples = audio.decode(path.read_bytes(), name).samples
    if len(samples) < SHORTEST * RATE:
        raise AudioError(f"{name}: is shorter than {SHORTEST:g} s")
    return samples


def counted_seconds(path: Path) -> float:
    """How much there is to decode, by the packets: headers may say less, or nothing.

    0 where FFmpeg knows no packets of it: then decoding says what is wrong.
    """
    total = 0.0
    try:
        with open(path, "rb") as stream, decoders.open_container(stream) as container:
            for packet in container.demux(audio=0):
                if packet.duration and packet.time_base:
                    total += float(packet.duration * packet.time_base)
    except (av.FFmpegError, ValueError, IndexError):
        return total
    return total


def keep(store: Store, sent: Temporary, name: str, speaker: str, limits: Limits) -> Recording:
    """A new recording of what was sent: the original, FLAC for the page and for training, and a
    line in the journal, in this order; without the last there is none."""
    samples = read(sent.path, name, limits)
    folder = store.folder
    while True:
        chance = secrets.token_hex(3)
        made = "-".join(part for part in (slug(Path(name).stem), chance) if part)
        if made not in store.recordings:
            break
    original = folder / "originals" / f"{made}{suffix_of(name)}"
    flac = folder / "audio" / f"{made}.flac"
    try:
        flac.parent.mkdir(exist_ok=True)
        with atomic(flac, "wb") as stream:
            audio.write_flac(stream, samples)
        sent.rename(original)
        recording = Recording(made, name, original.name, slug(speaker), len(samples) / RATE)
        store.add_recording(recording)
    except BaseException:
        flac.unlink(missing_ok=True)
        original.unlink(missing_ok=True)
        raise
    return recording
