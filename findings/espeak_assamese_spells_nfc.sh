#!/usr/bin/env bash
# espeak-ng 1.52 (espeakng-loader 0.2.4, phonemizer 3.4.0): of Assamese text in NFC, words with য় are spelled letter by letter.
#
# Guess: canonically equivalent texts are read alike; NFC is the safe form.
# Seen: সময় ("time") in NFC is "donteχχɔ mɔ ontostedʒɔ bindu", the names of its letters, as য় is among the letters that NFC takes
# apart (composition exclusions: U+09DF becomes U+09AF U+09BC). With U+09DF, which no normalization form gives, it is χəmɔj.
# ড় spells its word out in both forms. In Bengali it is the other way about: NFC is right, ʃɔmɔj, and U+09DF gains a vowel.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q espeakng-loader==0.2.4 phonemizer==3.4.0
"${dir}/venv/bin/python" - <<'PY'
import unicodedata

import espeakng_loader
from phonemizer.backend import EspeakBackend
from phonemizer.backend.espeak.wrapper import EspeakWrapper

EspeakWrapper.set_library(espeakng_loader.get_library_path())
EspeakWrapper.set_data_path(espeakng_loader.get_data_path())
print("espeak-ng", ".".join(map(str, EspeakBackend.version())))


def phones(voice, text):
    read = EspeakBackend(voice).phonemize([text], strip=True)[0]
    print(f"{voice}: {text} ({' '.join(f'{ord(c):04X}' for c in text)}) is {read!r}")
    return read


whole = "\u09b8\u09ae\u09df"
apart = unicodedata.normalize("NFC", whole)
other = "\u09ac\u09be\u09dc\u09c0"
seen = {
    "NFC takes it apart": apart == "\u09b8\u09ae\u09af\u09bc",
    "as in NFC": phones("as", apart) == "donteχχɔ mɔ ontostedʒɔ bindu",
    "as whole": phones("as", whole) == "χəmɔj",
    "as U+09DC": phones("as", other).startswith("bɔ akaɾ")
    and phones("as", unicodedata.normalize("NFC", other)).startswith("bɔ akaɾ"),
    "bn": phones("bn", apart) == "ʃɔmɔj" and phones("bn", whole) == "ʃɔmɔjo",
}
wrong = [case for case, holds in seen.items() if not holds]
raise SystemExit(f"no longer so: {wrong}" if wrong else 0)
PY
