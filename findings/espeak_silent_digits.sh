#!/usr/bin/env bash
# espeak-ng 1.52 (espeakng-loader 0.2.4, phonemizer 3.4.0): which digits a voice can read depends on the voice, and the
# others are silent, the digits in which the language is written among them.
#
# Guess: digits of any script are numbers; a voice reads those of its own language at least.
# Seen: Urdu and Sindhi read 25 and the Arabic ٢٥ but say nothing at all for ۲۵, the digits that both languages use;
# Sorani's digits ٢٥ are silent for Kurdish, and ٢٥ for Uyghur; Persian reads ۱۰۰۰ as a thousand and ۱٬۰۰۰, with the
# separator of Unicode for it (U+066C), as "one comma zero zero zero"; Nepali reads its own digits and says 25 in English.
# Hindi, Marathi, Bengali, Tamil, Telugu, Thai, Burmese read both. No error and no warning: a word has no phones.
# Source: dictsource/fa_list of espeak-ng has entries for ۰ to ۹, ur_list and sd_list for _0 to _9 only.
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


def phones(voice, text):
    return EspeakBackend(voice).phonemize([text], strip=True)[0]


print("espeak-ng", ".".join(map(str, EspeakBackend.version())))
wrong = []
silent = {"ur": "۲۵", "sd": "۲۵", "ku": "٢٥", "ug": "٢٥"}
for voice, digits in silent.items():
    ascii_digits, own = phones(voice, "25"), phones(voice, digits)
    print(f"{voice}: 25 is {ascii_digits!r}, {digits} is {own!r}")
    if not ascii_digits or own:
        wrong.append(voice)
for voice, digits in {"hi": "२५", "mr": "२५", "bn": "২৫", "ta": "௨௫", "te": "౨౫", "th": "๒๕", "my": "၂၅", "fa": "۲۵"}.items():
    if phones(voice, "25") != phones(voice, digits):
        wrong.append(voice)
plain, separated = phones("fa", "۱۰۰۰"), phones("fa", "۱٬۰۰۰")
print(f"fa: ۱۰۰۰ is {plain!r}, ۱٬۰۰۰ is {separated!r}")
if "sefr" in plain or separated.count("sefr") != 3:
    wrong.append("fa, U+066C")
nepali = phones("ne", "25")
print(f"ne: २५ is {phones('ne', '२५')!r}, 25 is {nepali!r}")
if "twɛnti" not in nepali:
    wrong.append("ne")
raise SystemExit(f"no longer so: {wrong}" if wrong else 0)
PY
