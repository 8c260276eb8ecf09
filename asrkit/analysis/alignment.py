"""A phone for every frame: forced alignment by a CTC recognizer."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torchaudio.functional import forced_align

from asrkit.batch import Padded
from asrkit.objectives.ctc import infeasible

NOTHING = -1  # the label of a frame that belongs to no phone


def align(log_probs: Tensor, labels: list[int], *, reach: int = 5) -> np.ndarray | None:
    """log_probs [T, V] of an utterance and its labels (blank 0) to int64 [T]: a label a frame.

    The best path of CTC is mostly blank: a blank frame gets the label of the nearest frame that
    has one (the earlier of two), if that lies within ``reach`` frames, else NOTHING: a pause.
    None if there are no labels, fewer frames than they need, or a label that no frame allows.
    """
    targets = torch.tensor([labels], dtype=torch.int64)
    frames = torch.tensor([len(log_probs)])
    text = Padded(targets, torch.tensor([len(labels)]))
    if not labels or int(infeasible(frames, text)):
        return None
    path, _ = forced_align(log_probs[None].float(), targets.int(), blank=0)
    # torchaudio leaves impossible labels out of the path, without an error
    if [int(label) for label in torch.unique_consecutive(path[0]) if label] != labels:
        return None
    return spread(path[0].numpy().astype(np.int64), reach)


def spread(path: np.ndarray, reach: int) -> np.ndarray:
    """Labels with blanks (0) between them to labels or NOTHING."""
    spoken = np.flatnonzero(path)
    if len(spoken) == 0:
        return np.full(len(path), NOTHING)
    place = np.arange(len(path))
    after = np.searchsorted(spoken, place).clip(max=len(spoken) - 1)
    before = (np.searchsorted(spoken, place, side="right") - 1).clip(min=0)
    to_before, to_after = abs(place - spoken[before]), abs(spoken[after] - place)
    nearest = np.where(to_before <= to_after, spoken[before], spoken[after])
    return np.where(np.minimum(to_before, to_after) <= reach, path[nearest], NOTHING)
