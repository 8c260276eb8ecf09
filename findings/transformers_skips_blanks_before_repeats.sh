#!/usr/bin/env bash
# transformers 5.23.0: Wav2Vec2CTCTokenizer.decode(ids, skip_special_tokens=True) merges double letters.
#
# Guess: skip_special_tokens=True, the habit from other tokenizers, leaves <s> and <unk> out of the text; the rules of CTC
# (merge repeats, then drop blanks) are kept.
# Seen: h e l <pad> l o is "hello", and with skip_special_tokens=True it is "helo". The blank is the padding token, that is a
# special token, and it is removed before repeats are merged. Every double letter of every transcript is lost, quietly.
# Source: _decode in models/wav2vec2/tokenization_wav2vec2.py: filters special tokens, then convert_tokens_to_string.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q transformers==5.23.0
cd "${dir}"
"${dir}/venv/bin/python" - <<'PY'
import json

import transformers

with open("vocab.json", "w") as file:
    json.dump({token: i for i, token in enumerate(["<pad>", "<s>", "</s>", "<unk>", "|", "h", "e", "l", "o"])}, file)
tokenizer = transformers.Wav2Vec2CTCTokenizer("vocab.json")
ids = [5, 5, 6, 0, 7, 7, 0, 7, 8, 0]
print("transformers", transformers.__version__)
print("frames:", " ".join(tokenizer.convert_ids_to_tokens(ids)))
plain = tokenizer.decode(ids)
skipped = tokenizer.decode(ids, skip_special_tokens=True)
batch = tokenizer.batch_decode([ids], skip_special_tokens=True)
print(f"decode {plain!r}, with skip_special_tokens=True {skipped!r}, batch_decode likewise {batch}")
raise SystemExit((plain, skipped, batch) != ("hello", "helo", ["helo"]))
PY
