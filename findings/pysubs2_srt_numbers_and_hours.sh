#!/usr/bin/env bash
# pysubs2 1.8.1, srt 3.5.3: the last line of an SRT file is lost if it is a number; hours and decimals are two things to two readers.
#
# Guess: a caption of the lines *born in* and *1945* has both, also when it is the last one; 100 hours are 100 hours; `00:00:02.5` is half past.
# Seen: pysubs2 takes the number that ends the file for that of a caption to come: *born in*. Of the hours it reads two digits: 100:00:01 is
# at 0:00:01, the beginning of a long recording's text. srt keeps both, and takes `2.5` for 2 s and 5 ms where pysubs2 has 2.5 s.
# No warning, no error.
# Source: TIMESTAMP and from_file in pysubs2/formats/subrip.py; srt.py.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q pysubs2==1.8.1 srt==3.5.3
cd "${dir}"
"${dir}/venv/bin/python" - <<'PY'
from importlib.metadata import version

import pysubs2
import srt

print("pysubs2", version("pysubs2"), "srt", version("srt"))


def both(text):
    events = pysubs2.SSAFile.from_string(text, format_="srt")
    mine = [(event.start / 1000, event.end / 1000, event.plaintext) for event in events]
    other = [(row.start.total_seconds(), row.end.total_seconds(), row.content) for row in srt.parse(text)]
    print(f"{text!r}\n  pysubs2 {mine}\n  srt     {other}")
    return mine, other


times = "00:00:01,000 --> 00:00:02,000"
seen = {
    "inner": both(f"1\n{times}\nborn in\n1945\n\n2\n00:00:03,000 --> 00:00:04,000\nin May\n")[0][0][2] == "born in\n1945",
    "last": both(f"1\n{times}\nborn in\n1945\n") == ([(1, 2, "born in")], [(1, 2, "born in\n1945")]),
    "hours": both("1\n100:00:01,000 --> 100:00:02,000\nlate\n") == ([(1, 2, "late")], [(360001, 360002, "late")]),
    "decimals": both("1\n00:00:01.000 --> 00:00:02.5\nhalf\n") == ([(1, 2.5, "half")], [(1, 2.005, "half")]),
}
wrong = [case for case, holds in seen.items() if not holds]
raise SystemExit(f"no longer so: {wrong}" if wrong else 0)
PY
