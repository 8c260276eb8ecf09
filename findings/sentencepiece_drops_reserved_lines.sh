#!/usr/bin/env bash
# sentencepiece 0.2.3: a training line that holds U+2585 is left out whole.
#
# Guess: the character becomes unknown, or a piece as any other; the line is trained on.
# Seen: U+2585, a block element (in progress bars, music, subtitles), is the trainer's own mark for unknown characters, and
# the whole line is dropped. The log has one line of information for each, no count and nothing at
# minloglevel 1; letters that only these lines hold are no pieces. U+2581 does not have this effect.
# Source: LoadSentences in src/trainer_interface.cc of sentencepiece.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q sentencepiece==0.2.3
cd "${dir}"
"${dir}/venv/bin/python" - <<'PY' 2>log
import io

import sentencepiece as spm

print("sentencepiece", spm.__version__)
wrong = []
for character in "\u2585\u2581\u2584":
    model = io.BytesIO()
    spm.SentencePieceTrainer.train(
        sentence_iterator=iter(["abc def"] * 50 + [f"xyz {character} q"] * 50),
        model_writer=model,
        vocab_size=30,
        hard_vocab_limit=False,
        character_coverage=1.0,
        minloglevel=1,
    )
    trained = spm.SentencePieceProcessor(model_proto=model.getvalue())
    pieces = "".join(trained.id_to_piece(i) for i in range(trained.get_piece_size()))
    print(f"U+{ord(character):04X} in half of the lines: letters of the others {'are' if 'z' in pieces else 'are not'} pieces")
    if ("z" in pieces) != (character != "\u2585"):
        wrong.append(character)
raise SystemExit(f"no longer so: {wrong}" if wrong else 0)
PY
echo "lines of the log at minloglevel 1 that speak of it: $(grep -c -i reserved log || true)"
! grep -q -i reserved log
