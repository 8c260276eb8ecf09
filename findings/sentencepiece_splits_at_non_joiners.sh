#!/usr/bin/env bash
# sentencepiece 0.2.3: the default normalization makes a space of the zero width non-joiner, and keeps the joiner.
#
# Guess: nmt_nfkc is NFKC and a few control characters; U+200C, which Unicode's NFKC keeps and Persian spells inside words,
# stays or, at most, is deleted.
# Seen: Persian می‌خواهم is trained, encoded and decoded as two words, می خواهم. A recognizer trained on such
# pieces cannot write the word as its transcripts do: two word errors each. U+200D, the joiner of Indic scripts, is kept;
# U+200B, U+200E and U+200F become spaces, too. Thai ำ and Lao ຳ come back as two characters (this is NFKC).
# normalization_rule_name="identity" keeps all of them.
# Source: BuildNmtNFKCMap in src/builder.cc of sentencepiece.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q sentencepiece==0.2.3
"${dir}/venv/bin/python" - <<'PY'
import io

import sentencepiece as spm

print("sentencepiece", spm.__version__)
sentences = ["من می\u200cخواهم بروم", "او می\u200cرود", "น้ำ ทำ คำ", "ນ້ຳ ຄຳ", "क\u094d\u200dष क्ष"] * 50


def train(**options):
    model = io.BytesIO()
    spm.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences),
        model_writer=model,
        vocab_size=60,
        hard_vocab_limit=False,
        character_coverage=1.0,
        minloglevel=2,
        **options,
    )
    return spm.SentencePieceProcessor(model_proto=model.getvalue())


default, identity = train(), train(normalization_rule_name="identity")
seen = {}
for text in ("می\u200cخواهم", "น้ำ", "ນ້ຳ", "क\u094d\u200dष"):
    back, same = (model.decode(model.encode(text)) for model in (default, identity))
    seen[text] = back
    print(f"{ascii(text)}: default {ascii(back)}, identity {'the same text' if same == text else ascii(same)}")
    if same != text:
        raise SystemExit("identity is no longer so")
right = ["می خواهم", "น้\u0e4d\u0e32", "ນ້\u0ecd\u0eb2", "क\u094d\u200dष"]
spaces = [code for code in range(0x200B, 0x2010) if default.normalize(f"a{chr(code)}b") == "▁a▁b"]
print("become spaces:", " ".join(f"U+{code:04X}" for code in spaces))
raise SystemExit(list(seen.values()) != right or spaces != [0x200B, 0x200C, 0x200E, 0x200F])
PY
