"""How many samples an audio file's header promises, to tell a cut file from a short one."""

from __future__ import annotations

import struct
from pathlib import Path

import soundfile

UNKNOWN = (0, 0xFFFFFFFF, 0x7FFFFFFF)  # what writers to a pipe put where the size belongs


def promised_frames(data: bytes) -> int | None:
    """The least number of samples a channel that a whole file decodes to; None where not stated.

    Raises ValueError for an Ogg file that ends within a page, and for SPHERE that FFmpeg misreads.
    """
    if data[:4] == b"fLaC":
        return _flac(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return _wave(data)
    if data[:7] == b"NIST_1A":
        return _sphere(data)
    if data[:4] == b"OggS":
        _ogg(data)
        return None
    return _mp3(data)


def _flac(data: bytes) -> int | None:
    """STREAMINFO: 36 bits of total samples, 0 if unknown."""
    if len(data) < 26:
        return 1
    return (int.from_bytes(data[18:26], "big") & ((1 << 36) - 1)) or None


def _wave(data: bytes) -> int | None:
    """Size of the data chunk by the frame size; both as stated, not as found."""
    at, frame = 12, 0
    while at + 8 <= len(data):
        kind, size = data[at : at + 4], struct.unpack_from("<I", data, at + 4)[0]
        if kind == b"fmt " and len(data) >= at + 24:
            tag, _, _, _, frame = struct.unpack_from("<HHIIH", data, at + 8)
            if tag not in (1, 3, 6, 7, 0xFFFE):  # PCM, float, A-law, mu-law: a frame is a sample
                return None
        if kind == b"data":
            unknown = size in UNKNOWN or size >= 0x7FFFF000
            return None if unknown or not frame else size // frame
        at += 8 + size + (size & 1)
    return None


def sphere_fields(data: bytes) -> dict[str, str]:
    """The fields of a NIST SPHERE header; the second line says how long the header is."""
    size = data[8:16].strip()
    head = data[: int(size)] if size.isdigit() else data[:1024]
    fields = {}
    for line in head.split(b"end_head")[0].decode("ascii", "replace").split("\n")[2:]:
        name, _, rest = line.strip().partition(" ")
        kind, _, value = rest.strip().partition(" ")
        if kind.startswith("-"):
            fields[name] = value.strip()
    return fields


def check_sphere(data: bytes) -> None:
    """Raises ValueError for codings that FFmpeg cannot unpack: shorten over mu-law or A-law."""
    coding = sphere_fields(data).get("sample_coding", "pcm").lower()
    size = data[8:16].strip()
    packed = size.isdigit() and data[int(size) : int(size) + 4] == b"ajkg"
    if (packed or "," in coding) and not coding.startswith("pcm,embedded-shorten"):
        raise ValueError(
            f"SPHERE of coding {coding!r}{', packed by shorten' * packed}, which FFmpeg cannot"
            " unpack: write sph2pipe -f wav FILE | in wav.scp"
        )


def _sphere(data: bytes) -> int | None:
    """sample_count, a channel."""
    check_sphere(data)
    count = sphere_fields(data).get("sample_count", "")
    return int(count) if count.isdigit() else None


def seconds(path: str | Path) -> float:
    """Length of a SPHERE, WAV or FLAC file as its header states it.

    Raises ValueError if the header does not say, OSError if the file cannot be read.
    """
    with open(path, "rb") as stream:
        data = stream.read(4096)
    if data[:7] == b"NIST_1A":
        fields = sphere_fields(data)
        try:
            return int(fields["sample_count"]) / int(fields["sample_rate"])
        except (KeyError, ValueError, ZeroDivisionError):
            raise ValueError("its SPHERE header lacks sample_count or sample_rate") from None
    try:
        return float(soundfile.info(str(path)).duration)
    except soundfile.LibsndfileError as error:
        raise ValueError(str(error)) from None


def _ogg(data: bytes) -> None:
    """Ogg states no length; a file cut anywhere but between pages shows in its last page."""
    last = data.rfind(b"OggS")
    head = data[last : last + 27]
    sizes = data[last + 27 : last + 27 + head[26]] if len(head) == 27 else b""
    whole = len(head) == 27 and len(sizes) == head[26]
    if not whole or last + 27 + len(sizes) + sum(sizes) > len(data):
        raise ValueError("its last Ogg page is cut off")


def first_mp3_frame(data: bytes) -> tuple[int, bytes, int | None] | None:
    """Where an MP3's first frame begins (after an ID3 tag), up to 200 bytes of it, and the number
    of frames that a Xing or Info header in it states; None if no frame begins there."""
    at = 0
    if data[:3] == b"ID3" and len(data) > 10:
        at = 10 + (data[6] << 21 | data[7] << 14 | data[8] << 7 | data[9])
    head = data[at : at + 200]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:  # sync, layer III
        return None
    newest, mono = mp3_frame_size(head) == 1152, head[3] & 0xC0 == 0xC0
    tag = 4 + (17 if mono else 32) if newest else 4 + (9 if mono else 17)
    fields = head[tag : tag + 12]  # name, flags, frames if the flags say so
    if len(fields) < 12 or fields[:4] not in (b"Xing", b"Info") or not fields[7] & 1:
        return at, head, None
    return at, head, int.from_bytes(fields[8:], "big")


def mp3_frame_size(head: bytes) -> int:
    """Samples a channel of the frame that begins so: MPEG 1 has twice those of 2 and 2.5."""
    return 1152 if head[1] & 0x18 == 0x18 else 576


def _mp3(data: bytes) -> int | None:
    """Frames of a Xing or Info header, less the encoder's delay, padding and two frames of grace.

    Without that header an MP3 does not say how long it is, and FFmpeg only guesses.
    """
    _, head, frames = first_mp3_frame(data) or (0, b"", None)
    if frames is None:
        return None
    size = mp3_frame_size(head)
    return max(1, frames * size - 2 * size - 3 * 1152)
