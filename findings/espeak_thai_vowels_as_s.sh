#!/usr/bin/env bash
# espeak-ng 1.52 (espeakng-loader 0.2.4, phonemizer 3.4.0): its Thai and Burmese voices read the commonest vowel as a consonant.
#
# Guess: a voice that is listed reads the letters of its language: มา is /maː/, three tone marks are three tones.
# Seen: Thai มา is "ma2s" and ค่า, ค้า and ข่า are all "kh s": า is "s", and the marks are alike. Burmese ကာ is "kts", မြန်မာ ("Myanmar")
# "mrn mts". ไทย ("Thai"), whose vowel stands before the consonant, is "ai2tha2j". Nothing is announced, no flag is set.
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


def phones(voice, text):
    read = EspeakBackend(voice).phonemize([text], strip=True)[0]
    print(f"{voice}: {text} is {read!r}")
    return read


seen = {
    "th า": phones("th", "า") == "s" and phones("th", "มา") == "ma2s",
    "th tones": {phones("th", text) for text in ("ค่า", "ค้า", "ข่า")} == {"kh s"},
    "th ไทย": phones("th", "ไทย") == "ai2tha2j",
    "my ာ": phones("my", "ာ") == "ts" and phones("my", "ကာ") == "kts",
    "my မြန်မာ": phones("my", "မြန်မာ") == "mrn mts",
}
wrong = [case for case, holds in seen.items() if not holds]
raise SystemExit(f"no longer so: {wrong}" if wrong else 0)
PY
