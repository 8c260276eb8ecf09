"""How glibc hands out large blocks of memory."""

from __future__ import annotations

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LARGEST = 2**31 - 1


def keep_freed_memory() -> bool:
    """Lets the process keep and reuse what it frees; true if the C library took the setting.

    Why: glibc maps every block above 32 MB afresh and returns it when freed, so that a training
    step on a CPU spends much of its time on page faults. Call it once, at the start of a program.
    Elsewhere than on glibc it does nothing.
    """
    try:
        libc = ctypes.CDLL("libc.so.6")
    except OSError:
        return False
    taken = [
        libc.mallopt(option, _LARGEST) == 1 for option in (_M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD)
    ]
    return all(taken)
