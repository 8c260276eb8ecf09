"""Audio of any kind as 16 kHz mono, and quick reads by offset for training.

``decode`` reads whatever users have and says exactly what is wrong with it: a file that decodes to
fewer samples than its header promises is an error, not silence. ``load`` is the training path: FLAC
or WAV files, or entries of Kaldi archives, that stage 3 has already brought to 16 kHz mono.
"""

from __future__ import annotations

import functools
import io
import math
import os
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple

import numpy as np
import soundfile
import torch
import torchaudio

from asrkit.audio import channels, decoders
from asrkit.files import DataError, endless
from asrkit.rate import RATE

LOUDEST = 4.0  # floating point audio beyond this was not scaled to [-1, 1]
LARGEST = 1 << 34  # bytes of a file, which is held in memory
LARGEST_KERNEL = 1000  # torchaudio's resampler holds one filter for each step of the reduced ratio


class AudioError(DataError):
    """Audio that cannot be used: where and why."""


class Audio(NamedTuple):
    """samples: float32 [S] at 16 kHz, mono. The rest describes the source. remark: what is odd
    about it and no error, else empty."""

    samples: np.ndarray
    rate: int
    channels: int
    codec: str
    remark: str = ""


def decode(
    source: str | Path | bytes, name: str | None = None, channel: int | None = None
) -> Audio:
    """Reads a file (path, ``archive.ark:offset``) or bytes: FLAC, WAV, MP3, Opus, M4A, G.722, NIST.

    Channels are averaged, unless one is asked for by its number, from 1; where they cancel, the
    loudest is taken (channels.py). Other rates are resampled. A raw G.722 stream is known by its
    suffix ``.g722``. Raises AudioError: missing, empty, no audio, cut short, NaN or infinite
    samples, no such channel.
    """
    name = name or (str(source) if not isinstance(source, bytes) else "audio")
    try:
        data = source if isinstance(source, bytes) else _read_bytes(str(source))
        if not data:
            raise AudioError(f"{name}: is empty (0 bytes); fetch or record it again")
        return _mono(decoders.read_whole(data, raw_g722=name.endswith(".g722")), name, channel)
    except AudioError:
        raise
    except ValueError as error:
        raise AudioError(f"{name}: {error}") from None
    except MemoryError:
        raise AudioError(
            f"{name}: needs more memory than there is; cut it into shorter files, or run fewer "
            "processes (--nj)"
        ) from None


def from_samples(samples: np.ndarray, rate: int, channel: int | None = None) -> Audio:
    """Samples that a program holds, [S] or [C, S]: floats in [-1, 1], or whole numbers of 16 bits.

    Raises AudioError for anything else, as ``decode`` does.
    """
    frames = frames_of(samples)
    try:
        decoders.check_bounds(rate, frames.shape[1], len(frames))
        return _mono(decoders.Decoded(frames, rate, "samples", 0), "samples", channel)
    except AudioError:
        raise
    except ValueError as error:
        raise AudioError(f"samples: {error}") from None


def frames_of(samples: np.ndarray) -> np.ndarray:
    """float32 [S, C] of the samples that ``from_samples`` takes. Raises AudioError for others."""
    frames = np.atleast_2d(samples).T
    if samples.dtype == np.int16:
        frames = frames / np.float32(1 << 15)
    if not np.issubdtype(frames.dtype, np.floating) or samples.ndim not in (1, 2):
        raise AudioError(
            f"samples: {samples.dtype} {list(samples.shape)} is not floats in [-1, 1], or int16, "
            "[S] or [channels, S]"
        )
    return np.ascontiguousarray(frames, np.float32)


def _mono(sound: decoders.Decoded, name: str, channel: int | None) -> Audio:
    """What was decoded as one channel at 16 kHz; raises ValueError, AudioError."""
    check_samples(sound.frames, name)
    check_rate(sound.rate, name)
    mixed = channels.mono(sound.frames, channel)
    samples = _resample(mixed.samples, sound.rate)
    return Audio(samples, sound.rate, sound.frames.shape[1], sound.codec, mixed.remark)


def check_samples(frames: np.ndarray, name: str) -> None:
    """Raises AudioError for samples [S, C] that are not numbers or not in [-1, 1]."""
    if not np.isfinite(frames).all():
        at = int(np.argmin(np.isfinite(frames).all(axis=1)))
        raise AudioError(f"{name}: sample {at} is not a finite number; write the file again")
    loudest = float(np.abs(frames).max(initial=0.0))
    if loudest > LOUDEST:
        raise AudioError(f"{name}: has samples up to {loudest:.0f}; scale them to [-1, 1]")


def check_rate(rate: int, name: str) -> None:
    """Raises AudioError for a rate that no recording has, or that is odd."""
    try:
        decoders.check_bounds(rate, 1)
    except ValueError as error:
        raise AudioError(f"{name}: {error}") from None
    if rate // math.gcd(rate, RATE) > LARGEST_KERNEL:
        raise AudioError(f"{name}: has an unusable rate of {rate} Hz; resample it, e.g. with sox")


