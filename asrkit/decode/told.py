"""A stream of speech on a terminal: final segments as lines, what is being said below them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

import numpy as np

from asrkit.audio.reading import AudioError
from asrkit.decode.streaming import Stream
from asrkit.files import DataError
from asrkit.train.signals import Signals
from asrkit.transcript import Segment

WIDTH = 78  # characters of what is being said, the last of them
_CLEAR = "\r\x1b[K"  # back to the begin of the line, and nothing on it


def tell(stream: Stream, parts: Iterable[np.ndarray], name: str) -> None:
    """Prints each segment when it is final, START<TAB>END<TAB>TEXT in seconds, and on a terminal
    what is being said. A signal ends it as the end of the sound does; a second Ctrl-C at once.

    Raises what ``parts`` raises, after what came before, and AudioError where there was no sound.
    """
    shown = sys.stderr.isatty()
    signals, count = Signals(), 0
    fault: DataError | None = None
    with signals.remembered(tell=False):
        try:
            for samples in parts:
                partial = stream.accept(samples)
                count += len(partial.segments)
                _print(partial.segments, clear=shown)
                if shown:
                    _show(_CLEAR + partial.text[-WIDTH:])
                if signals.number:  # what had come by then is recognized
                    break
        except DataError as error:
            fault = error
        whole = stream.finish()
        if shown:
            _show(_CLEAR)
        _print(whole.segments[count:], clear=False)
    if fault is not None:
        raise fault
    if not whole.duration:
        raise AudioError(f"{name}: no sound has come")


def _print(segments: Sequence[Segment], *, clear: bool) -> None:
    if clear and segments:
        _show(_CLEAR)
    for one in segments:
        print(f"{one.start:.2f}\t{one.end:.2f}\t{one.text}", flush=True)


def _show(text: str) -> None:
    print(text, end="", file=sys.stderr, flush=True)
