#!/usr/bin/env bash
# mutagen 1.48.1, PyAV 18.1.0: an Opus file of 3 s that was recorded from a stream lasts as long as the stream.
#
# Guess: the length of an Ogg Opus file is that of the audio in it, also if its pages do not begin to count at 0 (RFC 7845 allows it: it is
# what recording from a live stream gives).
# Seen: of 3 s that begin at 100 s mutagen and PyAV's container.duration say 103 s; there are 3 s in it, as libsndfile says. Hours of a
# corpus, limits of length and a check that a file is whole are wrong by the time that the stream had run before.
# Source: OggOpusInfo in mutagen/oggopus.py takes the last page's position.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q av==18.1.0 mutagen==1.48.1 soundfile==0.14.0 numpy==2.4.6
cd "${dir}"
"${dir}/venv/bin/python" - <<'PY'
from importlib.metadata import version

import av
import mutagen.oggopus
import numpy as np
import soundfile

RATE = 16000
noise = 0.1 * np.random.default_rng(0).standard_normal(3 * RATE).astype(np.float32)
out = av.open("a.opus", "w", format="ogg")
stream = out.add_stream("libopus", rate=RATE, layout="mono")
stream.codec_context.open()
frame = av.AudioFrame.from_ndarray(noise[None], format="fltp", layout="mono")
frame.sample_rate, frame.pts = RATE, 0
size = stream.codec_context.frame_size
cut = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=RATE, frame_size=size)
for part in [*cut.resample(frame), *cut.resample(None), None]:
    for packet in stream.encode(part):
        packet.pts += int(100 / packet.time_base)
        packet.dts = packet.pts
        out.mux(packet)
out.close()
by_mutagen = mutagen.oggopus.OggOpus("a.opus").info.length
by_soundfile = soundfile.info("a.opus").duration
file = av.open("a.opus")
by_av = file.duration / 1e6
there = sum(frame.samples for frame in file.decode(audio=0)) / 48000
print(f"mutagen {version('mutagen')}: {by_mutagen:.2f} s, PyAV {av.__version__}: {by_av:.2f} s")
print(f"soundfile {soundfile.__version__}: {by_soundfile:.2f} s; decoded: {there:.2f} s")
raise SystemExit(not (by_mutagen > 102 and by_av > 102 and abs(by_soundfile - 3) < 0.1 and abs(there - 3) < 0.1))
PY
