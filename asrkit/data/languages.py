"""How often languages are drawn (XLSR, section 2.2): p_l ~ (n_l / N)^alpha in hours."""

from __future__ import annotations

import numpy as np


def language_probabilities(hours: np.ndarray, alpha: float) -> np.ndarray:
    """p_l ~ (hours_l / N)^alpha, renormalized; a language without audio gets 0."""
    share: np.ndarray = np.where(hours > 0, hours / max(hours.sum(), 1e-12), 1.0) ** alpha
    share[hours <= 0] = 0
    share /= share.sum()
    return share


def size_ratios(hours: np.ndarray, alpha: float) -> np.ndarray:
    """How often an utterance of each language is seen in an epoch of N hours: p_l N / n_l."""
    p = language_probabilities(hours, alpha)
    ratios = np.zeros(len(hours))
    np.divide(p * hours.sum(), hours, out=ratios, where=hours > 0)
    return ratios
