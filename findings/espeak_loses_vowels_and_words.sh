#!/usr/bin/env bash
# espeak-ng 1.52 (espeakng-loader 0.2.4, phonemizer 3.4.0): letters inside words are dropped, or named, without a sign.
#
# Guess: a letter that a voice does not know is named or announced ("Chinese letter"), as others are; common words are right.
# Seen: Hindi and Marathi ॲप ("app", U+0972) is "pʌ": the first vowel is lost, while ऍप, the older spelling, and मॅप are
# right, and ॲ alone is spelled out. Japanese 戻る reads as る: kanji are passed over, there is no reading and no word
# for them. Greek ό,τι ("whatever", a comma within the word) begins with the name of its letter: "omikron tonos".
# Bengali ৎ, by contrast, which has a name when alone, is right in words (হঠাৎ).
# Source: dictsource/hi_rules of espeak-ng has a rule for ऍ (U+090D) and none for ॲ.
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
    "hi ॲप": phones("hi", "ॲप") == "pʌ" and phones("hi", "ऍप") == "ɛp",
    "mr ॲप": phones("mr", "ॲप") == "pʌ" and phones("mr", "ऍप") == "ɛp",
    "ja 戻る": phones("ja", "戻る") == phones("ja", "る") and len(phones("ja", "もどる")) > 5,
    "el ό,τι": phones("el", "ό,τι").startswith("omikron") and phones("el", "ότι") == "oti",
    "bn হঠাৎ": phones("bn", "হঠাৎ") == "hɔʈʰat",
}
wrong = [case for case, holds in seen.items() if not holds]
raise SystemExit(f"no longer so: {wrong}" if wrong else 0)
PY
