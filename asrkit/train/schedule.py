"""Learning-rate schedules: pure functions of the update number."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

from asrkit.phases import Phase, phase_length
from asrkit.ranges import NotNegative, Share


class Schedule(ABC):
    """``factor(n, total)``: what the peak learning rate is multiplied by in update n = 1, 2.."""

    @abstractmethod
    def factor(self, n: int, total: int) -> float: ...

    @abstractmethod
    def turns(self, total: int) -> tuple[float, float]:
        """Updates after which the rate rises no more, and from which on it only falls or stays."""


class Constant(Schedule):
    """Warm-up, then the peak."""

    def __init__(self, *, warmup: Phase = 0.0) -> None:
        self.warmup = warmup

    def turns(self, total: int) -> tuple[float, float]:
        warmup = phase_length(self.warmup, total)
        return warmup, warmup

    def factor(self, n: int, total: int) -> float:
        warmup = phase_length(self.warmup, total)
        return n / warmup if n < warmup else 1.0


class Polynomial(Schedule):
    """Linear warm-up to the peak, then (remaining/total)^power down to ``end``.

    warmup: a fraction of all updates if below 1, else a number of updates.
    end: final learning rate as a fraction of the peak. XLSR §3.2 is warmup 0.1, power 1, end 0.
    """

    def __init__(self, *, warmup: Phase = 0.1, power: NotNegative = 1.0, end: Share = 0.0) -> None:
        self.warmup, self.power, self.end = warmup, power, end

    def turns(self, total: int) -> tuple[float, float]:
        warmup = phase_length(self.warmup, total)
        return warmup, warmup

    def factor(self, n: int, total: int) -> float:
        warmup = phase_length(self.warmup, total)
        if n < warmup:
            return n / warmup
        if n >= total:
            return self.end
        left = (total - n) / (total - warmup)
        return self.end + (1 - self.end) * left**self.power


class TriStage(Schedule):
    """Warm up, hold, decay: the schedule of CTC fine-tuning (XLSR §3.2; released code, fairseq).

    phases: fractions of warm-up, hold and decay; they sum to 1.
    start, end: first and last learning rate as fractions of the peak.
    decay: ``exponential`` as the released code does, ``linear`` as the paper says.
    """

    def __init__(
        self,
        *,
        phases: list[Share] = [0.1, 0.4, 0.5],  # noqa: B006 (never changed)
        start: Share = 0.01,
        end: Share = 0.05,
        decay: str = "exponential",
    ) -> None:
        if len(phases) != 3 or abs(sum(phases) - 1) > 1e-6:
            raise ValueError(f"schedule_conf.phases: three fractions that sum to 1, not {phases}")
        if decay not in ("exponential", "linear"):
            raise ValueError(f"schedule_conf.decay: exponential or linear, not {decay!r}")
        if decay == "exponential" and end <= 0:
            raise ValueError(
                f"schedule_conf.end: {end}, which an exponential decay never reaches; give a share "
                "of the peak such as 0.05, or decay: linear"
            )
        self.phases, self.start, self.end, self.decay = phases, start, end, decay

    def turns(self, total: int) -> tuple[float, float]:
        warmup, hold, _ = self.phases
        return warmup * total, (warmup + hold) * total

    def factor(self, n: int, total: int) -> float:
        warmup, hold, decay = (phase * total for phase in self.phases)
        if n < warmup:
            return self.start + (1 - self.start) * n / warmup
        if n < warmup + hold:
            return 1.0
        done = min((n - warmup - hold) / decay, 1.0) if decay else 1.0
        if self.decay == "linear":
            return 1 + (self.end - 1) * done
        return math.exp(math.log(self.end) * done)
