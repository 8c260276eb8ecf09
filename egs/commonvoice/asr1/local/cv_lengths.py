"""How long clips are, without decoding them: the release's own table, else the head of each MP3.

Releases before 14 have no table of lengths. The lengths found are kept beside the data, as opening
a million files takes a while. They choose what to train on; stage 3 counts the true samples.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import av
from tqdm import tqdm

from asrkit.audio import decoders
from asrkit.audio.headers import first_mp3_frame, mp3_frame_size
from asrkit.files import atomic

_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_KBITS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBITS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
HEAD = 8192


def mp3_seconds(data: bytes, size: int) -> float | None:
    """Length from the first bytes of an MP3 of `size` bytes; None if its first frame is not there.

    Exact with a Xing or Info header (as encoders write it), else as if the bit rate never changed.
    """
    found = first_mp3_frame(data)
    if found is None:
        return None
    at, head, frames = found
    version, kbits, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version not in _RATES or rate == 3 or kbits in (0, 15):
        return None
    if frames is not None:
        return frames * mp3_frame_size(head) / _RATES[version][rate]
    bits = (_KBITS_1 if version == 3 else _KBITS_2)[kbits] * 1000
    return (size - at) * 8 / bits


def file_seconds(path: Path) -> float:
    """Length of one audio file by its head; 0 if it is empty or no audio."""
    try:
        size = path.stat().st_size
        with open(path, "rb") as stream:
            data = stream.read(HEAD)
        found = mp3_seconds(data, size)
        if found is not None or not data:
            return found or 0.0
        with open(path, "rb") as stream, decoders.open_container(stream) as container:
            return (container.duration or 0) / av.time_base
    except (OSError, av.FFmpegError, ValueError):
        return 0.0


def size_of(path: Path) -> int:
    """Bytes of a file; 0 if it cannot be asked."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def measure(
    clips: Iterable[str], files: dict[str, Path], known: dict[str, float], cache: Path
) -> dict[str, float]:
    """Seconds of each clip that has a file: from `known`, the file `cache`, or the clip itself.

    A file that says nothing about its length has 0 seconds. `cache` is rewritten with what had
    to be measured.
    """
    measured = _read_cache(cache)
    before = len(measured)
    seconds: dict[str, float] = {}
    for clip in tqdm(list(clips), "lengths", unit="clip", delay=3, mininterval=1, leave=False):
        if clip not in files:
            continue
        if clip in known:
            seconds[clip] = known[clip] if size_of(files[clip]) else 0.0
            continue
        if clip not in measured:
            measured[clip] = file_seconds(files[clip])
        seconds[clip] = measured[clip]
    if len(measured) > before:
        cache.parent.mkdir(parents=True, exist_ok=True)
        with atomic(cache) as stream:
            stream.writelines(f"{clip}\t{length:.3f}\n" for clip, length in measured.items())
    return seconds


def _read_cache(path: Path) -> dict[str, float]:
    if not path.is_file():
        return {}
    rows = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
    return {row[0]: float(row[1]) for row in rows if len(row) == 2}
