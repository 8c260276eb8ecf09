#!/usr/bin/env bash
# datasets 5.2.0: samples of 16 bits become a square wave in an Audio column, and bytes are thrown away where a file of their name is at hand.
#
# Guess: an array of int16 is taken for samples of 16 bits, as by datasets 3 and soundfile; of {"bytes": ..., "path": ...} the bytes count, and
# the path is a name.
# Seen: the array is cast to float32 without a division, so that whatever is not 0 is cut at full scale: a sine of int16 at a third of full scale comes back
# as 1, 0 and -1. Float samples come back to 16 bits. With from_dict, from_list and from_generator the bytes are dropped if os.path.isfile(path), which depends on
# the folder that the program runs in, and the other file is what is read; cast_column keeps the bytes. No warning. datasets 5 needs torchcodec for all of it.
# Source: Audio.encode_example in src/datasets/features/audio.py.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q datasets==5.2.0 torchcodec==0.11.1 torch==2.11.0 av==18.1.0 numpy==2.4.6 soundfile==0.14.0
cd "${dir}"
mkdir ffmpeg # torchcodec loads FFmpeg's libraries by their plain names; PyAV brings them under longer ones
for file in "${dir}"/venv/lib/python3*/site-packages/av.libs/lib{av,sw}*.so.*; do
    name=$(basename "${file}")
    major=${name#*.so.}
    ln -s "${file}" "ffmpeg/${name%%-*}.so.${major%%.*}"
done
LD_LIBRARY_PATH="${dir}/ffmpeg:$(dirname "${file}")" HF_HUB_OFFLINE=1 "${dir}/venv/bin/python" - 2>/dev/null <<'PY'
import io

import datasets
import numpy as np
import soundfile

sine = (0.3 * np.sin(np.arange(8000) * 0.3)).astype(np.float32)
columns = datasets.Features({"audio": datasets.Audio()})


def stored(made):
    """The path, the bytes."""
    row = made.cast_column("audio", datasets.Audio(decode=False))[0]["audio"]
    return row["path"], row["bytes"]


print("datasets", datasets.__version__)
seen = {}
for array in (sine, np.round(sine * 32768).astype(np.int16)):
    made = datasets.Dataset.from_dict({"audio": [{"array": array, "sampling_rate": 8000}]}, features=columns)
    read, _ = soundfile.read(io.BytesIO(stored(made)[1]), dtype="float32")
    seen[str(array.dtype)] = float(np.abs(read - sine).max()), float(np.mean(np.abs(read) > 0.99))
    print(f"{array.dtype}: off by {seen[str(array.dtype)][0]:.5f}, {seen[str(array.dtype)][1]:.1%} at full scale")

content = io.BytesIO()
soundfile.write(content, sine, 8000, format="WAV")
soundfile.write("a.wav", sine[:4000], 8000)
row = {"audio": {"bytes": content.getvalue(), "path": "a.wav"}}
for name, made in {
    "from_list": datasets.Dataset.from_list([row], features=columns),
    "cast_column": datasets.Dataset.from_list([row]).cast_column("audio", datasets.Audio()),
}.items():
    path, kept = stored(made)
    seen[name] = kept is not None, made[0]["audio"].get_all_samples().data.shape[-1]
    print(f"{name}: path {path}, bytes kept {seen[name][0]}, {seen[name][1]} samples of 8000")
raise SystemExit(
    not (seen["float32"][0] < 1e-4 and seen["int16"][1] > 0.99 and seen["int16"][0] > 0.9)
    or seen["from_list"] != (False, 4000)
    or seen["cast_column"] != (True, 8000)
)
PY
