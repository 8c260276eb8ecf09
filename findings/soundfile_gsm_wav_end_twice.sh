#!/usr/bin/env bash
# soundfile 0.14.0 (libsndfile 1.2.2), PyAV 18.1.0: a WAV file of GSM 6.10 with an odd number of blocks ends in 40 ms that nobody said.
#
# Guess: a block of GSM is 65 bytes for 320 samples in any program; a file of 25 blocks is 8,000 samples, as its chunk "fact" says.
# Seen: soundfile reads 8,320 of a file of 8,000 that it wrote itself: 65 x 25 is odd, the byte that RIFF pads with counts as a block, and what comes for it
# is a loud piece of sound (the last block's state goes on). PyAV reads 8,000. sox 14.4.2 counts the byte into the data chunk; of such a file
# soundfile reads 8,320, too, and PyAV decodes 8,000 and then raises InvalidDataError. Of an even number of blocks all agree.
# Source: gsm610_init in src/gsm610.c of libsndfile: one more block for any bytes that are left; "fact" is not looked at.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q av==18.1.0 numpy==2.4.6 soundfile==0.14.0
cd "${dir}"
"${dir}/venv/bin/python" - <<'PY'
import struct

import av
import numpy as np
import soundfile


def by_ffmpeg(file):
    """Samples, and what stopped it."""
    parts = []
    try:
        with av.open(file) as container:
            for frame in container.decode(audio=0):
                parts.append(frame.to_ndarray()[0])
    except av.error.InvalidDataError as error:
        return sum(map(len, parts)), type(error).__name__
    return sum(map(len, parts)), ""


print(f"soundfile {soundfile.__version__}, {soundfile.__libsndfile_version__}, PyAV {av.__version__}")
seen = {}
for blocks in (25, 26):
    samples = (8000 * np.sin(np.arange(320 * blocks) * 0.3)).astype(np.int16)
    soundfile.write("ours.wav", samples, 8000, subtype="GSM610")
    content = bytearray(open("ours.wav", "rb").read())
    at = content.index(b"data") + 4
    (size,) = struct.unpack_from("<I", content, at)
    assert size == 65 * blocks and struct.unpack_from("<I", content, content.index(b"fact") + 8)[0] == 320 * blocks
    struct.pack_into("<I", content, at, size + size % 2)  # as sox writes it
    open("sox.wav", "wb").write(content)
    for file in ("ours.wav", "sox.wav"):
        read = soundfile.read(file, dtype="int16")[0]
        rest = int(np.abs(read[len(samples) :].astype(int)).max(initial=0))
        seen[blocks, file] = len(read), rest > 8000, *by_ffmpeg(file)
        print(f"{blocks} blocks, {file}: soundfile {len(read)} samples, the rest up to {rest}; PyAV {seen[blocks, file][2:]}")
expected = {
    (25, "ours.wav"): (8320, True, 8000, ""),
    (25, "sox.wav"): (8320, True, 8000, "InvalidDataError"),
    (26, "ours.wav"): (8320, False, 8320, ""),
    (26, "sox.wav"): (8320, False, 8320, ""),
}
raise SystemExit(seen != expected)
PY
