#!/usr/bin/env bash
# jiwer 4.0.0: one tab, no-break space or line end between two words makes one word of them, two make two.
#
# Guess: words are what str.split() gives; the defaults of jiwer.wer remove additional white space.
# Seen: "a<tab>b c d" against "a b c d" has a word error rate of 50 %; with two tabs, or a tab and a space, 0 %. U+00A0,
# U+3000 and a line feed are the same. RemoveMultipleSpaces turns two or more characters of \s into one space, a single one
# stays, and words are then cut at U+0020 alone.
# Source: wer_default in jiwer/transformations.py; RemoveMultipleSpaces and ReduceToListOfListOfWords in transforms.py.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q jiwer==4.0.0
"${dir}/venv/bin/python" - <<'PY'
from importlib.metadata import version

import jiwer

print("jiwer", version("jiwer"))
wrong = []
for space in ("\t", "\u00a0", "\u3000", "\n"):
    one, two = (jiwer.wer("a b c d", f"a{space * times}b c d") for times in (1, 2))
    print(f"U+{ord(space):04X} between a and b: once {one:.0%}, twice {two:.0%}; str.split() gives {f'a{space}b'.split()}")
    if (one, two) != (0.5, 0.0):
        wrong.append(space)
raise SystemExit(f"no longer so: {wrong}" if wrong else 0)
PY
