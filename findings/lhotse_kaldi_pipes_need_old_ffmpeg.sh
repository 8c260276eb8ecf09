#!/usr/bin/env bash
# lhotse 1.33.0: the commands in an exported wav.scp do not run with FFmpeg 7 and later.
#
# Guess: wav.scp of export_to_kaldi, for MP3 or for two channels, holds commands that the FFmpeg of today runs.
# Seen: `ffmpeg ... -map_channel 0.0.0 ...`: "Unrecognized option 'map_channel'". FFmpeg has warned of it since 5.1 and taken it out in 7.0;
# `-af pan=mono|c0=c1` is what is left. load_kaldi_data_dir reads such a folder without running the commands, so that it is found out by
# what reads the audio.
# Source: export_to_kaldi in lhotse/kaldi.py. (lhotse imports urllib3, which it does not require.)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q lhotse==1.33.0 urllib3==2.8.0 torch==2.11.0 soundfile==0.14.0 numpy==2.4.6 imageio-ffmpeg==0.8.1
cd "${dir}"
"${dir}/venv/bin/python" - <<'PY'
import shlex
import subprocess
from importlib.metadata import version

import imageio_ffmpeg
import numpy as np
import soundfile
from lhotse import Recording, RecordingSet, SupervisionSegment, SupervisionSet
from lhotse.kaldi import export_to_kaldi

soundfile.write("a.wav", np.zeros((48000, 2)), 16000)
recordings = RecordingSet.from_recordings([Recording.from_file("a.wav")])
supervisions = SupervisionSet.from_segments(
    [SupervisionSegment(id="x", recording_id="a", start=0, duration=1, channel=1, text="yes", speaker="ann")]
)
export_to_kaldi(recordings, supervisions, "kaldi")
*_, line = open("kaldi/wav.scp").read().splitlines()
command = shlex.split(line.rstrip("|"))[1:]
print("lhotse", version("lhotse"), "-", line)
assert command[0] == "ffmpeg"
ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
ran = subprocess.run([ffmpeg, *command[1:]], stdin=subprocess.DEVNULL, capture_output=True)
said = ran.stderr.decode()
print(said.splitlines()[0], "- exit", ran.returncode)
print([row for row in said.splitlines() if "map_channel" in row])
raise SystemExit(not (ran.returncode != 0 and "Unrecognized option 'map_channel'" in said and not ran.stdout))
PY
