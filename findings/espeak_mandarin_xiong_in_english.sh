#!/usr/bin/env bash
# espeak-ng 1.52 (espeakng-loader 0.2.4, phonemizer 3.4.0): Mandarin 熊, 穷, 窘 are read in English, tone number and all.
#
# Guess: a voice with readings of characters knows all syllables of the language: 熊 is /ɕjʊŋ/.
# Seen: 熊 (xiong2) is "(en)kʃəŋtuː(cmn)", x-shong two; 兄 (xiong1) ends in "one"; so do all characters of qiong and jiong,
# and the traditional letter 兒 is "r five", while 儿 and 用 (yong4) are right. The Cantonese voice reads 熊.
# The voice turns characters into pinyin with a number, and has no rule for these three syllables; what it cannot read in
# Latin letters it gives to English. With language flags removed, as is usual, the labels are English without a sign.
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
    "熊 xiong2": phones("cmn", "熊") == "(en)kʃəŋtuː(cmn)",
    "兄 xiong1": phones("cmn", "兄") == "(en)kʃəŋwɒn(cmn)",
    "穷 qiong2": phones("cmn", "穷") == "(en)kɪəŋtuː(cmn)",
    "窘 jiong3": phones("cmn", "窘") == "(en)dʒɪəŋθɹiː(cmn)",
    "兒 and 儿": phones("cmn", "兒") == "(en)rfaɪv(cmn)" and phones("cmn", "儿") == "ərɜ",
    "用 yong4": phones("cmn", "用") == "jonɡ5",
    "熊 in Cantonese": phones("yue", "熊") == "hunɡ4",
}
wrong = [case for case, holds in seen.items() if not holds]
raise SystemExit(f"no longer so: {wrong}" if wrong else 0)
PY