def _check_ends(path: str) -> None:
    if fault := endless(path):
        raise AudioError(f"{path}: {fault}")


def _read_bytes(source: str) -> bytes:
    if not Path(source).exists() and _archive(source):
        _check_ends(source.rpartition(":")[0])
        return _archive_entry(source).read()
    try:
        _check_ends(source)
        if os.path.getsize(source) > LARGEST:
            raise AudioError(
                f"{source}: has more than {LARGEST >> 30} GiB; cut it into shorter files"
            )
        return Path(source).read_bytes()
    except OSError as error:
        raise AudioError(f"{source}: cannot be read ({error.strerror}); check the path") from None


def _resample(samples: np.ndarray, rate: int) -> np.ndarray:
    samples = np.ascontiguousarray(samples, np.float32)
    if rate == RATE or not len(samples):
        return samples
    changed: torch.Tensor = resampler(rate, RATE)(torch.from_numpy(samples))
    return changed.numpy()


def change_speed(samples: np.ndarray, hundredths: int) -> np.ndarray:
    """[S] at 16 kHz played at so many hundredths of its speed: about 100 S / hundredths samples."""
    if hundredths == 100:
        return samples
    source = torch.from_numpy(np.ascontiguousarray(samples, np.float32))
    changed: torch.Tensor = resampler(hundredths, 100)(source)
    return changed.numpy()


@functools.lru_cache(maxsize=8)
def resampler(rate: int, to: int) -> torchaudio.transforms.Resample:
    """The filter of one rate: making it takes as long as using it on some seconds.

    A Kaiser window as long as that of resampy's kaiser_best. torchaudio's own choice, 6 zeros of a
    Hann window, leaves a mirror image 12 dB below a tone of 3.7 kHz when telephone speech is
    brought to 16 kHz, and takes a third of the tone.
    """
    return torchaudio.transforms.Resample(
        rate, to, resampling_method="sinc_interp_kaiser",
        lowpass_filter_width=64, rolloff=0.9475937167399596, beta=14.769656459379492,
    )  # fmt: skip


def load(source: str, start: int = 0, frames: int = -1) -> np.ndarray:
    """float32 [frames] from sample ``start`` of 16 kHz mono FLAC or WAV; ``frames`` -1: to the end.

    ``source`` is a file or ``archive.ark:offset``. Raises AudioError if it cannot be read, has
    another rate or more channels, or holds fewer samples than asked for.
    """
    try:
        archived = _archive(source) and not os.path.isfile(source)
        _check_ends(source.rpartition(":")[0] if archived else source)
        with soundfile.SoundFile(_archive_entry(source) if archived else source) as stream:
            if stream.samplerate != RATE or stream.channels != 1:
                raise AudioError(
                    f"{source}: has {stream.samplerate} Hz and {stream.channels} channels where "
                    "training reads 16 kHz mono; run stage 3 (format_audio)"
                )
            if start:
                stream.seek(start)
            samples: np.ndarray = stream.read(frames, dtype="float32")
    except (soundfile.LibsndfileError, OSError) as error:
        raise AudioError(f"{source}: cannot be read ({error}); run stage 3 again") from None
    if len(samples) == 0 or (frames >= 0 and len(samples) < frames):
        raise AudioError(
            f"{source}: has {start + len(samples)} samples where at least {start + frames} were "
            "expected; run stage 3 again"
        )
    if not np.isfinite(samples).all():
        raise AudioError(f"{source}: holds samples that are not finite; run stage 3 again")
    return samples


def write_flac(stream: IO[bytes], samples: np.ndarray) -> None:
    """Writes [S] as 16 kHz, 16 bit FLAC; what resampling lifted over full scale is clipped."""
    clipped = np.clip(samples, -1, 1 - 2**-15)
    coded = io.BytesIO()  # so that a full disk is met here, not inside libsndfile
    soundfile.write(coded, clipped, RATE, format="FLAC", subtype="PCM_16")
    stream.write(coded.getbuffer())


def _archive(source: str) -> bool:
    head, _, offset = source.rpartition(":")
    return bool(head) and offset.isdigit()


def _archive_entry(source: str) -> BinaryIO:
    """One audio file inside a Kaldi archive, as a file of its own; nothing but audio is read."""
    path, _, offset = source.rpartition(":")
    try:
        with open(path, "rb") as stream:
            stream.seek(int(offset))
            mark = stream.read(5)
            if mark == b"AUDIO":  # kaldiio: flag, bytes of the length, length, file
                size = int.from_bytes(stream.read(stream.read(1)[0]), "little")
                return io.BytesIO(stream.read(size))
            if mark[:4] == b"RIFF":
                size = int.from_bytes((mark[4:] + stream.read(3))[:4], "little") + 8
                stream.seek(int(offset))
                return io.BytesIO(stream.read(size))
    except (OSError, IndexError) as error:
        raise AudioError(f"{source}: cannot be read ({error}); check the archive") from None
    raise AudioError(f"{source}: no audio at this place of the archive; write the archive again")
