#!/usr/bin/env bash
# espeak-ng 1.52 (espeakng-loader 0.2.4, phonemizer 3.4.0): a hyphen between numbers is a word in some languages.
#
# Guess: "20-30" is read as "twenty to thirty" or with a pause; "20–30" (en dash) likewise.
# Seen: English says "twenty dash thirty", German "zwanzig Strich dreißig", Portuguese, Ukrainian, Hungarian and Greek say
# "minus"; French, Spanish, Italian, Dutch, Polish, Russian, Swedish, Turkish, Czech say nothing. With an en dash none says
# anything. Recordings have "to", "bis", "até": the phones of such a sentence are not what is spoken in any of them.
# Source: seen in the output; the entries "-" and "_-" of dictsource/*_list of espeak-ng are not alike over the languages.
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
says = {"en-us": "dæʃ", "de": "ʃtɾɪç", "pt": "menʊs", "uk": "miːnus", "hu": "minus", "el": "mion"}
wrong = []
for voice in [*says, "fr-fr", "es", "it", "nl", "pl", "ru", "sv", "tr", "cs"]:
    hyphen, dash, bare = EspeakBackend(voice).phonemize(["20-30", "20–30", "20 30"], strip=True)
    print(f"{voice}: 20-30 is {hyphen!r}, 20–30 is {dash!r}")
    word = set(hyphen.split()) - set(bare.split())
    if word != ({says[voice]} if voice in says else set()) or dash.split() != bare.split():
        wrong.append(voice)
raise SystemExit(f"no longer so: {wrong}" if wrong else 0)
PY
