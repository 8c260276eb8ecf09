#!/usr/bin/env bash
# soundfile 0.14.0 (libsndfile 1.2.2), PyAV 18.1.0: the same samples have several G.711 encodings.
#
# Guess: G.711 is a table of 8,159 or 4,096 steps; every encoder takes the same code for the same 16-bit sample.
# Seen: soundfile writes 254 of the 65,536 sample values to another mu-law code if they come as float64 (x / 32768) than
# if they come as int16, and 1,778 to another A-law code. FFmpeg's encoders differ from libsndfile's of int16 at 851 and
# 849. Decoders agree on all codes, to the last bit. So coded files of the same recording differ by who wrote them, and
# their checksums tell nothing about the recordings.
# Source: src/ulaw.c and alaw.c of libsndfile and pcm.c of libavcodec, each with tables of its own.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q av==18.1.0 numpy==2.4.6 soundfile==0.14.0
cd "${dir}"
"${dir}/venv/bin/python" - <<'PY'
import av
import numpy as np
import soundfile

samples = np.arange(-32768, 32768).astype(np.int16)


def codes(file):
    """The bytes of the data chunk: one a sample."""
    content = open(file, "rb").read()
    start = content.index(b"data") + 8
    return np.frombuffer(content[start : start + len(samples)], np.uint8)


def by_ffmpeg(codec):
    encoder = av.CodecContext.create(codec, "w")
    encoder.sample_rate, encoder.layout, encoder.format = 8000, "mono", "s16"
    frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
    frame.sample_rate = 8000
    return np.frombuffer(b"".join(bytes(p) for p in [*encoder.encode(frame), *encoder.encode(None)]), np.uint8)


print(f"soundfile {soundfile.__version__}, {soundfile.__libsndfile_version__}, PyAV {av.__version__}")
seen = []
for subtype, codec in (("ULAW", "pcm_mulaw"), ("ALAW", "pcm_alaw")):
    soundfile.write("float.wav", samples / 32768, 8000, subtype=subtype)
    soundfile.write("int.wav", samples, 8000, subtype=subtype)
    ours, floats, theirs = codes("int.wav"), codes("float.wav"), by_ffmpeg(codec)
    with av.open("int.wav") as container:
        decoded = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    same = (decoded == soundfile.read("int.wav", dtype="int16")[0]).all()
    seen.append((int((ours != floats).sum()), int((ours != theirs).sum()), bool(same)))
    print(f"{subtype}: float against int16 {seen[-1][0]} codes, FFmpeg against int16 {seen[-1][1]}, decoded alike {same}")
raise SystemExit(seen != [(254, 851, True), (1778, 849, True)])
PY
