#!/usr/bin/env bash
# soundfile 0.14.0 (libsndfile 1.2.2), PyAV 18.1.0 (FFmpeg): a page lost from the middle of an Ogg file is no error.
#
# Guess: an error or a warning: pages of Ogg are numbered, and each tells the position of its last sample.
# Seen: without one page of 22, Vorbis or Opus, both libraries give the rest, about a second less, and say nothing by default. What
# follows the gap comes a second early, so times of segments and alignments are wrong from there to the end. soundfile.info
# still tells the whole length: frames is not the number of samples that read gives.
# Source: RFC 3533, section 6 (page sequence number and granule position), which decoders are free to ignore.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q av==18.1.0 numpy==2.4.6 soundfile==0.14.0
cd "${dir}"
"${dir}/venv/bin/python" - <<'PY'
import re
import warnings
from pathlib import Path

import av
import numpy as np
import soundfile

warnings.simplefilter("error")
rng = np.random.default_rng(0)
seconds = np.arange(16000 * 20) / 16000
sound = 0.3 * np.sin(2 * np.pi * 440 * seconds) + 0.02 * rng.normal(size=len(seconds))
sound[16000 * 18 : 16000 * 18 + 4000] = 0  # a quiet place at 18 s


def quiet(samples, rate):
    """Where the quietest tenth of a second is, in seconds."""
    blocks = samples[: len(samples) // (rate // 10) * (rate // 10)].reshape(-1, rate // 10)
    return round(float(np.square(blocks).mean(1).argmin()) / 10, 1)


print(f"soundfile {soundfile.__version__}, {soundfile.__libsndfile_version__}, PyAV {av.__version__}")
wrong = []
for subtype in ("VORBIS", "OPUS"):
    soundfile.write("whole.ogg", sound, 16000, format="OGG", subtype=subtype)
    whole = Path("whole.ogg").read_bytes()
    pages = [match.start() for match in re.finditer(b"OggS", whole)]
    middle = len(pages) // 2
    Path("gap.ogg").write_bytes(whole[: pages[middle]] + whole[pages[middle + 1] :])
    samples, rate = soundfile.read("gap.ogg")
    told = soundfile.info("gap.ogg").frames
    with av.open("gap.ogg") as container:
        frames = list(container.decode(audio=0))
    decoded = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    theirs = frames[0].sample_rate
    print(
        f"{subtype}, {len(pages)} pages: info tells {told / rate:.2f} s, read gives {len(samples) / rate:.2f} s, "
        f"PyAV {len(decoded) / theirs:.2f} s; the pause at 18 s is at {quiet(samples, rate)} s and {quiet(decoded, theirs)} s"
    )
    early = all(16.5 < place < 17.5 for place in (quiet(samples, rate), quiet(decoded, theirs)))
    if told != len(sound) or len(samples) > len(sound) - 12000 or len(decoded) / theirs > 19.25 or not early:
        wrong.append(subtype)
raise SystemExit(f"no longer so: {wrong}" if wrong else 0)
PY
