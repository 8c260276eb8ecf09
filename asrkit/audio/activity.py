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
PADDING = 0.25  # seconds that are kept before and after: quiet consonants


def active(samples: np.ndarray) -> np.ndarray:
    """float32 [S] at 16 kHz to bool [ceil(S / 320)]: which stretches of 20 ms hold sound that rises
    above the noise around it, with a quarter of a second to both sides."""
    count = -(-len(samples) // STEP)
    if not count:
        return np.zeros(0, bool)
    padded = np.zeros(count * STEP, np.float32)
    padded[: len(samples)] = samples
    padded[1 : len(samples)] -= EMPHASIS * samples[:-1]
    padded[0] = 0.0
    loud = 10 * np.log10(padded.reshape(count, STEP).var(1) + 1e-12)
    loud = np.convolve(np.pad(loud, 2, mode="edge"), np.full(5, 0.2), mode="valid")
    floor = _floor(loud, int(AROUND * RATE / STEP))
    found = (loud > floor + ABOVE) & (loud > QUIETEST)
    width = int(PADDING * RATE / STEP)
    spread = np.convolve(found, np.ones(2 * width + 1), mode="same")
    return spread[:count] > 0.5 if count > 2 * width else np.full(count, found.any())


def _floor(loud: np.ndarray, around: int) -> np.ndarray:
    """dB [N] to the floor around each: of blocks of half of ``around``, each with its neighbors."""
    block = max(1, around // 2)
    count = -(-len(loud) // block)
    floors = np.empty(count)
    for number in range(count):
        near = loud[max(0, (number - 2) * block) : (number + 3) * block]
        floors[number] = np.percentile(near, FLOOR)
    return np.repeat(floors, block)[: len(loud)]
