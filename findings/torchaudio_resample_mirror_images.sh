#!/usr/bin/env bash
# torchaudio 2.11.0, PyAV 18.1.0, soxr 1.1.0: what telephone speech becomes at 16 kHz.
#
# Guess: a tone of 3 or 3.7 kHz sampled at 8 kHz comes out of any resampler at 16 kHz as it was, to 0.1 %, and what it
# leaves above 4 kHz is 40 dB lower at the least.
# Seen: torchaudio.functional.resample as it is by default (6 zeros of a Hann window) takes 1.5 % of 3 kHz and 31 % of
# 3.7 kHz, and puts a mirror image of the latter at 4.3 kHz, 12 dB below the tone; the resampler of FFmpeg 20 dB. White noise of 8 kHz has
# a hundredth of its energy above 4 kHz afterwards. soxr and torchaudio with a Kaiser window of 64 zeros: below -100 dB.
# No resampler delays. Source: torchaudio's documentation has the parameters of "kaiser_best", and none of this.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q torch==2.11.0 torchaudio==2.11.0 numpy==2.4.6 av==18.1.0 soxr==1.1.0
"${dir}/venv/bin/python" - <<'PY'
import av
import numpy as np
import soxr
import torch
from torchaudio.functional import resample

LONG = dict(
    resampling_method="sinc_interp_kaiser", lowpass_filter_width=64,
    rolloff=0.9475937167399596, beta=14.769656459379492,
)


def ffmpeg(x):
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=16000)
    frame = av.AudioFrame.from_ndarray(x[None], format="fltp", layout="mono")
    frame.sample_rate = 8000
    parts = resampler.resample(frame) + resampler.resample(None)
    return np.concatenate([part.to_ndarray()[0] for part in parts])


WAYS = {
    "torchaudio": lambda x: resample(torch.tensor(x), 8000, 16000).numpy(),
    "torchaudio, long": lambda x: resample(torch.tensor(x), 8000, 16000, **LONG).numpy(),
    "FFmpeg": ffmpeg,
    "soxr": lambda x: soxr.resample(x, 8000, 16000),
}


def level(y, hertz):
    at = np.arange(4000, 12000)
    return abs(2 * np.mean(y[at] * np.exp(-2j * np.pi * hertz * at / 16000)))


found = {}
for name, way in WAYS.items():
    for hertz in (3000, 3700):
        y = way(np.sin(2 * np.pi * hertz * np.arange(8000) / 8000).astype(np.float32)).astype(float)
        kept, image = level(y, hertz), 20 * np.log10(level(y, 8000 - hertz))
        found[name, hertz] = kept, image
        print(f"{name}: {hertz} Hz keeps {kept:.3f}, image {image:.0f} dB, {len(y)} samples")
seen = {
    "torchaudio loses 3.7 kHz": found["torchaudio", 3700][0] < 0.75,
    "torchaudio loses 1 % of 3 kHz": found["torchaudio", 3000][0] < 0.99,
    "torchaudio's image": found["torchaudio", 3700][1] > -15,
    "FFmpeg's image": -25 < found["FFmpeg", 3700][1] < -15,
    "soxr": found["soxr", 3700][0] > 0.99 and found["soxr", 3700][1] < -100,
    "long": found["torchaudio, long", 3000][0] > 0.999 and found["torchaudio, long", 3700][1] < -100,
}
wrong = [case for case, holds in seen.items() if not holds]
raise SystemExit(f"no longer so: {wrong}" if wrong else 0)
PY
