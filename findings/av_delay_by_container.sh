#!/usr/bin/env bash
# PyAV 18.1.0 (its FFmpeg): the same codec is 0 or 64 ms late, by the container that it is in.
#
# Guess: what is at 1 s of a recording is at 1 s of what is decoded, in any container; encoders' delay is taken off.
# Seen, a click at 1 s of 16 kHz: AAC in MP4, 3GP and Matroska at 1 s; in ADTS (.aac) and MPEG-TS 64 ms later, of which no field tells. MP3 in
# .mp3, MP4 and Matroska at 1 s, in WAV and AVI 69 ms later. Opus in Ogg and WebM at 1 s, in MPEG-TS 6.5 ms later. Frames' times start with
# 0 in all of these but .mp3. AAC has room for the delay in an edit list only, MP3 in a Xing header, which WAV and AVI leave out. Texts
# aligned to one and cut from the other are shifted by three frames of wav2vec 2.0.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q av==18.1.0 numpy==2.4.6
cd "${dir}"
"${dir}/venv/bin/python" - <<'PY'
import io

import av
import numpy as np

RATE, LENGTH = 16000, 160
TONE = np.sin(2 * np.pi * 1000 * np.arange(LENGTH) / RATE) * np.hanning(LENGTH)


def encoded(codec, container):
    file = io.BytesIO()
    out = av.open(file, "w", format=container)
    stream = out.add_stream(codec, rate=RATE, layout="mono")
    stream.codec_context.open()
    samples = np.zeros(3 * RATE, np.float32)
    samples[RATE : RATE + LENGTH] = 0.8 * TONE
    frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
    frame.sample_rate, frame.pts = RATE, 0
    size = stream.codec_context.frame_size
    cut = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=RATE, frame_size=size)
    for part in [*cut.resample(frame), *cut.resample(None), None]:
        for packet in stream.encode(part):
            out.mux(packet)
    out.close()
    return file.getvalue()


def late(data):
    file = av.open(io.BytesIO(data))
    to_mono = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    frames = [part for frame in file.decode(audio=0) for part in to_mono.resample(frame)]
    samples = np.concatenate([part.to_ndarray()[0] for part in frames + to_mono.resample(None)])
    return 1000 * (np.argmax(np.abs(np.correlate(samples, TONE))) / RATE - 1)


SEEN = {
    ("aac", "mp4"): 0, ("aac", "3gp"): 0, ("aac", "matroska"): 0, ("aac", "adts"): 64, ("aac", "mpegts"): 64,
    ("libmp3lame", "mp3"): 0, ("libmp3lame", "mp4"): 0, ("libmp3lame", "matroska"): 0,
    ("libmp3lame", "wav"): 69, ("libmp3lame", "avi"): 69,
    ("libopus", "ogg"): 0, ("libopus", "webm"): 0, ("libopus", "mpegts"): 6.5,
}
print("PyAV", av.__version__)
wrong = []
for (codec, container), seen in SEEN.items():
    found = late(encoded(codec, container))
    print(f"{codec} in {container}: {found:+.1f} ms")
    if abs(found - seen) > 0.6:
        wrong.append((codec, container))
raise SystemExit(f"no longer so: {wrong}" if wrong else 0)
PY
