"""NIST SPHERE files in every coding that telephone corpora use: a-law, mu-law, PCM, shorten."""

from __future__ import annotations

import io
from collections.abc import Iterator

import av
import numpy as np

# coding -> the header's sample_coding, bytes a sample, raw format of FFmpeg
CODINGS = {
    "alaw": ("alaw", 1, "alaw"),
    "ulaw": ("ulaw", 1, "mulaw"),
    "pcm": ("pcm", 2, "s16le"),
    "pcm_big": ("pcm", 2, "s16be"),
    "shorten": ("pcm,embedded-shorten-v2.00", 2, "s16le"),
}
BLOCK = 256  # samples of a shorten block
DIFF1, QUIT, BLOCKSIZE = 1, 4, 5  # shorten commands


def sphere(samples: np.ndarray, rate: int, coding: str) -> bytes:
    """A one-channel SPHERE file of float samples [S] in [-1, 1]: a header of 1024 bytes, data."""
    name, width, raw = CODINGS[coding]
    integers = np.clip(np.round(samples * 32768), -32768, 32767).astype(np.int16)
    order = {"s16le": "01", "s16be": "10"}.get(raw, "1")
    fields = [
        "channel_count -i 1",
        f"sample_count -i {len(samples)}",
        f"sample_rate -i {rate}",
        f"sample_n_bytes -i {width}",
        f"sample_byte_format -s{len(order)} {order}",
        f"sample_sig_bits -i {8 * width}",
        f"sample_coding -s{len(name)} {name}",
        "end_head",
    ]
    head = "\n".join(["NIST_1A", "   1024", *fields]) + "\n"
    data = shorten(integers) if coding == "shorten" else _raw(integers, rate, raw)
    return head.encode().ljust(1024) + data


def _raw(integers: np.ndarray, rate: int, raw: str) -> bytes:
    if raw.startswith("s16"):
        return integers.astype("<i2" if raw == "s16le" else ">i2").tobytes()
    out = io.BytesIO()
    with av.open(out, "w", format=raw) as box:
        stream = box.add_stream(f"pcm_{raw}", rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(integers[None], format="s16", layout="mono")
        frame.sample_rate = rate
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            box.mux(packet)
    return out.getvalue()


def shorten(integers: np.ndarray) -> bytes:
    """int16 [S] as a shorten stream, version 2: first differences in Golomb-Rice codes."""
    bits = "".join(_shorten_bits(integers.astype(np.int64)))
    bits += "0" * (-len(bits) % 32 + 64)
    return b"ajkg\x02" + int(bits, 2).to_bytes(len(bits) // 8, "big")


def _shorten_bits(integers: np.ndarray) -> Iterator[str]:
    # type (5: 16 bit, low byte first), channels, block, order of prediction, means, skipped bytes
    yield from map(_number, (5, 1, BLOCK, 0, 0, 0))
    last, size = 0, BLOCK
    for at in range(0, len(integers), BLOCK):
        block = integers[at : at + BLOCK]
        if len(block) != size:
            size = len(block)
            yield _rice(BLOCKSIZE, 2) + _number(size)
        steps = np.diff(block, prepend=last)
        folded = np.where(steps < 0, -2 * steps - 1, 2 * steps)  # signs into the lowest bit
        width = max(int(folded.mean()).bit_length() - 1, 0)
        yield _rice(DIFF1, 2) + _rice(width, 3)
        yield from (_rice(int(value), width + 1) for value in folded)
        last = int(block[-1])
    yield _rice(QUIT, 2)


def _rice(value: int, width: int) -> str:
    low = format(value & ((1 << width) - 1), f"0{width}b") if width else ""
    return "0" * (value >> width) + "1" + low


def _number(value: int) -> str:
    """A number of the header: the width it is written in, then itself."""
    width = value.bit_length()
    return _rice(width, 2) + _rice(value, width)
