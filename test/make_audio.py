"""Sounds for tests: tones written in any codec."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import soundfile


def tone(seconds: float = 1.0, rate: int = 16000, frequency: float = 440) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(
        np.float32
    )


def encoded(samples: np.ndarray, rate: int, codec: str, container: str, stereo: bool) -> bytes:
    """[S] through FFmpeg; ``stereo``: the same tone in both channels."""
    out = io.BytesIO()
    layout = "stereo" if stereo else "mono"
    with av.open(out, "w", format=container) as box:
        stream = box.add_stream(codec, rate=rate, layout=layout)
        planes = np.stack([samples] * (2 if stereo else 1))
        frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout=layout)
        frame.sample_rate = rate
        to_codec = av.AudioResampler(stream.codec_context.format, layout, rate)
        for part in to_codec.resample(frame):
            for packet in stream.encode(part):
                box.mux(packet)
        for packet in stream.encode(None):
            box.mux(packet)
    return out.getvalue()


def data_dir(folder: Path, audio: dict[str, str], **tables: dict[str, str]) -> Path:
    """A valid data folder: id -> path or pipe; every utterance is its own speaker and Italian."""
    folder.mkdir(parents=True, exist_ok=True)
    segments = tables.get("segments")
    utterances = sorted(segments or audio)
    content = {
        "wav.scp": audio,
        "text": {u: "ciao mondo" for u in utterances},
        "utt2spk": {u: u for u in utterances},
        "spk2utt": {u: u for u in utterances},
        "utt2lang": {u: "it" for u in utterances},
        **tables,
    }
    for name, table in content.items():
        lines = [f"{key} {table[key]}".rstrip() for key in sorted(table)]
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def flac(path: Path, samples: np.ndarray, rate: int = 16000) -> str:
    soundfile.write(path, samples, rate, format="FLAC")
    return str(path)
