"""How many samples an audio file's header promises, to tell a cut file from a short one."""

from __future__ import annotations

import struct

# What writers to a pipe put where the size of a WAV file belongs (sox 0x7FFFF000, others 2e9 or
# what 31 or 32 bits hold), less their headers and rounded down to whole frames; or else 0.
UNKNOWN = (2_000_000_000, 0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
ROUNDED = 4096
PADDING = 4096  # samples that a coder may add, which MP4 and Ogg count in their length


def promised_frames(data: bytes) -> int | None:
    """The least number of samples a channel that a whole file decodes to; None where not stated.

    Raises ValueError for an Ogg file that ends within a page, for two WAV files in one or an empty
    one, and for SPHERE that FFmpeg misreads; the message says what to do, but not where.
    """
    if data[:4] == b"fLaC":
        return _flac(data)
    if data[:4] in (b"RIFF", b"RF64", b"BW64") and data[8:12] == b"WAVE":
        return _wave(data)
    if data[:7] == b"NIST_1A":
        return _sphere(data)
    if data[:4] == b"OggS":
        return _ogg(data)
    return _mp3(data)


def _flac(data: bytes) -> int | None:
    """STREAMINFO: 36 bits of total samples, 0 if unknown."""
    if len(data) < 26:
        return 1
    return (int.from_bytes(data[18:26], "big") & ((1 << 36) - 1)) or None


def _wave(data: bytes) -> int | None:
    """Size of the data chunk by the frame size; both as stated, not as found. Of codings whose
    frames are not samples (ADPCM, G.722, AAC) what the chunk ``fact`` says."""
    at, frame, fact, long = 12, 0, None, 0
    while at + 8 <= len(data):
        kind, size = data[at : at + 4], struct.unpack_from("<I", data, at + 4)[0]
        if kind == b"fmt " and len(data) >= at + 24:
            tag, _, _, _, frame = struct.unpack_from("<HHIIH", data, at + 8)
            if tag not in (1, 3, 6, 7, 0xFFFE):  # PCM, float, A-law, mu-law: a frame is a sample
                frame = 0
        if kind == b"fact" and len(data) >= at + 12:
            fact = struct.unpack_from("<I", data, at + 8)[0]
        if kind == b"ds64" and len(data) >= at + 24:  # of RF64, whose data chunk has no size
            long = struct.unpack_from("<Q", data, at + 16)[0]
        if kind == b"data":
            size = long or size
            _check_end(data, at, size)
            if _unknown(size):
                return None
            return size // frame if frame else fact
        at += 8 + size + (size & 1)
    return None


def _unknown(size: int) -> bool:
    return size == 0 or any(most - ROUNDED <= size <= most for most in UNKNOWN)


def _check_end(data: bytes, at: int, size: int) -> None:
    """Raises ValueError where the data chunk at ``at`` is empty on purpose, or is not the last."""
    riff = struct.unpack_from("<I", data, 4)[0] + 8
    if size == 0 and at + 8 < riff <= len(data):
        raise ValueError("holds no samples; leave it out")
    end = at + 8 + size
    if data[end : end + 4] == b"RIFF" and data[end + 8 : end + 12] == b"WAVE":
        raise ValueError(f"is two WAV files, the second from byte {end} on; join them with sox")


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
            f"is SPHERE of coding {coding!r}{', packed by shorten' * packed}, which FFmpeg cannot"
            " unpack: write sph2pipe -f wav FILE | in wav.scp"
        )


def _sphere(data: bytes) -> int | None:
    """sample_count, a channel."""
    check_sphere(data)
    count = sphere_fields(data).get("sample_count", "")
    return int(count) if count.isdigit() else None


def _ogg(data: bytes) -> int | None:
    """Ogg counts in every page the samples up to its end: the last page's less the first's, as a
    recorded broadcast does not begin at 0. A file cut anywhere but between pages shows in its last.
    """
    last = data.rfind(b"OggS")
    head = data[last : last + 27]
    sizes = data[last + 27 : last + 27 + head[26]] if len(head) == 27 else b""
    whole = len(head) == 27 and len(sizes) == head[26]
    if not whole or last + 27 + len(sizes) + sum(sizes) > len(data):
        raise ValueError("is cut short: its last Ogg page is not whole; fetch it again")
    first, at = _ogg_page(data, 0, head[14:18]), 0
    if first is None or not data[first[0] :].startswith(_OGG_AUDIO):
        return None  # the last page is not of the audio
    while (page := _ogg_page(data, at, head[14:18])) is not None:
        begin, samples = page
        if 0 < samples < 1 << 63:
            return max(1, int.from_bytes(head[6:14], "little") - samples - PADDING)
        at = begin
    return None


_OGG_AUDIO = (b"OpusHead", b"\x01vorbis", b"Speex   ", b"\x7fFLAC")


def _ogg_page(data: bytes, at: int, stream: bytes) -> tuple[int, int] | None:
    """The first page of a stream that begins at ``at`` or later: where its content begins, and the
    samples up to its end; None if there is none."""
    while (at := data.find(b"OggS", at)) >= 0:
        head = data[at : at + 27]
        if len(head) == 27 and head[14:18] == stream:
            return at + 27 + head[26], int.from_bytes(head[6:14], "little")
        at += 4
    return None


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


def mp3_without_padding(data: bytes, count: int) -> int:
    """How many of the ``count`` samples that FFmpeg decodes of an MP3 come before the padding of
    its encoder, which FFmpeg leaves in where bytes follow the last frame.

    The encoder's part of a Xing or Info header states its delay and its padding; joined files,
    which have more, are left alone.
    """
    _, head, frames = first_mp3_frame(data) or (0, b"", None)
    if frames is None:
        return count
    at = max(head.find(b"Xing", 0, 40), head.find(b"Info", 0, 40))
    flags = head[at + 7]
    sizes = ((1, 4), (2, 4), (4, 100), (8, 4))  # frames, bytes, table of contents, quality
    at += 8 + sum(size for flag, size in sizes if flags & flag)
    if head[at : at + 4] not in (b"LAME", b"Lavf", b"Lavc"):
        return count
    packed = int.from_bytes(head[at + 21 : at + 24], "big")  # 12 bits each
    delay, padding = packed >> 12, packed & 0xFFF
    whole = frames * mp3_frame_size(head) - delay - padding
    return whole if 0 < whole < count <= whole + padding else count


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
