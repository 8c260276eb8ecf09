#!/usr/bin/env python3
"""Says what works here and how to repair what does not; exit 1 if something needed fails."""

from __future__ import annotations

import argparse
import importlib.metadata
import io
import os
import platform
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = (
    "torch", "torchaudio", "av", "soundfile", "kaldiio", "phonemizer", "espeakng-loader",
    "flashlight-text", "sentencepiece", "kaldialign", "tensorboard", "matplotlib", "scikit-learn",
    "safetensors",
)  # fmt: skip


class Missing(Exception):
    """A check that failed; the message says what, `remedy` how to repair it."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


class Check(NamedTuple):
    """What is checked, whether asrkit needs it, and the function that returns a short answer."""

    name: str
    needed: bool
    run: Callable[[], str]


def python() -> str:
    version = platform.python_version()
    if not (3, 10) <= sys.version_info[:2] <= (3, 12):
        raise Missing(version, "use Python 3.10, 3.11 or 3.12; `make env` finds one")
    return version


def packages() -> str:
    found, missing = [], []
    for name in PACKAGES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        raise Missing(f"not installed: {', '.join(missing)}", "run `make env`, or pip install .")
    return ", ".join(found)


def torchaudio() -> str:
    try:
        import torch
        import torchaudio.functional as functional

        functional.resample(torch.zeros(160), 8000, 16000)
    except (ImportError, OSError) as error:
        raise Missing(
            str(error), "torch and torchaudio of the same version from PyPI: see constraints.txt"
        ) from error
    return "resampling works"


def codec(name: str, container: str, rate: int) -> Callable[[], str]:
    """A check that PyAV writes and reads a second of silence in a codec."""

    def run() -> str:
        import av
        import numpy as np

        try:
            buffer = io.BytesIO()
            with av.open(buffer, "w", format=container) as output:
                stream = output.add_stream(name, rate=rate)
                stream.layout = "mono"
                form = "fltp" if "mp3" in name else "s16"
                samples = np.zeros((1, rate), np.float32 if form == "fltp" else np.int16)
                frame = av.AudioFrame.from_ndarray(samples, format=form, layout="mono")
                frame.sample_rate = rate
                for packet in [*stream.encode(frame), *stream.encode(None)]:
                    output.mux(packet)
            buffer.seek(0)
            with av.open(buffer, format=container) as audio:
                total = sum(frame.samples for frame in audio.decode(audio=0))
        except (av.FFmpegError, ValueError, RuntimeError) as error:
            raise Missing(
                str(error), "pip install --force-reinstall --only-binary :all: av"
            ) from error
        return f"{total} of {rate} samples read back"

    return run


def espeak() -> str:
    from asrkit.text.espeak import known_voices, versions

    try:
        return f"{versions()['espeak']}, {len(known_voices())} voices"
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        raise Missing(
            str(error), "pip install --force-reinstall espeakng-loader phonemizer"
        ) from error


def lmplz() -> str:
    path = shutil.which("lmplz", path=f"{ROOT / 'tools/bin'}:{os.environ.get('PATH', '')}")
    if path is None:
        raise Missing(
            "no lmplz", "`make lmplz` builds it; without it no n-gram models, rows say skipped"
        )
    return path


def cuda() -> str:
    import torch

    if not torch.cuda.is_available():
        raise Missing("no GPU that torch can use", "fine for the demo; else check `nvidia-smi`")
    names = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    return ", ".join(names)


CHECKS = (
    Check("Python", True, python),
    Check("packages", True, packages),
    Check("torchaudio", True, torchaudio),
    Check("MP3", True, codec("libmp3lame", "mp3", 16000)),
    Check("G.722", True, codec("g722", "g722", 16000)),
    Check("FLAC", True, codec("flac", "flac", 16000)),
    Check("espeak-ng", True, espeak),
    Check("lmplz", False, lmplz),
    Check("CUDA", False, cuda),
)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quiet", choices=("true", "false"), default="false", help="print failures only"
    )
    args = parser.parse_args(argv)
    sys.path.insert(0, str(ROOT))
    failed = False
    for check in CHECKS:
        try:
            answer, mark = check.run(), "ok"
        except (Missing, ImportError) as error:
            remedy = error.remedy if isinstance(error, Missing) else "run `make env`"
            answer, mark = f"{error}\n{'':16}-> {remedy}", "FAILED" if check.needed else "absent"
            failed |= check.needed
        if args.quiet == "false" or mark == "FAILED":
            print(f"{check.name:11} {mark:6} {answer}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
