"""A microphone, in the place of which stands a module that calls back as PortAudio does."""

from __future__ import annotations

import builtins
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from asrkit.audio import microphone as ours
from asrkit.audio.microphone import MicrophoneError, microphone


class PortAudioError(Exception):
    pass


class Device:
    """sounddevice, with one device of 44.1 kHz; ``blocks`` are recorded at once when it opens."""

    PortAudioError = PortAudioError

    def __init__(self, blocks: int = 3, lost: bool = False) -> None:
        self.blocks, self.lost, self.asked, self.open = blocks, lost, None, False

    def query_devices(self, device, kind):
        assert kind == "input"
        if device not in (None, 0, "USB"):
            raise ValueError(f"No input device matching {device!r}")
        return {"default_samplerate": 44_100.0}

    def RawInputStream(self, **options):
        self.asked = options
        return self

    def __enter__(self):
        self.open = True
        for number in range(self.blocks):
            data = np.full(self.asked["blocksize"], number, np.int16)
            status = SimpleNamespace(input_overflow=self.lost)
            self.asked["callback"](memoryview(data).cast("B"), len(data), None, status)

    def __exit__(self, *_):
        self.open = False


class Busy(Device):
    """One that another program records from."""

    def __enter__(self):
        raise PortAudioError("Device unavailable")


@pytest.mark.parametrize(("name", "device"), [(None, None), ("0", 0), ("USB", "USB")])
def test_what_is_recorded_comes_at_the_rate_of_the_device(monkeypatch, name, device):
    module = Device()
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    with microphone(name) as sound:
        assert module.open and sound.rate == 44_100
        found = next(sound.parts)  # all that has come: a recognizer that is late catches up
        assert found.shape == (1, 3 * 2_205)
        assert found[0, ::2_205].tolist() == [0, 1, 2]
        monkeypatch.setattr(ours, "IDLE", 0.01)
        assert next(sound.parts).shape == (1, 0)
    assert not module.open
    assert module.asked["device"] == device and module.asked["dtype"] == "int16"


def test_what_is_lost_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", Device(lost=True))
    with microphone() as sound, pytest.raises(MicrophoneError, match="sound was lost"):
        next(sound.parts)
    monkeypatch.setitem(sys.modules, "sounddevice", Device(blocks=1_300))
    with microphone() as sound:
        assert next(sound.parts).shape == (1, 1_200 * 2_205)  # up to the gap, and nothing behind it
        with pytest.raises(MicrophoneError, match="60 seconds behind"):
            next(sound.parts)


def test_no_microphone(monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", Device())
    with (
        pytest.raises(MicrophoneError, match=r"microphone x: No input .* lists them"),
        microphone("x"),
    ):
        pass
    monkeypatch.setitem(sys.modules, "sounddevice", Busy())
    with pytest.raises(MicrophoneError, match=r"\(default\): Device unavailable"), microphone():
        pass
    for error, message in (
        (ImportError(), "pip install sounddevice"),
        (OSError("PortAudio library not found"), "libportaudio2"),
    ):
        whole = builtins.__import__

        def without(name, *args, error=error, whole=whole, **more):
            if name == "sounddevice":
                raise error
            return whole(name, *args, **more)

        with monkeypatch.context() as patched:
            patched.delitem(sys.modules, "sounddevice")
            patched.setattr(builtins, "__import__", without)
            with pytest.raises(MicrophoneError, match=message), microphone():
                pass
