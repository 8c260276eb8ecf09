#!/usr/bin/env bash
# torchaudio 2.11.0: forced_align returns a path that skips targets, and says nothing.
#
# Guess: where a target is impossible (its log-probability is minus infinity in every frame), forced_align raises, or its
# scores are minus infinity; where all frames are alike, as in silence, the tokens are spread evenly.
# Seen: with one of three targets impossible the path has neither it nor the one before it, and finite scores: an alignment of
# another transcript. With all alike each token but the last gets one frame at the very beginning, and the last
# one all the rest: a word before a long silence lasts as long as it does. Source: forced_align's documentation has no word on either.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q torch==2.11.0 torchaudio==2.11.0 numpy==2.4.6
"${dir}/venv/bin/python" - <<'PY'
import math

import torch
from torchaudio.functional import forced_align

alike = torch.full((1, 30, 5), math.log(0.2))
targets = torch.tensor([[1, 2, 3]])
path, _ = forced_align(alike, targets, blank=0)
print("all frames alike:", path[0].tolist())
even = path[0].tolist() == [1, 2] + [3] * 28

never = alike.clone()
never[..., 2] = -math.inf
path, scores = forced_align(never, targets, blank=0)
print("token 2 impossible:", path[0].tolist(), "scores from", float(scores.min()))
skipped = {1, 2}.isdisjoint(path[0].tolist()) and bool(scores.isfinite().all())
raise SystemExit(0 if even and skipped else f"no longer so: {even=} {skipped=}")
PY
