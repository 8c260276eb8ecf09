#!/usr/bin/env bash
# num2words 0.5.14: to="ordinal" gives the cardinal in languages that have ordinals, and says nothing.
#
# Guess: where a language has no ordinals in the package, NotImplementedError, as Czech, Latvian, Icelandic do.
# Seen: Thai, Vietnamese and Bengali return the cardinal: หนึ่ง for ที่หนึ่ง, một for thứ nhất, এক for প্রথম. A text
# normalized with it reads "the one chapter". Amharic cannot say 1,100 at all: TypeError.
# Source: to_ordinal in num2words/lang_TH.py, lang_VI.py, lang_BN.py returns to_cardinal.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q num2words==0.5.14
"${dir}/venv/bin/python" - <<'PY'
from importlib.metadata import version

from num2words import num2words

print("num2words", version("num2words"))
wrong = []
for lang in ("th", "vi", "bn"):
    pairs = [(num2words(n, lang=lang), num2words(n, lang=lang, to="ordinal")) for n in (1, 3, 21)]
    print(f"{lang}: 1, 3, 21 as cardinal and ordinal: {pairs}")
    if any(cardinal != ordinal for cardinal, ordinal in pairs):
        wrong.append(lang)
for lang in ("cs", "lv", "is"):
    try:
        wrong.append((lang, num2words(3, lang=lang, to="ordinal")))
    except NotImplementedError:
        print(f"{lang}: NotImplementedError")
try:
    wrong.append(("am", num2words(1100, lang="am")))
except TypeError as error:
    print(f"am, 1100: TypeError: {error}")
raise SystemExit(f"no longer so: {wrong}" if wrong else 0)
PY
