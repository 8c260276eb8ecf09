"""What the log says of a run beside its metrics: shapes and memory on a GPU, and the time left."""

from __future__ import annotations

import torch

from asrkit.batch import Batch
from asrkit.train.log import logger
from asrkit.train.pace import Pace


class Progress:
    """pace: says how long the run will take, once it can; None where nobody asks."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.pace: Pace | None = None
        self._shapes: set[tuple[int, int]] = set()

    def note(self, batch: Batch) -> None:
        """A GPU's libraries make plans for each new shape: the log says when, and how many."""
        if self.device.type != "cuda" or batch.speech is None:
            return
        rows, size = batch.speech.data.shape[:2]
        if (rows, size) not in self._shapes:
            self._shapes.add((rows, size))
            logger.info("micro-batches of shape %d: %d x %d", len(self._shapes), rows, size)

    def done(self, micro_batches: int) -> None:
        """So many more are computed. Raises Hopeless as ``Pace.done`` does."""
        if self.pace is not None and (said := self.pace.done(micro_batches)):
            logger.info("%s", said)

    def stats(self) -> dict[str, float]:
        """Shapes and GiB so far; nothing on a CPU."""
        if self.device.type != "cuda":
            return {}
        used = torch.cuda.max_memory_allocated(self.device)
        return {"shapes": float(len(self._shapes)), "gpu_memory_gib": used / 2**30}
