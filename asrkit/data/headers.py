"""How many samples an audio file's header promises, to tell a cut file from a short one."""

from __future__ import annotations

import struct

UNKNOWN = (0, 0xFFFFFFFF, 0x7FFFFFFF)  # what writers to a pipe put where the size belongs


def promised_frames(data: bytes) -> int | None:
    """The least number of samples a channel that a whole file decodes to; None where not stated.

    Raises ValueError for an Ogg file that ends within a page, and for mu-law SPHERE with shorten.
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


def _sphere(data: bytes) -> int | None:
    """sample_count, a channel; FFmpeg reads shorten over PCM, not over mu-law."""
    found = None
    for line in data[:1024].split(b"\n"):
        fields = line.split()
        if fields[:1] == [b"sample_coding"] and b"ulaw,embedded-shorten" in line:
            raise ValueError("mu-law with shorten: write sph2pipe -f wav FILE | in wav.scp")
        if fields[:2] == [b"sample_count", b"-i"] and fields[2:]:
            found = int(fields[2])
    return found


def _ogg(data: bytes) -> None:
    """Ogg states no length; a file cut anywhere but between pages shows in its last page."""
    last = data.rfind(b"OggS")
    head = data[last : last + 27]
    sizes = data[last + 27 : last + 27 + head[26]] if len(head) == 27 else b""
    whole = len(head) == 27 and len(sizes) == head[26]
    if not whole or last + 27 + len(sizes) + sum(sizes) > len(data):
        raise ValueError("its last Ogg page is cut off")


def _mp3(data: bytes) -> int | None:
    """Frames of a Xing or Info header, less the encoder's delay, padding and two frames of grace.

    Without that header an MP3 does not say how long it is, and FFmpeg only guesses.
    """
    at = 0
    if data[:3] == b"ID3" and len(data) > 10:
        at = 10 + (data[6] << 21 | data[7] << 14 | data[8] << 7 | data[9])
    head = data[at : at + 200]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:  # sync, layer III
        return None
    newest = head[1] & 0x18 == 0x18  # MPEG 1; 2 and 2.5 have half the samples a frame
    mono = head[3] & 0xC0 == 0xC0
    tag = 4 + (17 if mono else 32) if newest else 4 + (9 if mono else 17)
    if head[tag : tag + 4] not in (b"Xing", b"Info") or not head[tag + 7] & 1:
        return None
    frames = int.from_bytes(head[tag + 8 : tag + 12], "big")
    size = 1152 if newest else 576
    return max(1, frames * size - 2 * size - 3 * 1152)
