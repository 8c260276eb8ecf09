#!/usr/bin/env bash
# pysubs2 1.8.1: WebVTT comments become text of the caption before, and entities stay as they are written.
#
# Guess: a NOTE block, which is a comment, is left out; "&lt;b&gt; &amp;" reads as "<b> &"; times within a caption, as of
# karaoke, leave no trace in `plaintext`; text with "{x}" survives being written as SRT.
# Seen: the comment is two more lines of the caption before it; entities stay; "<00:00:01.000>" stays in plaintext; "{x}" is
# gone, as SubStation's override tags are. The speaker of "<v Anna>" is dropped, too.
# Source: pysubs2 reads WebVTT with its parser of SRT and other time stamps (pysubs2/formats/webvtt.py).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q pysubs2==1.8.1
"${dir}/venv/bin/python" - <<'PY'
import pysubs2

FILE = """WEBVTT

00:01.500 --> 00:02.000
<v Anna>Hello &lt;b&gt; you &amp; me</v>

NOTE to be checked

01:00:03.000 --> 01:00:04.000
<00:00:01.000>timed <c>x</c>
"""
read = pysubs2.SSAFile.from_string(FILE)
for event in read:
    print(event.start, event.end, repr(event.plaintext), repr(event.name))
made = pysubs2.SSAFile()
made.append(pysubs2.SSAEvent(0, 999, "a {x} b"))
print(repr(made.to_string("srt")))
seen = {
    "comment": read[0].plaintext.endswith("NOTE to be checked"),
    "entities": "&lt;b&gt; you &amp; me" in read[0].plaintext,
    "times": read[1].plaintext.startswith("<00:00:01.000>"),
    "speaker": not read[0].name,
    "braces": "{x}" not in made.to_string("srt"),
}
wrong = [case for case, holds in seen.items() if not holds]
raise SystemExit(f"no longer so: {wrong}" if wrong else 0)
PY
