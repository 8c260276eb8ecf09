"""Optimizers do what their options say: one update against the formula, and what decays."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from asrkit.train.optim import RATE, adam, adamw


class Model(nn.Module):
    """Values of one and two dimensions, and one that does not learn."""

    def __init__(self) -> None:
        super().__init__()
        self.thin = nn.Parameter(torch.tensor([2.0]))
        self.wide = nn.Parameter(torch.tensor([[4.0]]))
        self.frozen = nn.Parameter(torch.tensor([[8.0]]), requires_grad=False)


def stepped(optimizer: torch.optim.Optimizer, model: Model, gradients: list[float]) -> None:
    for gradient in gradients:
        for p in (model.thin, model.wide):
            p.grad = torch.full_like(p, gradient)
        optimizer.step()


def moved(value: float, gradients: list[float], *, decay: float) -> Tensor:
    """Adam with decoupled weight decay, by its definition."""
    lr, betas, eps = 0.1, (0.8, 0.7), 0.05
    first = second = 0.0
    for n, gradient in enumerate(gradients, 1):
        value -= lr * decay * value
        first = betas[0] * first + (1 - betas[0]) * gradient
        second = betas[1] * second + (1 - betas[1]) * gradient**2
        mean, power = first / (1 - betas[0] ** n), second / (1 - betas[1] ** n)
        value -= lr * mean / (power**0.5 + eps)
    return torch.tensor(value)


GRADIENTS = [0.3, -0.1, 0.2]


@pytest.mark.parametrize(("decay_1d", "thin_decay"), [(True, 0.2), (False, 0.0)])
def test_adamw(decay_1d: bool, thin_decay: float) -> None:
    model = Model()
    optimizer = adamw(
        model.named_parameters(),
        lr=0.1,
        betas=[0.8, 0.7],
        eps=0.05,
        weight_decay=0.2,
        decay_1d=decay_1d,
    )
    stepped(optimizer, model, GRADIENTS)
    torch.testing.assert_close(model.wide[0, 0].detach(), moved(4.0, GRADIENTS, decay=0.2))
    torch.testing.assert_close(model.thin[0].detach(), moved(2.0, GRADIENTS, decay=thin_decay))
    assert model.frozen.item() == 8.0


def test_adam_decays_nothing() -> None:
    model = Model()
    optimizer = adam(model.named_parameters(), lr=0.1, betas=[0.8, 0.7], eps=0.05)
    stepped(optimizer, model, GRADIENTS)
    torch.testing.assert_close(model.wide[0, 0].detach(), moved(4.0, GRADIENTS, decay=0.0))


def test_published_defaults() -> None:
    """fairseq's pre-training and fine-tuning settings; everything decays in the first."""
    (group,) = adamw(Model().named_parameters(), lr=1e-3).param_groups
    assert (group["betas"], group["eps"], group["weight_decay"]) == ((0.9, 0.98), 1e-6, 0.01)
    (group,) = adam(Model().named_parameters(), lr=1e-3).param_groups
    assert (group["betas"], group["eps"], group["weight_decay"]) == ((0.9, 0.98), 1e-8, 0.0)


def test_groups_have_rates_and_decays_of_their_own() -> None:
    model = Model()
    groups = [{"match": "^thin", "lr": 0.5, "weight_decay": 0.0}, {"match": "wide", "lr": 0}]
    first, second, rest = adamw(
        model.named_parameters(), lr=0.1, weight_decay=0.2, groups=groups
    ).param_groups
    assert first["params"] == [model.thin] and second["params"] == [model.wide]
    assert (first[RATE], first["weight_decay"]) == (0.5, 0.0)
    assert (second[RATE], second["weight_decay"]) == (0.0, 0.2)
    assert rest["params"] == [] and RATE not in rest


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({"match": "nobody"}, r"groups\[0\].*fits no name"),
        ({"match": "("}, "not a regular expression"),
        ({"match": 3}, "not a regular expression"),
        ({"lr": 1.0}, "is missing"),
        ({"match": "thin", "rate": 1.0}, "unknown key 'rate'"),
        ({"match": "thin", "lr": -1}, "0 or more"),
        ({"match": "thin", "weight_decay": "no"}, "0 or more"),
    ],
)
def test_groups_that_are_refused(rule: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        adam(Model().named_parameters(), lr=0.1, groups=[rule])
