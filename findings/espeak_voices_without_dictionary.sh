#!/usr/bin/env bash
# espeakng-loader 0.2.4 (espeak-ng 1.52): voices are offered for languages whose dictionary is not in the package.
#
# Guess: a language that phonemizer lists can be phonemized; a missing dictionary is an error.
# Seen: Faroese (fo), Karakalpak (kaa) and xex are listed, the voice is set, and every text becomes the empty string. A line
# on the standard error of the process, printed by the C library, is the only sign: no exception, no warning of Python.
# Source: voices are files of espeak-ng-data/lang, dictionaries are espeak-ng-data/*_dict; the package has the former only.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q espeakng-loader==0.2.4 phonemizer==3.4.0
"${dir}/venv/bin/python" - <<'PY'
from pathlib import Path

import espeakng_loader
from phonemizer.backend import EspeakBackend
from phonemizer.backend.espeak.wrapper import EspeakWrapper

EspeakWrapper.set_library(espeakng_loader.get_library_path())
EspeakWrapper.set_data_path(espeakng_loader.get_data_path())
data = Path(espeakng_loader.get_data_path())
print("espeak-ng", ".".join(map(str, EspeakBackend.version())))
wrong = []
for voice, text in {"fo": "góðan dag", "kaa": "sálem", "xex": "abc", "is": "góðan dag"}.items():
    listed = voice in EspeakBackend.supported_languages()
    dictionary = (data / f"{voice}_dict").exists()
    read = EspeakBackend(voice).phonemize([text], strip=True)[0]
    print(f"{voice}: listed {listed}, dictionary {dictionary}, {text!r} is {read!r}")
    if not listed or dictionary != (voice == "is") or bool(read) != dictionary:
        wrong.append(voice)
raise SystemExit(f"no longer so: {wrong}" if wrong else 0)
PY
