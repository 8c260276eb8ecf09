#!/usr/bin/env bash
# KenLM 0.3.0, flashlight-text 0.0.7: an ARPA file in which words are there twice is loaded silently, and each structure takes others of the two.
#
# Guess: a word or an n-gram that is there twice, as where the words of an ARPA file were lower-cased or brought to NFC afterwards, is an error.
# Seen: no error and no warning. The text file and probing tables take the first of two. A trie takes the last of two bigrams, with its back-off, and of two
# unigrams the first for some words and the last for others, as their hashes fall: of 60 words, all with the
# probable entry first, 30 score one power of ten less than in the other structures. Files of one n-gram model then differ by how they were packed, by a whole unit of log10 a word.
# Source: lm/search_hashed.cc inserts into tables without looking whether a key is there; lm/search_trie.cc and lm/vocab.cc sort (by a hash of the word).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q flashlight-text==0.0.7 numpy==2.4.6
cd "${dir}"
"${dir}/venv/bin/pip" download -q --no-deps --no-binary kenlm kenlm==0.3.0 # the source of the same version
tar xzf kenlm-0.3.0.tar.gz
cd kenlm-0.3.0
sources=()
for file in util/*.cc util/double-conversion/*.cc lm/*.cc; do
    [[ "${file}" == *main.cc || "${file}" == *test.cc ]] || sources+=("${file}")
done
c++ -O1 -w -std=c++11 -DNDEBUG -DKENLM_MAX_ORDER=6 -I. lm/build_binary_main.cc "${sources[@]}" -lpthread -o ../build_binary
cd "${dir}"
"${dir}/venv/bin/python" - 2>/dev/null <<'PY'
import subprocess

from flashlight.lib.text.decoder.kenlm import KenLM
from flashlight.lib.text.dictionary import Dictionary

words = [f"v{number}" for number in range(60)]
marks = ["-2\t<unk>", "-99\t<s>\t-0.5", "-1\t</s>"]
unigrams = [f"{first - number / 100:.2f}\t{word}\t-0.1" for first in (-1, -2) for number, word in enumerate(words)]
bigrams = ["-0.9\tv1 v2", "-0.3\tv1 v2"]
once = [f"{-1 - number / 100:.2f}\t{word}\t-0.1" for number, word in enumerate(words)]


def structures(name, unigrams, bigrams):
    """Files of one model: as text, as probing tables, as a trie."""
    with open(name, "w") as file:
        file.write(f"\\data\\\nngram 1={len(unigrams)}\nngram 2={len(bigrams)}\n\n\\1-grams:\n")
        file.write("\n".join(unigrams) + "\n\n\\2-grams:\n" + "\n".join(bigrams) + "\n\n\\end\\\n")
    for kind in ("probing", "trie"):
        subprocess.run(["./build_binary", kind, name, f"{name}.{kind}"], check=True, capture_output=True)
    return {"text": name, "probing": f"{name}.probing", "trie": f"{name}.trie"}


def scores(file, sentences):
    """The last words' log10, no sentence mark in front."""
    dictionary = Dictionary(words)
    model, found = KenLM(file, dictionary), []
    for sentence in sentences:
        state = model.start(True)
        for word in sentence.split():
            state, score = model.score(state, dictionary.get_index(word))
        found.append(round(score, 2))
    return found


seen = {}
for kind, file in structures("twice.arpa", marks + unigrams, ["-0.3\tv1 v3"]).items():
    seen["words", kind] = sum(score < -1.995 for score in scores(file, words))
    print(f"60 words twice, -1 and more first, {kind}: {seen['words', kind]} have the second")
for kind, file in structures("bigram.arpa", marks + once, bigrams).items():
    (seen["bigram", kind],) = scores(file, ["v1 v2"])
    print(f"v1 v2 twice, -0.9 first, {kind}: {seen['bigram', kind]}")
bigram = {kind: seen["bigram", kind] for kind in ("text", "probing", "trie")}
raise SystemExit(
    bigram != {"text": -0.9, "probing": -0.9, "trie": -0.3}
    or seen["words", "text"] or seen["words", "probing"] or not 10 < seen["words", "trie"] < 50
)
PY
