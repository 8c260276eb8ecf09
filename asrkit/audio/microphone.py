"""A microphone of this machine, by PortAudio, if the package sounddevice is installed."""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Generator, Iterator
from typing import Any

import numpy as np

from asrkit.audio.pcm import IDLE, Samples, Sound
from asrkit.files import DataError

BLOCK = 0.05  # seconds that come at once
WAITING = 60.0  # seconds that are kept for a recognizer that is busy


class MicrophoneError(DataError):
    """No microphone, or one that cannot be used."""


@contextlib.contextmanager
def microphone(device: str | None = None) -> Generator[Sound, None, None]:
    """What a device of that name or number, or the default one, records at its own rate, until the
    context ends. Raises MicrophoneError, also from the parts where the recognizer is too slow."""
    library = _library()
    chosen: str | int | None = int(device) if device and device.isdigit() else device or None
    waiting: queue.Queue[bytes] = queue.Queue(int(WAITING / BLOCK))
    lost: list[str] = []

    def keep(data: Any, frames: int, time: Any, status: Any) -> None:
        if status.input_overflow:
            lost.append("sound was lost before it came here: the machine is too busy")
        if lost:  # what is behind a gap would join what is before it
            return
        try:
            waiting.put_nowait(bytes(data))
        except queue.Full:
            lost.append(f"the recognizer is {WAITING:g} seconds behind: it is slower than speech")

    with contextlib.ExitStack() as stack:
        try:
            rate = int(library.query_devices(chosen, "input")["default_samplerate"])
            opened = library.RawInputStream(
                samplerate=rate,
                blocksize=int(BLOCK * rate),
                device=chosen,
                channels=1,
                dtype="int16",
                callback=keep,
            )
            stack.enter_context(opened)  # starts to record, which others may forbid
        except (library.PortAudioError, ValueError) as error:
            raise MicrophoneError(
                f"microphone {device or '(default)'}: {error}; python -m sounddevice lists them"
            ) from None
        yield Sound(rate, _parts(waiting, lost))


def _parts(waiting: queue.Queue[bytes], lost: list[str]) -> Iterator[np.ndarray]:
    """All that there is each time, then what was lost."""
    samples = Samples()
    while True:
        data = b""
        with contextlib.suppress(queue.Empty):
            data = waiting.get(timeout=0 if lost else IDLE)
            while True:
                data += waiting.get_nowait()
        if lost and not data:
            raise MicrophoneError(f"microphone: {lost[0]}")
        yield samples.add(data)


def _library() -> Any:
    try:
        import sounddevice
    except ImportError:
        raise MicrophoneError(
            "a microphone needs the package sounddevice: pip install sounddevice; or pipe it in: "
            "arecord -f S16_LE -r 16000 -t raw | asrkit infer --stream --rate 16000 -"
        ) from None
    except OSError as error:  # the package without the library of the system
        raise MicrophoneError(
            f"sounddevice: {error}; install it: sudo apt-get install libportaudio2"
        ) from None
    return sounddevice
