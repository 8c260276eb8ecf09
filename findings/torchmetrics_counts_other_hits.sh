#!/usr/bin/env bash
# torchmetrics 1.9.0: match error rate and word information lost are not those of jiwer, nor of their definition.
#
# Guess: MER is (S + D + I) / (H + S + D + I) and WIL is 1 - H * H / (N1 * N2), in torchmetrics as in jiwer.
# Seen: where words are deleted and others inserted, torchmetrics is higher: "a b c d" for "b c d e" has 3 hits, MER 0.4 and WIL 0.44, and
# 0.5 and 0.75 by torchmetrics. It takes the longer text's length for H + S + D + I, and that less the errors for the hits. Of 1,000
# random pairs 132 differ, by up to 0.33; word error rates agree in all.
# Source: _mer_update and _word_info_lost_update in torchmetrics/functional/text/.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q torchmetrics==1.9.0 torch==2.11.0 jiwer==4.0.0 numpy==2.4.6
cd "${dir}"
"${dir}/venv/bin/python" - <<'PY'
import random
from importlib.metadata import version

import jiwer
from torchmetrics.functional.text import match_error_rate, word_error_rate, word_information_lost

print("torchmetrics", version("torchmetrics"), "jiwer", version("jiwer"))
one = jiwer.process_words("a b c d", "b c d e")
mer, wil = float(match_error_rate("b c d e", "a b c d")), float(word_information_lost("b c d e", "a b c d"))
print(f"a b c d / b c d e: {one.hits} hits; MER {one.mer:.4f} and {mer:.4f}, WIL {one.wil:.4f} and {wil:.4f}")
random.seed(0)


def words():
    return " ".join(random.choices("abcd", k=random.randint(1, 8)))


references, hypotheses = [words() for _ in range(1000)], [words() for _ in range(1000)]
differ = {}
for theirs, ours in ((word_error_rate, jiwer.wer), (match_error_rate, jiwer.mer), (word_information_lost, jiwer.wil)):
    gaps = [float(theirs(h, r)) - ours(r, h) for r, h in zip(references, hypotheses)]
    differ[ours.__name__] = sum(abs(gap) > 1e-6 for gap in gaps)
    print(f"{ours.__name__}: {differ[ours.__name__]} of 1,000 pairs differ, from {min(gaps):+.2f} to {max(gaps):+.2f}")
seen = (one.hits, round(one.mer, 2), round(mer, 2), round(one.wil, 2), round(wil, 2)) == (3, 0.4, 0.5, 0.44, 0.75)
raise SystemExit(not (seen and differ["wer"] == 0 and differ["mer"] > 50 and differ["wil"] > 50))
PY
