"""How alike languages are to a model: which codes of its quantizer the speech of each uses.

No labels and no aligner: audio is enough (XLSR, section 4: languages that are related, or have
borrowed from each other, share more of the discrete latents).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from sklearn.cluster import KMeans
from tqdm import tqdm

from asrkit.analysis.layers import quantized_frames
from asrkit.analysis.plots import divergence, usage
from asrkit.audio import reading as audio
from asrkit.batch import pad
from asrkit.data.index import DataIndex
from asrkit.files import DataError
from asrkit.keys import key_of
from asrkit.objectives.contrastive import ContrastiveObjective
from asrkit.rate import RATE


class Usage(NamedTuple):
    """Of one language. shares: float [G * V], of its choices in all groups, summing to 1.

    frames, utterances: how much was looked at.
    """

    shares: np.ndarray
    frames: int
    utterances: int


@torch.inference_mode()
def code_usage(
    objective: ContrastiveObjective, index: DataIndex, *, minutes: float, seed: int
) -> dict[str, Usage]:
    """Language -> its use of the codes, in at most ``minutes`` of each, drawn by ``seed``."""
    left = dict.fromkeys(index.lang_names, minutes * 60 * RATE)
    codes: dict[str, list[np.ndarray]] = {name: [] for name in index.lang_names}
    order = sorted(range(len(index)), key=lambda row: key_of(seed, "languages", index.id(row)))
    for row in tqdm(order, desc="codes", delay=2):
        lang = index.lang_names[index.langs[row]]
        if left[lang] <= 0:
            continue
        samples = int(index.num_samples[row])
        left[lang] -= samples
        wave = audio.load(index.path(row), 0, samples)
        speech = pad([torch.from_numpy(wave)])
        features = objective.encoder.extract(speech)
        if int(features.lengths[0]):  # a frame that is none pads what is too short
            codes[lang].append(quantized_frames(objective, speech, features).codes.numpy())
    if empty := [name for name, rows in codes.items() if not rows]:
        raise DataError(f"no audio of {empty[0]} is as long as a frame; leave its folder out")
    return {
        name: Usage(
            usage(np.concatenate(rows), objective.quantizer.entries), sum(map(len, rows)), len(rows)
        )
        for name, rows in codes.items()
    }


class Similarity(NamedTuple):
    """Of L languages. clusters: int [L], numbered by first appearance. points: float [L, 2], the
    first two principal components. explained: their shares of the variance. apart: float [L, L],
    Jensen-Shannon divergences in bits."""

    names: list[str]
    clusters: np.ndarray
    points: np.ndarray
    explained: np.ndarray
    apart: np.ndarray

    def nearest(self, place: int) -> int:
        """The language that is closest to that at ``place``."""
        others = np.where(np.arange(len(self.names)) == place, np.inf, self.apart[place])
        return int(others.argmin())


def similarity(usages: Mapping[str, Usage], *, clusters: int, seed: int) -> Similarity:
    """K-means and principal components of the usage vectors.

    Raises ValueError with fewer than three languages, or without fewer clusters than languages.
    """
    names = sorted(usages)
    if len(names) < 3 or not 2 <= clusters < len(names):
        raise ValueError(
            f"{len(names)} languages ({', '.join(names)}) and {clusters} clusters: needed are at "
            "least 3 languages, and from 2 clusters to one fewer than languages"
        )
    vectors = np.stack([usages[name].shares for name in names])
    found = KMeans(n_clusters=clusters, n_init=20, random_state=seed).fit(vectors).labels_
    numbers = {old: new for new, old in enumerate(dict.fromkeys(found.tolist()))}
    points, explained = principal(vectors)
    apart = np.array([[divergence(a, b) for b in vectors] for a in vectors])
    return Similarity(
        names, np.array([numbers[c] for c in found.tolist()]), points, explained, apart
    )


def principal(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """float [L, D] to its first two principal components [L, 2] and their shares of the variance.

    The largest weight of a component is positive, so that a plot is not mirrored by chance.
    """
    centered = vectors - vectors.mean(0)
    left, sizes, right = np.linalg.svd(centered, full_matrices=False)
    signs = np.sign(right[np.arange(len(right)), np.abs(right).argmax(1)])
    points = left * (sizes * np.where(signs == 0, 1, signs))
    shares = sizes**2 / max(float((sizes**2).sum()), np.finfo(float).tiny)
    return points[:, :2], shares[:2]
