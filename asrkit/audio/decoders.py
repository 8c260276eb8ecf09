"""Audio files through libsndfile and FFmpeg: the first of the two that reads all of a file.

What was decoded is held against what the file promises: by its header, by FFmpeg's reading of the
container, and by the times of its frames. Bytes after the promised end, such as tags, do no harm.
"""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import BinaryIO, NamedTuple

import av
import numpy as np
import soundfile
from av.container import InputContainer

from asrkit.audio import headers

# Those of FFmpeg's demuxers that read audio out of the file itself. A playlist or a session
# description names other files and sockets, and FFmpeg would open them.
DEMUXERS = (
    "aac ac3 aiff amr ape asf au avi caf dts eac3 flac flv g722 gsm ircam loas matroska mov mp3 mpc"
    " mpc8 mpeg mpegts nistsphere ogg rm shn sox tak tta voc w64 wav webm wv"
).split()
STREAMS = ("aac", "ac3", "dts", "eac3", "loas", "mp3")  # frames alone: anything may lie after them
TAGS = (b"ID3", b"TAG", b"APETAGEX", b"LYRICS")
SLOWEST, FASTEST = 4000, 768_000  # Hz
MOST_CHANNELS = 64
LONGEST = 24 * 3600  # seconds
GSM_BLOCK = 320  # samples of GSM 6.10 in WAV
MOST_SAMPLES = 1 << 32  # of all channels: 16 GiB as they are held


class Unusable(ValueError):
    """Audio that no other decoder reads either; the message says what to do, but not where."""


class Decoded(NamedTuple):
    """frames: float32 [F, C]. promised: the least F of a whole file, 0 where nothing says it.
    refused: packets in it that could not be decoded."""

    frames: np.ndarray
    rate: int
    codec: str
    promised: int
    refused: int = 0


def read_whole(data: bytes, *, raw_g722: bool = False) -> Decoded:
    """All samples of a file's bytes: FLAC and WAV by libsndfile, the rest by FFmpeg, and what one
    of them cannot read, or not to its end, by the other.

    Raises Unusable where neither can.
    """
    try:
        promised = 0 if raw_g722 else headers.promised_frames(data) or 0
    except ValueError as error:
        raise Unusable(str(error)) from None
    names = ["libsndfile", "FFmpeg"]
    if data[:4] not in (b"RIFF", b"fLaC"):
        names.reverse()
    best: Decoded | None = None
    faults = []
    for name in names:
        try:
            if name == "libsndfile":
                made = _with_libsndfile(data, promised)
            else:
                made = _with_ffmpeg(data, promised, raw_g722)
        except Unusable:
            raise
        except soundfile.LibsndfileError as error:
            faults.append(f"{name}: {error.error_string.rstrip('.')}")
        except (av.FFmpegError, ValueError) as error:
            faults.append(f"{name}: {getattr(error, 'strerror', None) or error}")
        else:
            promised = max(promised, made.promised)
            if len(made.frames) >= max(1, promised):
                return made
            if best is None or len(made.frames) > len(best.frames):
                best = made
    if best is None:
        raise Unusable(
            f"cannot be decoded ({'; '.join(faults)}); convert it to FLAC with a program that "
            "plays it, or fetch it again"
        )
    count = f"{len(best.frames)} of the {promised} samples that its header promises"
    if best.refused > 1:  # a cut file has one, its last
        raise Unusable(
            f"is damaged, or coded as FFmpeg cannot read: only {count} can be decoded; convert it "
            "to FLAC with a program that plays it, or fetch it again"
        )
    if not promised:
        raise Unusable("holds no samples; leave it out")
    raise Unusable(f"is cut short: {count}; fetch it again")


def check_bounds(rate: int, channels: int, frames: int = 0) -> None:
    """Raises Unusable for what no recording of speech has, before memory is spent on it."""
    if not SLOWEST <= rate <= FASTEST:
        raise Unusable(
            f"states a rate of {rate} Hz where {SLOWEST} to {FASTEST} can be; write it again with "
            "the right rate"
        )
    if not 1 <= channels <= MOST_CHANNELS:
        raise Unusable(
            f"has {channels} channels where 1 to {MOST_CHANNELS} can be; write the ones of speech "
            "into a file of their own"
        )
    if frames > LONGEST * rate or frames * channels > MOST_SAMPLES:
        raise Unusable(
            f"is longer than {LONGEST // 3600} hours or {MOST_SAMPLES} samples of all channels; "
            "cut it into shorter files"
        )


def seconds(path: str | Path) -> float:
    """Length of a file as its header states it; infinity where only decoding it would tell.

    Raises ValueError where the file is no audio, OSError if it cannot be read.
    """
    with open(path, "rb") as stream:
        head = stream.read(4096)
        if head[:7] == b"NIST_1A":
            fields = headers.sphere_fields(head)
            try:
                return int(fields["sample_count"]) / int(fields["sample_rate"])
            except (KeyError, ValueError, ZeroDivisionError):
                raise ValueError("its SPHERE header has no sample_count or sample_rate") from None
        stream.seek(0)
        try:
            info = soundfile.info(stream)
        except soundfile.LibsndfileError as error:
            stream.seek(0)
            try:
                with open_container(stream) as container:
                    length = container.duration
            except (av.FFmpegError, ValueError):
                raise ValueError(error.error_string) from None
            return length / av.time_base if length else math.inf
    known = 0 < info.frames < LONGEST * info.samplerate
    return float(info.duration) if known else math.inf


