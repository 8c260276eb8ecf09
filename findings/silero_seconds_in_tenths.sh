#!/usr/bin/env bash
# silero-vad 6.2.3: return_seconds=True gives tenths of a second: speech is cut by up to 50 ms.
#
# Guess: seconds are the samples divided by the rate, as exact as the network's windows of 32 ms.
# Seen: 33,312 samples, 2.082 s, are 2.1: the first 18 ms of what was found, padding taken into account, are left out. 4.642 s is 4.6, and
# ends are rounded in the same way. Segments of a data folder that are made so begin within words. time_resolution=3 gives
# milliseconds; samples, the default, are exact.
# Source: get_speech_timestamps in silero_vad/utils_vad.py, time_resolution: int = 1.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q silero-vad==6.2.3 onnxruntime==1.32.0 torch==2.11.0 torchaudio==2.11.0 praat-parselmouth==0.4.7 numpy==2.4.6
cd "${dir}"
"${dir}/venv/bin/python" - <<'PY'
from importlib.metadata import version

import numpy as np
import torch
from parselmouth.praat import call
from silero_vad import get_speech_timestamps, load_silero_vad

voice = call("Create SpeechSynthesizer", "English (Great Britain)", "Female1")
made = call(voice, "To Sound", "This is a short sentence about the weather. And here comes another one.", "no")
made = made[0] if isinstance(made, list) else made
speech = 0.7 * made.resample(16000).values[0].astype(np.float32)
samples = torch.from_numpy(np.concatenate([np.zeros(33234, np.float32), speech, np.zeros(32000, np.float32)]))
model = load_silero_vad(onnx=True)
exact = [row[edge] / 16000 for row in get_speech_timestamps(samples, model) for edge in ("start", "end")]
given = [row[edge] for row in get_speech_timestamps(samples, model, return_seconds=True) for edge in ("start", "end")]
print("silero-vad", version("silero-vad"))
print("samples / 16000:", exact)
print("return_seconds: ", given)
worst = max(abs(one - other) for one, other in zip(exact, given))
print(f"up to {1000 * worst:.0f} ms apart")
raise SystemExit(not (len(exact) >= 2 and all(round(time, 1) == time for time in given) and worst > 0.01))
PY
