#!/usr/bin/env bash
# lhotse 1.33.0: what has no text is exported to Kaldi with the text None, what has no speaker with the speaker None.
#
# Guess: a supervision without text is left out of text, or has an empty one; without speaker, it is its own speaker, as Kaldi advises.
# Seen: `None`, a word to all that trains on it, and one speaker `None` of all recordings whose speakers are not known, over which
# means and transforms are then computed. Read back by load_kaldi_data_dir the text is the string "None".
# Source: export_to_kaldi in lhotse/kaldi.py. (lhotse imports urllib3, which it does not require.)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q lhotse==1.33.0 urllib3==2.8.0 torch==2.11.0 soundfile==0.14.0 numpy==2.4.6
cd "${dir}"
"${dir}/venv/bin/python" - <<'PY'
from importlib.metadata import version

import numpy as np
import soundfile
from lhotse import Recording, RecordingSet, SupervisionSegment, SupervisionSet
from lhotse.kaldi import export_to_kaldi, load_kaldi_data_dir

soundfile.write("a.wav", np.zeros(48000), 16000)
recordings = RecordingSet.from_recordings([Recording.from_file("a.wav")])
supervisions = SupervisionSet.from_segments(
    [
        SupervisionSegment(id="known", recording_id="a", start=0, duration=1, text="yes", speaker="ann"),
        SupervisionSegment(id="unknown", recording_id="a", start=1, duration=1),
    ]
)
export_to_kaldi(recordings, supervisions, "kaldi")
print("lhotse", version("lhotse"))
tables = {name: open(f"kaldi/{name}").read() for name in ("text", "utt2spk")}
for name, table in tables.items():
    print(f"{name}: {table!r}")
_, back, _ = load_kaldi_data_dir("kaldi", 16000)
texts = {supervision.id: supervision.text for supervision in back}
print("read back:", texts)
raise SystemExit(
    not (
        "unknown None\n" in tables["text"] and "unknown None\n" in tables["utt2spk"] and texts["unknown"] == "None"
    )
)
PY