def _with_libsndfile(data: bytes, promised: int) -> Decoded:
    with soundfile.SoundFile(io.BytesIO(data)) as stream:
        codec = "flac" if stream.format == "FLAC" else stream.subtype.lower()
        parts: list[np.ndarray] = []
        count = 0
        check_bounds(stream.samplerate, stream.channels)
        while True:  # in pieces: a header may promise any length
            part = stream.read(1 << 20, dtype="float32", always_2d=True)
            parts.append(part)
            count += len(part)
            check_bounds(stream.samplerate, stream.channels, count)
            if len(part) < 1 << 20:
                break
        frames = np.concatenate(parts)
        # libsndfile takes the byte that pads an odd chunk for a block: sound that was never said
        if stream.subtype == "GSM610" and 0 < promised < count < promised + 2 * GSM_BLOCK:
            frames = frames[:promised]
        return Decoded(frames, stream.samplerate, codec, promised)


def open_container(stream: BinaryIO, container: str | None = None) -> InputContainer:
    """FFmpeg's view of a file that is open; ``container``: its format where the bytes do not say.

    Only DEMUXERS read it, and no other file or socket can be opened from within. Raises
    av.FFmpegError, and ValueError where it is of another format.
    """
    options = {"format_whitelist": ",".join(DEMUXERS), "protocol_whitelist": ""}
    try:
        return av.open(stream, mode="r", format=container, options=options)
    except av.error.ArgumentError:
        raise ValueError("a playlist, picture or other format that is not read as audio") from None


def _with_ffmpeg(data: bytes, promised: int, raw_g722: bool) -> Decoded:
    with open_container(io.BytesIO(data), "g722" if raw_g722 else None) as container:
        if not container.streams.audio:
            raise ValueError("no audio stream in it")
        stream, kind = container.streams.audio[0], container.format.name
        if stream.codec_context is None:
            raise ValueError("a codec that this FFmpeg does not know")
        if kind == "flac":  # as strict as libFLAC, which gave up on it
            stream.codec_context.options = {"err_detect": "crccheck+explode"}
        to_float = av.AudioResampler(format="fltp", layout=None, rate=None)
        refused: list[tuple[int, bytes]] = []  # samples before a packet, and how it begins
        parts: list[np.ndarray] = []
        rate, layout, count, end = stream.rate, "", 0, 0
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                break
            except av.FFmpegError:
                refused.append((count, b""))
                break
            try:
                frames = packet.decode()
            except av.FFmpegError:
                refused.append((count, bytes(packet)[:8]))
                continue
            for frame in frames:
                count += frame.samples
                check_bounds(frame.sample_rate, frame.layout.nb_channels, count)
                if not layout:
                    rate, layout = frame.sample_rate, frame.layout.name
                    promised = max(promised, _stated(kind, stream, rate))
                elif (frame.sample_rate, frame.layout.name) != (rate, layout):
                    raise ValueError(
                        f"changes from {rate} Hz {layout} to {frame.sample_rate} Hz "
                        f"{frame.layout.name} within the file: two files in one"
                    )
                if frame.pts is not None and frame.time_base is not None:
                    end = round(frame.pts * frame.time_base * rate) + frame.samples
                parts.extend(part.to_ndarray() for part in to_float.resample(frame))
        parts.extend(part.to_ndarray() for part in to_float.resample(None) if parts)
        if kind == "flac":  # its frames are numbered: those skipped leave a gap
            promised = max(promised, end)
        _check_refused(refused, count, promised, kind)
    frames_of = np.concatenate(parts, axis=1).T if parts else np.zeros((0, 1), np.float32)
    if kind == "mp3":
        frames_of = frames_of[: headers.mp3_without_padding(data, len(frames_of))]
    return Decoded(frames_of, rate, stream.codec_context.name, promised, len(refused))


def _stated(kind: str, stream: av.AudioStream, rate: int) -> int:
    """Samples that FFmpeg reads from a container's header (of others it only guesses)."""
    if not stream.duration or stream.time_base is None:
        return 0
    length = stream.duration
    if kind == "ogg":  # counted from 0, where a recorded broadcast does not begin
        length -= max(0, stream.start_time or 0)
    count = int(length * stream.time_base * rate)
    if kind in ("aiff", "au", "flac"):
        return count
    return count - headers.PADDING if kind == "ogg" or "mp4" in kind else 0


def _check_refused(refused: list[tuple[int, bytes]], count: int, promised: int, kind: str) -> None:
    """Raises Unusable at a packet that should have been decoded: not a tag, not behind the end."""
    if count < promised:
        return  # that is reported, and more exactly
    for before, head in refused:
        sync = len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0
        behind = before >= promised if promised else before == count and not sync
        if kind not in STREAMS or not (behind or head.startswith(TAGS)):
            raise Unusable(
                f"is damaged or cut off after {before} samples of {count}; fetch it again"
            )
