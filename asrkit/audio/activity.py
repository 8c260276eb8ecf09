"""Where somebody may be speaking, by energy: what is near the noise of a recording is none.

No model of speech: music and other loud sound pass. Speech rises and falls by tens of decibels
within a second, and noise does not; so the loudness of a stretch is compared with the quietest
around it.
"""

from __future__ import annotations

import numpy as np

from asrkit.rate import RATE

STEP = 320  # samples, 20 ms
EMPHASIS = 0.97  # of the sample before, which is taken off: rumble and offsets are no speech
QUIETEST = -75.0  # dB below full scale, of what is left then: no speech is recorded so low
ABOVE = 6.0  # dB above the floor; stationary noise rises by two
AROUND = 15.0  # seconds, to both sides, in which the floor is looked for
FLOOR = 5.0  # percent of the stretches around that are taken for it
BLOCK = int(AROUND * RATE / STEP) // 2  # stretches that share what they take for the floor
PADDING = 0.25  # seconds that are kept before and after: quiet consonants


def active(samples: np.ndarray) -> np.ndarray:
    """float32 [S] at 16 kHz to bool [ceil(S / 320)]: which stretches of 20 ms hold sound that rises
    above the noise around it, with a quarter of a second to both sides."""
    so_far = Activity()
    so_far.add(samples)
    return so_far.found()


class Activity:
    """``active`` of a recording whose samples come in parts.

    first: the number of the first stretch that is held.
    """

    def __init__(self) -> None:
        self.first = 0
        self._loud = np.zeros(0, np.float32)
        self._rest = np.zeros(0, np.float32)  # of a stretch that is not complete
        self._before: float | None = None  # the sample before it

    def add(self, samples: np.ndarray) -> None:
        """The next samples, float32 [S]."""
        samples = np.concatenate([self._rest, samples])
        whole = len(samples) // STEP * STEP
        self._loud = np.concatenate([self._loud, self._loudness(samples[:whole])])
        if whole:
            self._before = float(samples[whole - 1])
        self._rest = samples[whole:]

    def found(self) -> np.ndarray:
        """bool [N] of the stretches from ``first`` on, the last of which may be a part of one, by
        what there is so far."""
        loud = np.concatenate([self._loud, self._loudness(self._rest)])
        if not len(loud):
            return np.zeros(0, bool)
        loud = np.convolve(np.pad(loud, 2, mode="edge"), np.full(5, 0.2), mode="valid")
        floor = _floor(loud)
        found = (loud > floor + ABOVE) & (loud > QUIETEST)
        width = int(PADDING * RATE / STEP)
        spread = np.convolve(found, np.ones(2 * width + 1), mode="same")
        return (
            spread[: len(loud)] > 0.5 if len(loud) > 2 * width else np.full(len(loud), found.any())
        )

    def forget(self, until: int) -> None:
        """Lets go of what those from number ``until`` on do not depend on."""
        count = ((until - self.first) // BLOCK - 3) * BLOCK
        if count > 0:
            self._loud, self.first = self._loud[count:], self.first + count

    def _loudness(self, samples: np.ndarray) -> np.ndarray:
        """dB [ceil(S / 320)] of what follows ``_before``."""
        padded = np.zeros(-(-len(samples) // STEP) * STEP, np.float32)
        padded[: len(samples)] = samples
        padded[1 : len(samples)] -= EMPHASIS * samples[:-1]
        if len(samples):
            before = padded[0] if self._before is None else EMPHASIS * np.float32(self._before)
            padded[0] -= before
        return 10 * np.log10(padded.reshape(-1, STEP).var(1) + 1e-12)


def _floor(loud: np.ndarray) -> np.ndarray:
    """dB [N] to the floor around each: of blocks, each with two neighbors to both sides."""
    count = -(-len(loud) // BLOCK)
    floors = np.empty(count)
    for number in range(count):
        near = loud[max(0, (number - 2) * BLOCK) : (number + 3) * BLOCK]
        floors[number] = np.percentile(near, FLOOR)
    return np.repeat(floors, BLOCK)[: len(loud)]
