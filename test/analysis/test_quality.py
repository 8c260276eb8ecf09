"""Purity and information from contingency tables counted by hand."""

import math

import numpy as np
import pytest

from asrkit.analysis.kmeans import cluster
from asrkit.analysis.quality import contingency, markdown, quality


@pytest.mark.parametrize(
    ("table", "phone", "cluster_", "nats", "pnmi"),
    [
        ([[4, 0], [0, 4]], 1.0, 1.0, math.log(2), 1.0),
        ([[2, 2], [2, 2]], 0.5, 0.5, 0.0, 0.0),
        ([[3, 1, 0], [1, 0, 3]], 7 / 8, 6 / 8, 0.375 * math.log(3), 0.375 * math.log2(3)),
        ([[1, 1, 1, 1], [0, 0, 0, 0]], 1.0, 0.25, 0.0, 0.0),  # one phone: no entropy
        ([[5, 0], [3, 2]], 0.7, 0.8, None, None),
    ],
)
def test_tables_counted_by_hand(table, phone, cluster_, nats, pnmi):
    found = quality(np.array(table))
    assert found.phone_purity == pytest.approx(phone)
    assert found.cluster_purity == pytest.approx(cluster_)
    if nats is not None:
        assert found.information == pytest.approx(nats, abs=1e-12)
        assert found.pnmi == pytest.approx(pnmi, abs=1e-12)


def test_information_of_a_lopsided_table():
    """[[5, 0], [3, 2]] / 10: I = 0.5 ln(0.5/0.4) + 0.3 ln(0.3/0.4) + 0.2 ln(0.2/0.1)."""
    wanted = 0.5 * math.log(1.25) + 0.3 * math.log(0.75) + 0.2 * math.log(2)
    assert quality(np.array([[5, 0], [3, 2]])).information == pytest.approx(wanted)


def test_counts_of_labels():
    phones, clusters = np.array([7, 7, 9, 9, 9]), np.array([0, 4, 4, 4, 2])
    table = contingency(phones, clusters)
    assert table.tolist() == [[1, 0, 1], [0, 1, 2]]
    found = quality(table)
    assert (found.frames, found.phones, found.clusters) == (5, 2, 3)


def test_more_clusters_raise_phone_purity_and_lower_cluster_purity():
    rng = np.random.default_rng(0)
    phones = rng.integers(0, 5, 4000)
    few = (phones + rng.integers(0, 2, 4000)) % 5
    many = few * 10 + rng.integers(0, 10, 4000)
    one, other = quality(contingency(phones, few)), quality(contingency(phones, many))
    assert other.phone_purity >= one.phone_purity
    assert other.cluster_purity < one.cluster_purity


def test_wrong_labels_are_refused():
    with pytest.raises(ValueError, match="phone labels for"):
        contingency(np.zeros(3, int), np.zeros(4, int))
    with pytest.raises(ValueError, match="no frame has both"):
        quality(np.zeros((2, 2), int))


def test_k_means_finds_blobs_and_repeats():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 900)
    frames = np.eye(3)[truth] * 10 + rng.normal(size=(900, 3))
    fit = np.arange(900) < 300
    labels = cluster(frames.astype(np.float32), fit, 3, seed=1, tries=2)
    found = quality(contingency(truth, labels))
    assert found.phone_purity > 0.99 and found.pnmi > 0.95
    again = cluster(frames.astype(np.float32), fit, 3, seed=1, tries=2)
    assert np.array_equal(labels, again)
    noise = rng.normal(size=(900, 3)).astype(np.float32)
    one, other = (cluster(noise, fit, 5, seed=seed, tries=1) for seed in (1, 2))
    assert not np.array_equal(one, other)
    with pytest.raises(ValueError, match="300 frames are too few for 400 clusters"):
        cluster(frames.astype(np.float32), fit, 400)


def test_table_of_results():
    row = ("m", "teacher ffn 3", 100, quality(np.array([[3, 1, 0], [1, 0, 3]])))
    assert "| m | teacher ffn 3 | 100 | 3 | 87.5 % | 75.0 % | 0.412 | 0.594 |" in markdown([row])
