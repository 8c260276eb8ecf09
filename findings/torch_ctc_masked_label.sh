#!/usr/bin/env bash
# torch 2.11.0, CPU: a label of probability 0 that no target has makes every gradient of ctc_loss NaN, while the loss is right.
#
# Guess: scores of labels that a language does not have are set to minus infinity before log_softmax, as one does before cross-entropy: the labels take
# no part, their gradient is 0.
# Seen: the loss is finite and equal to that of a network without the label; the gradient of all 48 scores is NaN. zero_infinity=True changes nothing, as no
# loss is infinite. Minus 10,000 in place of minus infinity gives the gradients of the network without the label, to 1e-6. cross_entropy takes minus infinity.
# Source: ctc_loss_backward_cpu_template in aten/src/ATen/native/LossCTC.cpp: exp(lp) - exp(res + nll - lp), where res and lp are minus infinity.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q torch==2.11.0 numpy==2.4.6
cd "${dir}"
"${dir}/venv/bin/python" - <<'PY'
import torch
from torch.nn.functional import cross_entropy, ctc_loss, log_softmax

torch.manual_seed(0)
scores = torch.randn(8, 1, 6, dtype=torch.double)
targets = torch.tensor([[1, 2, 2]])


def ctc(x, **options):
    return ctc_loss(log_softmax(x, -1), targets, [8], [3], reduction="sum", **options)


def of_frames(x):
    return cross_entropy(x[:, 0], torch.tensor([0, 1, 0, 2, 0, 2, 0, 0]), reduction="sum")


def tried(function, masked, **options):
    """The loss, and the gradient of the scores, where label 5 is ``masked``, or taken out."""
    x = scores.clone().requires_grad_()
    penalty = torch.zeros(6, dtype=torch.double)
    penalty[5] = 0 if masked is None else masked
    loss = function(x[..., :5] if masked is None else x + penalty, **options)
    (gradient,) = torch.autograd.grad(loss, x)
    return float(loss.detach()), gradient


print("torch", torch.__version__)
without = tried(ctc, None)
seen = {}
for name, (loss, gradient) in {
    "-inf": tried(ctc, -float("inf")),
    "-inf, zero_infinity": tried(ctc, -float("inf"), zero_infinity=True),
    "-10000": tried(ctc, -1e4),
}.items():
    seen[name] = int(gradient.isnan().sum()), float((gradient - without[1]).abs().max())
    print(f"{name}: loss {loss:.6f} (without the label {without[0]:.6f}), {seen[name][0]} of 48 gradients NaN")
    assert abs(loss - without[0]) < 1e-9
frames = int(tried(of_frames, -float("inf"))[1].isnan().sum())
print(f"cross_entropy of the same scores: {frames} NaN")
raise SystemExit(
    not (seen["-inf"][0] == seen["-inf, zero_infinity"][0] == 48 and seen["-10000"][1] < 1e-6 and frames == 0)
)
PY
