"""A trained network as an object: waveforms in, in any number, scores out, in the same order."""

from __future__ import annotations

import contextlib
import tempfile
import weakref
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from asrkit.batch import Batch, Padded
from asrkit.decode.device import Flight, attention_without_plans, checked, host_zeros
from asrkit.decode.grouping import InOrder, like_lengths, rounded, windows
from asrkit.decode.prepared import prepare
from asrkit.model_io import ModelError, TrainedModel, device_of
from asrkit.objectives.base import Scorer
from asrkit.pack.archive import MANIFEST, is_pack, unpack
from asrkit.rate import RATE
from asrkit.temporary import Temporary
from asrkit.train.precision import Precision

BATCH_SECONDS = {"cuda": 320.0, "cpu": 12.0}
LOOK_AHEAD = 8  # batches, among whose utterances those of like length are chosen
STEPS = 8  # lengths an octave: a GPU is given few shapes, for which it makes its plans once
IN_FLIGHT = 2  # batches that a GPU has to do while the host prepares the next


class Network(ABC):
    """model: exp/<name>, one checkpoint file in it, or a pack; device: cpu or cuda.

    precision: fp32, bf16 or auto, as in training (train/precision.py): bf16 on CUDA; or int8, on a
    CPU, for the matrices of the transformer. ``objective`` is made ready to be used with it, and
    can do nothing else (decode/prepared.py).
    batch_seconds: of padded audio that the network is given at once; BATCH_SECONDS if None. A
    longer utterance is a batch of its own. look_ahead: seconds among which those of like length are
    chosen.
    A pack is unpacked to a temporary folder, which goes with the object.
    """

    def __init__(
        self,
        model: str | Path,
        *,
        device: str = "cpu",
        precision: str = "auto",
        batch_seconds: float | None = None,
    ) -> None:
        if batch_seconds is not None and not batch_seconds > 0:
            raise ModelError(f"batch_seconds is above 0, not {batch_seconds:g}")
        trained = TrainedModel.open(self._unpacked(Path(model)))
        self.path, self.folder, self.step = trained.file, trained.folder, trained.step
        self.device = device_of(device)
        self.objective = self._scorer(trained, Path(model)).to(self.device)
        int8 = precision == "int8"
        if int8 and self.device.type != "cpu":
            raise ModelError("precision int8 is for a CPU; on CUDA leave it out: bf16 is faster")
        self.precision = Precision("bf16" if int8 else precision, self.device)
        prepare(self.objective, self.precision, int8=int8)
        self.batch_seconds = batch_seconds or BATCH_SECONDS[self.device.type]
        self.look_ahead = LOOK_AHEAD * self.batch_seconds

    @abstractmethod
    def _scorer(self, trained: TrainedModel, given: Path) -> Scorer:
        """The network of a model; ModelError if it is of another kind. given: what was named."""

    def _unpacked(self, path: Path) -> Path:
        """The model's folder in a pack or an unpacked pack; any other path as it is."""
        if is_pack(path):
            home = Path(tempfile.gettempdir(), "asrkit_pack")
            temporary = Temporary(home, folder=True, private=True)
            weakref.finalize(self, temporary.remove)
            unpack(path, temporary.path / "pack")
            path = temporary.path / "pack"
        return path / "model" if (path / MANIFEST).is_file() else path

    def log_probs(self, waves: Iterable[Tensor | np.ndarray]) -> list[Tensor]:
        """Waveforms [S_i], or [1, S_i] as torchaudio reads them, of floats in [-1, 1] at 16 kHz to
        log-probabilities [T_i, V] on the host. Raises ValueError for anything else.

        T_i is 0 for less than a frame. An utterance's scores are those it has alone, to rounding,
        whatever it is padded with.
        """
        return list(self.frames(waves))

    def frames(
        self, waves: Iterable[Tensor | np.ndarray], *, best: bool = False
    ) -> Iterator[Tensor]:
        """``log_probs``, one by one in the order of the waveforms, of which at most LOOK_AHEAD
        batches and one are held; with ``best``, the best token of every frame, [T_i] int32."""
        most_held, window_limit = self.look_ahead * RATE, self.batch_seconds * RATE
        flying: deque[Flight] = deque()
        most = IN_FLIGHT if self.device.type == "cuda" else 0
        for window in windows(map(checked, waves), int(window_limit), int(most_held)):
            found = InOrder(len(window))
            groups = deque(self._groups([len(wave) for wave in window]))
            while groups:
                group = groups.popleft()
                result = self._run([window[number] for number in group], best)
                if result is None:  # did not fit: fewer together from now on
                    smaller = self._groups([len(window[number]) for number in group])
                    groups.extendleft([[group[at] for at in part] for part in reversed(smaller)])
                    continue
                flying.append(Flight(found, group, result))
                while len(flying) > most:
                    yield from flying.popleft().land()
            del window
        for flight in flying:
            yield from flight.land()

    @property
    def _steps(self) -> int:
        return STEPS if self.device.type == "cuda" else 0

    def _groups(self, lengths: list[int]) -> list[list[int]]:
        return like_lengths(lengths, int(self.batch_seconds * RATE), self._steps)

    @torch.inference_mode()
    def _run(self, waves: list[Tensor], best: bool) -> Padded | None:
        """What is asked of a batch, on the device; None if it is too large for its memory, and
        ``batch_seconds`` has become less."""
        lengths = torch.tensor([len(wave) for wave in waves])
        data = host_zeros(len(waves), rounded(int(lengths.max()), self._steps), self.device)
        for row, wave in zip(data, waves, strict=True):
            row[: len(wave)] = wave
        batch = Batch(
            ids=["utterance"] * len(waves),
            keys=torch.zeros(len(waves), dtype=torch.int64),
            speech=Padded(data, lengths),
        )
        try:
            scores = self._scores(batch)
            return Padded(scores.data.argmax(-1).int() if best else scores.data, scores.lengths)
        except torch.OutOfMemoryError:
            if len(waves) == 1:
                seconds = len(waves[0]) / RATE
                raise ModelError(
                    f"{self.device} has too little memory for {seconds:.1f} seconds at once; cut "
                    "recordings with a smaller --max_seconds"
                ) from None
        # not where the error is handled: it holds what was computed
        torch.cuda.empty_cache()
        self.batch_seconds = data.numel() / RATE / 2
        return None

    def _scores(self, batch: Batch) -> Padded:
        with self._computing():
            return self.objective.log_probs(batch.to(self.device))

    @contextlib.contextmanager
    def _computing(self) -> Iterator[None]:
        precise, cast = self.precision.matmul_precision(), self.precision.autocast()
        with precise, cast, attention_without_plans():
            yield
