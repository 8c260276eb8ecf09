#!/usr/bin/env bash
# torch 2.11.0, CPU: the gradient of ctc_loss is right only for what comes straight out of log_softmax.
#
# Guess: autograd's gradient of ctc_loss for its log-probabilities is the derivative of the loss, as of any function.
# Seen: it is exp(log_prob) - posterior, where the derivative is -posterior: log_softmax's backward makes up for the difference, if
# nothing lies between. With a penalty taken off the blank's log-probability before the loss, as label priors and blank penalties do, the
# gradient that reaches the scores is 17 % off finite differences; taken off the scores before log_softmax it is right to 1e-9.
# Source: ctc_loss_backward_cpu_template in aten/src/ATen/native/LossCTC.cpp; the documentation says that inputs are logarithmized
# probabilities, and not that gradients rely on it.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q torch==2.11.0 numpy==2.4.6
cd "${dir}"
"${dir}/venv/bin/python" - <<'PY'
import torch
from torch.nn.functional import ctc_loss, log_softmax

torch.manual_seed(0)
scores = torch.randn(12, 1, 5, dtype=torch.double)
targets = torch.tensor([[1, 2, 2]])


def before(x, penalty):
    return log_softmax(x - penalty, -1)


def after(x, penalty):
    return log_softmax(x, -1) - penalty


def loss(x, place, penalty):
    return ctc_loss(place(x, penalty), targets, [12], [3], reduction="sum")


def error(place, size):
    penalty = torch.tensor([size, 0, 0, 0, 0], dtype=torch.double)
    x = scores.clone().requires_grad_()
    (found,) = torch.autograd.grad(loss(x, place, penalty), x)
    true = torch.zeros_like(scores)
    for at in torch.cartesian_prod(torch.arange(12), torch.arange(5)).tolist():
        step = torch.zeros_like(scores)
        step[at[0], 0, at[1]] = 1e-5
        true[at[0], 0, at[1]] = (loss(scores + step, place, penalty) - loss(scores - step, place, penalty)) / 2e-5
    return float((found - true).norm() / true.norm())


print("torch", torch.__version__)
found = {}
for place in (before, after):
    for size in (0.0, 3.0):
        found[place.__name__, size] = error(place, size)
        print(f"penalty {size} {place.__name__} log_softmax: gradient off by {found[place.__name__, size]:.1e}")
raise SystemExit(
    not (found["after", 3.0] > 0.1 and max(found["after", 0.0], found["before", 0.0], found["before", 3.0]) < 1e-6)
)
PY
