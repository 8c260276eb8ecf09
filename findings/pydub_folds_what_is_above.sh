#!/usr/bin/env bash
# pydub 0.25.1: set_frame_rate has no filter: 12 kHz at 48 kHz is a tone of 4 kHz at 16 kHz, as loud as it was.
#
# Guess: going from 48 to 16 kHz, a tone of 12 kHz is taken out, by 40 dB at the least, as by any resampler.
# Seen: it is at 4 kHz, 0.0 dB below what it was: samples are taken by linear interpolation (audioop.ratecv), which from 48 to 16 kHz is every
# third sample. Fricatives fold into the vowels' range. From 8 to 16 kHz a tone of 3 kHz loses 3.2 dB and has an image at 5 kHz, 7 dB below
# it. Going down, soxr leaves less than -100 dB. Source: AudioSegment.set_frame_rate in pydub/audio_segment.py, whose docstring says
# nothing of it.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q pydub==0.25.1 numpy==2.4.6 soxr==1.1.0
cd "${dir}"
"${dir}/venv/bin/python" - <<'PY'
from importlib.metadata import version

import numpy as np
import pydub
import soxr


def by_pydub(samples, old, new):
    clip = pydub.AudioSegment(samples.tobytes(), frame_rate=old, sample_width=2, channels=1)
    return np.array(clip.set_frame_rate(new).get_array_of_samples())


def by_soxr(samples, old, new):
    return soxr.resample(samples.astype(float), old, new)


def decibels(way, tone, old, at):
    samples = np.round(16000 * np.sin(2 * np.pi * tone * np.arange(old) / old)).astype(np.int16)
    found = way(samples, old, 16000)[4000:12000] / 16000
    level = abs(2 * np.mean(found * np.exp(-2j * np.pi * at * np.arange(8000) / 16000)))
    return 20 * np.log10(level + 1e-9)


print("pydub", version("pydub"), "soxr", version("soxr"))
found = {}
for old, tone, at in ((48000, 12000, 4000), (48000, 9000, 7000), (8000, 3000, 3000), (8000, 3000, 5000)):
    for way in (by_pydub, by_soxr):
        found[way.__name__, tone, at] = decibels(way, tone, old, at)
        print(f"{way.__name__}: {tone} Hz at {old}, found at {at} Hz: {found[way.__name__, tone, at]:.1f} dB")
seen = {
    "12 kHz": found["by_pydub", 12000, 4000] > -0.1,
    "9 kHz": found["by_pydub", 9000, 7000] > -0.1,
    "3 kHz": -4 < found["by_pydub", 3000, 3000] < -3,
    "its image": -12 < found["by_pydub", 3000, 5000] < -10,
    "soxr": max(found["by_soxr", 12000, 4000], found["by_soxr", 9000, 7000]) < -80,
}
wrong = [case for case, holds in seen.items() if not holds]
raise SystemExit(f"no longer so: {wrong}" if wrong else 0)
PY
