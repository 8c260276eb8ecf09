#!/usr/bin/env bash
# phonemizer 3.4.0 (espeak-ng 1.52 of espeakng-loader 0.2.4): punctuation that is part of a word never reaches espeak.
#
# Guess: phonemizer with its defaults gives what espeak says, only without punctuation. It keeps the point of "3.5", after all.
# Seen: the text is cut at every point and colon that has no digit after it, or that a colon is, before espeak gets it.
# German "am 3. mai" becomes "am drei mai", which espeak itself reads as "am dritte mai"; Swedish "3:e" becomes "tre e"
# (espeak: "tredje"); "e.g." is spelled out (espeak: "for example"). preserve_punctuation=True is no different.
# Source: Punctuation.remove and .preserve in phonemizer/punctuation.py.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q espeakng-loader==0.2.4 phonemizer==3.4.0
"${dir}/venv/bin/python" - <<'PY'
import espeakng_loader
from phonemizer.backend import EspeakBackend
from phonemizer.backend.espeak.wrapper import EspeakWrapper

EspeakWrapper.set_library(espeakng_loader.get_library_path())
EspeakWrapper.set_data_path(espeakng_loader.get_data_path())
print("espeak-ng", ".".join(map(str, EspeakBackend.version())))
espeak = EspeakWrapper()
stress = str.maketrans("", "", "_ˈˌ")
wrong = []
for voice, text, differs in [
    ("de", "am 3. mai", True),
    ("nb", "3. mai", True),
    ("sv", "3:e", True),
    ("en-us", "e.g. this", True),
    ("en-us", "3.5", False),
    ("en-us", "1,000", False),
]:
    espeak.set_voice(voice)
    alone = espeak.text_to_phonemes(text).translate(stress).split()
    kept = []
    for preserve in (False, True):
        phones = EspeakBackend(voice, preserve_punctuation=preserve).phonemize([text], strip=True)[0]
        kept.append(phones.replace(".", "").replace(":e", " e").split())
    print(f"{voice}: {text!r}: espeak {' '.join(alone)!r}, phonemizer {' '.join(kept[0])!r}, preserving {' '.join(kept[1])!r}")
    if (alone != kept[0]) != differs or (alone != kept[1]) != differs:
        wrong.append(text)
raise SystemExit(f"no longer so: {wrong}" if wrong else 0)
PY
