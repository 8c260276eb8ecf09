"""Cluster quality of models on a data set: align, look into the layers, cluster, count."""

from __future__ import annotations

import dataclasses
import logging
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from asrkit.analysis.alignment import NOTHING, align
from asrkit.analysis.kmeans import cluster
from asrkit.analysis.layers import Viewer
from asrkit.analysis.quality import Quality, contingency, quality
from asrkit.audio import reading as audio
from asrkit.data.index import DataIndex
from asrkit.files import DataError, writing
from asrkit.infer import Speech2Text
from asrkit.keys import key_of
from asrkit.rate import RATE

logger = logging.getLogger("asrkit")
MOST_APART = 2  # frames by which aligner and model may differ in length


@dataclasses.dataclass
class Spoken:
    """One utterance: where its ``samples`` are, a phone a frame (NOTHING in pauses), its language.

    The audio is read again where it is looked at: hours of it would fill the memory."""

    name: str
    path: str
    samples: int
    phones: np.ndarray
    lang: str


@dataclasses.dataclass
class Frames:
    """All frames of a data set. fit: which of them k-means learns from.

    layers and quantized are float32 [N, D] in files: what is used of them is in memory.
    """

    phones: np.ndarray
    langs: np.ndarray
    fit: np.ndarray
    layers: dict[int, np.ndarray]
    codes: np.ndarray | None
    quantized: np.ndarray | None


def aligned(
    index: DataIndex, aligner: Speech2Text, *, minutes: float, seed: int, reach: int
) -> list[Spoken]:
    """Utterances in an order that ``seed`` shuffles, until ``minutes`` are full; those that cannot
    be aligned are left out and counted in a warning."""
    found: list[Spoken] = []
    skipped: dict[str, int] = defaultdict(int)
    left = minutes * 60 * RATE
    order = sorted(range(len(index)), key=lambda row: key_of(seed, "analysis", index.id(row)))
    for row in tqdm(order, desc="aligning", delay=2):
        if left <= 0:
            break
        symbols = index.labels(row)
        if any(symbol not in aligner.tokens for symbol in symbols):
            skipped["with phones that the aligner does not know"] += 1
            continue
        path, samples = index.path(row), int(index.num_samples[row])
        wave = audio.load(path, 0, samples)
        (scores,) = aligner.log_probs([torch.from_numpy(wave)])
        phones = align(scores, aligner.tokens.encode(symbols), reach=reach)
        if phones is None:
            skipped["without phones, or with more phones than frames"] += 1
            continue
        left -= len(wave)
        lang = index.lang_names[index.langs[row]]
        found.append(Spoken(index.id(row), path, samples, phones, lang))
    for reason, count in skipped.items():
        logger.warning("left out: %d utterances %s", count, reason)
    if not found:
        raise DataError("no utterance could be aligned: are token_file and aligner of one kind?")
    return found


def look(
    viewer: Viewer, spoken: Iterable[Spoken], store: Path, *, fit_share: float, seed: int
) -> Frames:
    """Every frame that has a phone; a share of the utterances is for k-means to learn from.

    store: empty folder for the layers, of which twelve of an hour would take 7 GB of memory.
    """
    parts: dict[str, list[np.ndarray]] = defaultdict(list)
    wide = _Columns(store)
    for item in tqdm(list(spoken), desc="layers", delay=2):
        views = viewer.view(audio.load(item.path, 0, item.samples))
        size = len(next(iter(views.layers.values())))
        if abs(size - len(item.phones)) > MOST_APART:
            raise DataError(
                f"{item.name}: the aligner gives {len(item.phones)} frames, the model {size}; "
                "both need one frame rate"
            )
        size = min(size, len(item.phones))
        keep = np.flatnonzero(item.phones[:size] != NOTHING)
        parts["phones"].append(item.phones[keep])
        parts["langs"].append(np.full(len(keep), item.lang))
        learns = key_of(seed, "fit", item.name) % 1000 < 1000 * fit_share
        parts["fit"].append(np.full(len(keep), learns))
        for number, layer in views.layers.items():
            wide.add(f"layer{number}", layer.numpy()[keep])
        if views.codes is not None and views.quantized is not None:
            parts["codes"].append(views.codes[keep])
            wide.add("quantized", views.quantized.numpy()[keep])
    joined = {name: np.concatenate(rows) for name, rows in parts.items()}
    return Frames(
        phones=joined["phones"],
        langs=joined["langs"],
        fit=joined["fit"],
        layers={number: wide.mapped(f"layer{number}") for number in views.layers},
        codes=joined.get("codes"),
        quantized=wide.mapped("quantized") if "codes" in joined else None,
    )


class _Columns:
    """Float32 rows by name, appended to files of an empty folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._widths: dict[str, int] = {}

    def add(self, name: str, rows: np.ndarray) -> None:
        self._widths[name] = rows.shape[1]
        with writing(self.folder / name), open(self.folder / name, "ab") as file:
            file.write(rows.astype(np.float32, copy=False).tobytes())

    def mapped(self, name: str) -> np.ndarray:
        return np.memmap(self.folder / name, np.float32, "r").reshape(-1, self._widths[name])


def layer_qualities(frames: Frames, clusters: int, *, seed: int, tries: int) -> dict[int, Quality]:
    """Layer -> quality of its k-means clusters."""
    found = {}
    for number, layer in tqdm(frames.layers.items(), desc=f"{clusters} clusters", delay=2):
        labels = cluster(layer, frames.fit, clusters, seed=seed, tries=tries)
        found[number] = quality(contingency(frames.phones, labels))
    return found


def code_quality(frames: Frames) -> Quality | None:
    """Of the codes themselves: each combination of the groups' entries is a cluster."""
    if frames.codes is None:
        return None
    _, joint = np.unique(frames.codes, axis=0, return_inverse=True)
    return quality(contingency(frames.phones, joint.ravel()))


def quantized_quality(frames: Frames, clusters: int, *, seed: int, tries: int) -> Quality | None:
    """Of k-means on the quantized vectors, to compare equal numbers of clusters."""
    if frames.quantized is None:
        return None
    distinct = len(np.unique(frames.quantized[frames.fit], axis=0))
    labels = cluster(frames.quantized, frames.fit, min(clusters, distinct), seed=seed, tries=tries)
    return quality(contingency(frames.phones, labels))
