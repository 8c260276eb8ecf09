#!/usr/bin/env bash
# kaldiio 2.18.1: a vector in a text ark whose first number is written without a point is taken for integers.
#
# Guess: `[ 1 0.5 2.25 ]`, as copy-vector ark:- ark,t:- writes it, is read as three numbers of float32.
# Seen: the first number decides. With NumPy 1.26 it is int32, [1, 0, 2]; `1e-05` first makes a zero of all that is below 1, infinity
# first is -2147483648. NumPy says so in a DeprecationWarning, which Python does not show from within a library. With NumPy 2.4 it is a ValueError
# that names neither file nor key. kaldiio writes 1.0 for 1, so that its own files are read right; Kaldi writes 1. Matrices are read right
# if a point is anywhere in their first row.
# Source: read_ascii_mat in kaldiio/matio.py.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
cd "${dir}"
cat >read.py <<'PY'
import sys
from importlib.metadata import version

import kaldiio
import numpy as np


def read(text):
    with open("a.ark", "w") as out:
        out.write(text)
    try:
        (found,) = dict(kaldiio.load_ark("a.ark")).values()
    except ValueError as error:
        return str(error)[:60]
    return found.tolist()


print("kaldiio", version("kaldiio"), "NumPy", np.__version__)
old = np.__version__ < "2"
SEEN = {
    "v [ 0.5 1 2.25 ]": [0.5, 1, 2.25],
    "v [\n  1 0.5\n  0.25 3 ]": [[1, 0.5], [0.25, 3]],
    "v [ 1 0.5 2.25 ]": [1, 0, 2],
    "v [ -3 0.5 ]": [-3, 0],
    "v [ 1e-05 0.5 ]": [0, 0],
}
wrong = []
for number, (text, seen) in enumerate(SEEN.items()):
    found = read(text + "\n")
    print(f"{text!r} is {found}")
    if found != seen and (old or number < 2 or not str(found).startswith("could not convert string")):
        wrong.append(text)
raise SystemExit(f"no longer so: {wrong}" if wrong else 0)
PY
for numpy in 1.26.4 2.4.6; do
    python3 -m venv "${dir}/${numpy}"
    "${dir}/${numpy}/bin/pip" install -q kaldiio==2.18.1 "numpy==${numpy}"
    "${dir}/${numpy}/bin/python" read.py
done
