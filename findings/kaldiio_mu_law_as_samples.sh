#!/usr/bin/env bash
# kaldiio 2.18.1: a mu-law or A-law WAV in wav.scp is returned as its codes, as if they were 8-bit samples.
#
# Guess: decoded as the header says, or an error as for a compressed file; Kaldi refuses a WAV that is not PCM.
# Seen: uint8 codes without a word. Telephone speech, often kept so, then is noise with an offset: silence is the
# largest value of mu-law, 255. kaldiio carries a copy of Python's wave module whose check of the format tag is commented
# out. A 24-bit WAV, by contrast, is an error: "bytes_per_sample must be 1, 2, 4 or 8".
# Source: read_wav in kaldiio/wavio.py; _read_fmt_chunk in kaldiio/python_wave.py.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q kaldiio==2.18.1 numpy==2.4.6 soundfile==0.14.0
cd "${dir}"
"${dir}/venv/bin/python" - <<'PY'
from importlib.metadata import version

import kaldiio
import numpy as np
import soundfile

tone = (8000 * np.sin(2 * np.pi * 200 * np.arange(800) / 8000)).astype(np.int16)
tone[:80] = 0
print("kaldiio", version("kaldiio"))
wrong = []
for subtype in ("ULAW", "ALAW"):
    soundfile.write("a.wav", tone, 8000, subtype=subtype)
    with open("wav.scp", "w") as scp:
        scp.write("utterance a.wav\n")
    rate, samples = kaldiio.load_scp("wav.scp")["utterance"]
    decoded, _ = soundfile.read("a.wav", dtype="int16")
    print(f"{subtype}: {samples.dtype}, silence is {samples[10]}, the tone {samples[80:86]}; decoded {decoded[80:86]}")
    if samples.dtype != np.uint8 or len(samples) != 800 or np.abs(decoded - tone.astype(int)).max() > 400:
        wrong.append(subtype)
raise SystemExit(f"no longer so: {wrong}" if wrong else 0)
PY
