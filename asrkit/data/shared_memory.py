"""How many processes may hand batches over: they do it through /dev/shm, which may be small."""

from __future__ import annotations

import logging
import shutil

from humanfriendly import format_size

from asrkit.data.loader import PREFETCH

logger = logging.getLogger("asrkit")
FOLDER = "/dev/shm"  # where the C library's shm_open makes its files; Docker gives it 64 MB


def readers_that_fit(asked: int, batch_bytes: int, *, processes: int = 1) -> int:
    """At most ``asked``, so that what they read ahead fits; fewer are reported in a warning.

    batch_bytes: of the largest micro-batch. processes: of this machine that train, each with its
    own readers.
    """
    free = _free() // processes
    # each has PREFETCH batches ready; one more is in use
    most = max(0, free - batch_bytes) // (PREFETCH * batch_bytes)
    if most >= asked:
        return asked
    logger.warning(
        "%s: %s free for each training process, too little for the batches of %d that read audio "
        "ahead (num_workers), %s each: %s. docker run --shm-size=8g, or a smaller batch_bins, "
        "lets more read",
        FOLDER, format_size(free, binary=True), asked, format_size(batch_bytes, binary=True),
        f"{most} read" if most else "the training process reads",
    )  # fmt: skip
    return most


def _free() -> int:
    """Bytes."""
    try:
        return shutil.disk_usage(FOLDER).free
    except OSError:
        return 0
