"""When a run that gets no better ends before its last update."""

from __future__ import annotations

from asrkit.options import Options
from asrkit.train.schedule import Schedule


def why_end(
    best: tuple[float, int] | None, step: int, schedule: Schedule, options: Options
) -> str | None:
    """The reason to end after update ``step``, to be asked once it was validated; None: go on.

    best: (value, update) of the best validation so far. A function of what every rank knows and
    every checkpoint holds. A model gains most while its learning rate falls: only validations from
    there on count, and a run is never cut short before.
    """
    if not options.patience or best is None:
        return None
    value, at = best
    _, falls = schedule.turns(options.max_update)
    since = max(at, int(falls))
    if step // options.valid_interval - since // options.valid_interval < options.patience:
        return None
    return (
        f"ends at update {step} of {options.max_update}: {options.best_metric} was {value:.4g} at "
        f"update {at}, and no better in {options.patience} validations (patience)"
    )
