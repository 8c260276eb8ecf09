#!/usr/bin/env bash
# SentencePiece 0.2.3: a unigram model has no piece for a word that is always followed by the same word, however often it occurs.
#
# Guess: pieces are looked for within words; a word that a text has a thousand times is a piece of it, in a unigram model as in BPE.
# Seen: of 2,000 sentences "wanyama" occurs 994 times, always before "pori", and is spelled letter by letter, while "pori" and twelve words that occur as
# often are whole; vocab_size is no limit, as the model ends at 40 pieces. Two more lines in which it stands without "pori" make it a piece. Prompts that
# a hundred speakers read are the same case: eight sentences leave words in letters, a hundred times as many as well. BPE has all words whole.
# Source: MakeSeedSentencePieces in src/unigram_model_trainer.cc takes the inner nodes of the suffix tree of whole sentences, where something branches;
# what crosses a blank is thrown away after that, and what was a part of it never comes up.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q sentencepiece==0.2.3
cd "${dir}"
"${dir}/venv/bin/python" - <<'PY'
import io

import sentencepiece

words = "jambo habari karibu asante chakula maji safari rafiki simba tembo duka kitabu".split()
state = 1


def draw(below):
    """The same numbers with any Python."""
    global state
    state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
    return (state >> 33) % below


text = []
for _ in range(2000):
    sentence = [words[draw(len(words))] for _ in range(5)]
    if draw(2):
        sentence[draw(5)] = "wanyama pori"
    text.append(" ".join(sentence))
prompts = [" ".join([*words, "wanyama", "pori", "soko", "mto"][draw(16)] for _ in range(5)) for _ in range(8)]


def spelled(lines, kind):
    """The words of the text that are not one piece, and the number of pieces."""
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=out, model_type=kind, vocab_size=8000, hard_vocab_limit=False,
        minloglevel=2,
    )
    model = sentencepiece.SentencePieceProcessor(model_proto=out.getvalue())
    return sorted(w for w in {w for line in lines for w in line.split()} if len(model.encode(w)) > 1), len(model)


print("sentencepiece", sentencepiece.__version__, "- wanyama:", sum("wanyama" in line for line in text), "times")
seen = {}
for name, lines in {
    "text": text, "and alone": [*text, "wanyama", "wanyama duka"], "prompts": prompts, "prompts of 100": prompts * 100
}.items():
    for kind in ("unigram", "bpe"):
        seen[name, kind], pieces = spelled(lines, kind)
        print(f"{name}, {kind}: {pieces} pieces, in parts: {' '.join(seen[name, kind]) or '-'}")
raise SystemExit(
    seen["text", "unigram"] != ["wanyama"]
    or seen["and alone", "unigram"] != []
    or not seen["prompts", "unigram"]
    or not seen["prompts of 100", "unigram"]
    or any(parts for (_, kind), parts in seen.items() if kind == "bpe")
)
PY
