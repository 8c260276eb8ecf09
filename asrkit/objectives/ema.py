"""A teacher: a frozen copy of a module that follows it as an exponential moving average."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn


class EmaTeacher(nn.Module):
    """A copy of ``student`` in evaluation mode, without gradients, whose weights stay float32.

    start, end, steps: the decay goes linearly from start to end over so many updates, then stays
        (data2vec: 0.999 to 0.9999 over 30,000).
    copied: names of submodules that are taken over as they are, not averaged.
    """

    def __init__(
        self,
        student: nn.Module,
        *,
        start: float,
        end: float,
        steps: int,
        copied: Sequence[str] = (),
    ) -> None:
        super().__init__()
        if not 0 <= start <= end <= 1 or steps < 0:
            raise ValueError(
                f"a teacher's decay grows from 0 or more to 1 at most, not from {start} to {end} "
                f"in {steps} updates"
            )
        self.start, self.end, self.steps = start, end, steps
        self.copied = tuple(f"{name}." for name in copied)
        self.module = copy.deepcopy(student).requires_grad_(False).float().eval()

    def train(self, mode: bool = True) -> EmaTeacher:
        """Stays in evaluation mode whatever the objective does."""
        return super().train(False)

    def forward(self, *args: Any, **options: Any) -> Any:
        with torch.no_grad():
            return self.module(*args, **options)

    def decay(self, step: int) -> float:
        """What is kept of the teacher in the move after update number ``step``, counted from 1."""
        if step >= self.steps:
            return self.end
        return self.start + (self.end - self.start) * step / self.steps

    @torch.no_grad()
    def follow(self, student: nn.Module, step: int) -> None:
        """teacher = decay * teacher + (1 - decay) * student, after a real update."""
        averaged: list[Tensor] = []
        moving: list[Tensor] = []
        theirs = dict(student.named_parameters())
        for name, mine in self.module.named_parameters():
            if name.startswith(self.copied):
                mine.copy_(theirs[name])
            else:
                averaged.append(mine)
                moving.append(theirs[name].to(mine.dtype))
        torch._foreach_lerp_(averaged, moving, 1 - self.decay(step))
        self._copy_buffers(student)

    @torch.no_grad()
    def restart(self, student: nn.Module) -> None:
        """The teacher becomes a copy of the student as it is now."""
        for mine, other in zip(self.module.parameters(), student.parameters(), strict=True):
            mine.copy_(other)
        self._copy_buffers(student)

    def _copy_buffers(self, student: nn.Module) -> None:
        for mine, other in zip(self.module.buffers(), student.buffers(), strict=True):
            mine.copy_(other)
