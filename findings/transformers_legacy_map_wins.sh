#!/usr/bin/env bash
# transformers 5.23.0: special_tokens_map.json, a legacy file, decides over tokenizer_config.json what the CTC blank is.
#
# Guess: tokenizer_config.json, the file of today, decides; special_tokens_map.json is read if that says nothing.
# Seen: if the two name different pad tokens, the older file is believed without a warning, whichever of them is right.
# The pad token is the blank of CTC: its ids become letters, and what is no blank vanishes. A config saved by this version,
# which lists its added tokens, decides for itself; one written by an older version or by hand does not.
# Source: _from_pretrained in tokenization_utils_base.py merges special_tokens_map.json where there is no
# added_tokens_decoder.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q transformers==5.23.0
cd "${dir}"
"${dir}/venv/bin/python" - <<'PY'
import json
from pathlib import Path

import transformers
from transformers import Wav2Vec2CTCTokenizer

folder = Path("model")
folder.mkdir()
tokens = ["[B]", "<s>", "</s>", "<unk>", "|", "a", "b", "<pad>"]
(folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
ids = [5, 0, 5, 6]


def read(config, legacy):
    names = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>", "pad_token": config}
    (folder / "tokenizer_config.json").write_text(json.dumps(names | {"tokenizer_class": "Wav2Vec2CTCTokenizer"}))
    (folder / "special_tokens_map.json").unlink(missing_ok=True)
    if legacy:
        (folder / "special_tokens_map.json").write_text(json.dumps({"pad_token": legacy}))
    tokenizer = Wav2Vec2CTCTokenizer.from_pretrained(folder)
    print(f"config {config}, map {legacy}: pad token {tokenizer.pad_token}, a [B] a b is {tokenizer.decode(ids)!r}")
    return tokenizer.pad_token


print("transformers", transformers.__version__)
seen = read("[B]", None), read("[B]", "<pad>"), read("<pad>", "[B]")
raise SystemExit(seen != ("[B]", "<pad>", "[B]"))
PY
