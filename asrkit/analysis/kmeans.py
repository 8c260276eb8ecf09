"""Clusters of frames by k-means, with the options of HuBERT's released analysis."""

from __future__ import annotations

import numpy as np
from sklearn.cluster import MiniBatchKMeans


def cluster(
    frames: np.ndarray, fit: np.ndarray, clusters: int, *, seed: int = 0, tries: int = 20
) -> np.ndarray:
    """int64 [N] clusters of float [N, D]; learned on the rows where bool [N] ``fit`` is true.

    tries: beginnings, of which the best is kept. Raises ValueError with too few frames to fit.
    """
    sample = np.ascontiguousarray(frames[fit])
    if len(sample) < clusters:
        raise ValueError(
            f"{len(sample)} frames are too few for {clusters} clusters: give more data, a larger "
            "--fit_share, or fewer --clusters"
        )
    model = MiniBatchKMeans(
        n_clusters=clusters,
        init="k-means++",
        batch_size=10_000,
        n_init=tries,
        max_iter=100,
        tol=0.0,
        max_no_improvement=100,
        reassignment_ratio=0.0,
        random_state=seed,
        compute_labels=False,
    )
    labels: np.ndarray = model.fit(sample).predict(frames)
    return labels.astype(np.int64)
