"""How long a run will take, logged after its first micro-batches; the hopeless is refused."""

from __future__ import annotations

import time

from humanfriendly import format_timespan

from asrkit.options import Options

HOPELESS = 60 * 24 * 3600  # seconds: two months
MINIMUM, ENOUGH = 2, 30  # micro-batches of a measurement, where they are long; where they are short
LONG = 10.0  # seconds of a measurement


class Hopeless(ValueError):
    """A run that would take longer than HOPELESS; the message says how long, and what to do."""


class Pace:
    """Measures micro-batches until it can tell; then it is silent.

    step: updates that are done. hours: of speech there are, and ``seen`` in the whole run; 0 where
    that is not known.
    """

    def __init__(
        self, options: Options, *, step: int = 0, hours: float = 0.0, seen: float = 0.0
    ) -> None:
        self.options, self.hours, self.seen = options, hours, seen
        self.left = (options.max_update - step) * options.accum_grad  # micro-batches
        self._begun = 0.0  # when the first was done: it makes plans and fills caches
        self._count = -1
        self.told = False

    def done(self, count: int = 1) -> str | None:
        """``count`` more micro-batches are done; a line for the log when it is known.

        Raises Hopeless, unless ``options.yes``.
        """
        if self.told:
            return None
        now = time.perf_counter()
        self._count += count
        if self._count < count:  # these were the first
            self._begun, self._count = now, 0
            return None
        elapsed = now - self._begun
        if self._count < MINIMUM or (elapsed < LONG and self._count < ENOUGH):
            return None
        self.told = True
        each = elapsed / self._count
        return self._tell(each * self.left, each * self.options.accum_grad)

    def _tell(self, seconds: float, update: float) -> str:
        updates = self.left // self.options.accum_grad
        said = (
            f"{updates} updates of {_span(update)} will take {_span(seconds)} at this pace"
            f"{self._repeats()}"
        )
        if seconds > HOPELESS and not self.options.yes:
            raise Hopeless(
                f"{said}. Fine-tune a released model or the demo's, or train a smaller one "
                "(docs/own_data.md, Words in three commands), or take GPUs; --yes true trains all "
                "the same"
            )
        return said

    def _repeats(self) -> str:
        """How often the speech at hand is seen, where that is known."""
        if not self.hours:
            return ""
        return f"; {_hours(self.hours)} of speech are seen {self.seen / self.hours:,.1f} times"


def _hours(hours: float) -> str:
    return f"{hours:.1f} hours" if hours >= 1 else f"{60 * hours:.1f} minutes"


def _span(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.2f} seconds"
    return format_timespan(round(seconds), max_units=2)
