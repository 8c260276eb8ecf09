"""Reading in plain operations: the form of a network that can be written down as a graph.

Why: what makes reading fast on one device (views that overlap, filters folded into norms, Fourier
blocks) and correct in a batch (masks where the host finds padding) are choices of the moment,
while a graph is made once and runs anywhere. In plain form rows are full, and every routine of
``encoders/kernels`` is the library's operation that it replaces: the results are the same to
rounding.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

_plain = False


def is_plain() -> bool:
    return _plain


@contextlib.contextmanager
def plain_operations() -> Iterator[None]:
    """For evaluation alone, of inputs none of which is padded, and which give at least one frame:
    no length is looked at."""
    global _plain
    before, _plain = _plain, True
    try:
        yield
    finally:
        _plain = before
