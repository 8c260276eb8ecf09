"""A trained recogniser as an object: waveforms in, log-probabilities and tokens out."""

from __future__ import annotations

import tempfile
import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from asrkit.batch import Batch, Padded
from asrkit.decode.grouping import InOrder, like_lengths, rounded, windows
from asrkit.model_io import ModelError, TrainedModel, device_of
from asrkit.objectives.base import Recognizer
from asrkit.pack.archive import MANIFEST, is_pack, unpack
from asrkit.temporary import Temporary
from asrkit.text.tokenize import META, CharTokenizer
from asrkit.train.precision import Precision
from asrkit.vocabulary import strip_languages, type_of

RATE = 16_000
UNSCALED = 100.0  # no sample of speech that was brought to variance 1 is as large; 16 bits are
BATCH_SECONDS = {"cuda": 320.0, "cpu": 24.0}
LOOK_AHEAD = 8  # batches, among whose utterances those of like length are chosen
GRID = 5120  # samples, 16 frames: on a GPU lengths are rounded up, so that shapes repeat
IN_FLIGHT = 2  # batches that a GPU has to do while the host prepares the next


class Speech2Text:
    """model: exp/<name>, one checkpoint file in it, or a pack; device: cpu or cuda.

    precision: fp32, bf16 or auto, as in training (train/precision.py): bf16 on CUDA.
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
        if trained.tokens is None:
            raise ModelError(
                f"{model}: this model was pre-trained only and cannot recognise speech; fine-tune "
                "it with labelled data first (stage 8 of the recipes"
                + (", after python -m asrkit.bin.unpack)" if is_pack(Path(model)) else ")")
            )
        self.path, self.folder, self.step = trained.file, trained.folder, trained.step
        self.device = device_of(device)
        self.token_file = trained.options.token_file or ""
        self.tokens = trained.tokens
        objective = trained.objective()
        if not isinstance(objective, Recognizer):
            raise ModelError(
                f"{self.path}: objective {trained.options.objective!r} is no recogniser"
            )
        self.objective = objective.to(self.device)
        self.precision = Precision(precision, self.device)
        self.batch_seconds = batch_seconds or BATCH_SECONDS[self.device.type]
        self.look_ahead = LOOK_AHEAD * self.batch_seconds

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
        return list(self.stream(waves))

    def stream(
        self, waves: Iterable[Tensor | np.ndarray], *, best: bool = False
    ) -> Iterator[Tensor]:
        """``log_probs``, one by one in the order of the waveforms, of which at most LOOK_AHEAD
        batches and one are held; with ``best``, the best token of every frame, [T_i] int32."""
        limit, most_held = int(self.batch_seconds * RATE), int(self.look_ahead * RATE)
        flying: deque[_Flight] = deque()
        most = IN_FLIGHT if self.device.type == "cuda" else 0
        for window in windows(map(_checked, waves), limit, most_held):
            found = InOrder(len(window))
            for group in like_lengths([len(wave) for wave in window], limit, self._grid):
                flying.append(_Flight(found, group, self._run([window[n] for n in group], best)))
                while len(flying) > most:
                    yield from flying.popleft().land()
            del window
        for flight in flying:
            yield from flight.land()

    @property
    def _grid(self) -> int:
        return GRID if self.device.type == "cuda" else 1

    @torch.inference_mode()
    def _run(self, waves: list[Tensor], best: bool) -> Padded:
        """What is asked of the utterances of a batch; on its way to the host."""
        lengths = torch.tensor([len(wave) for wave in waves])
        size = rounded(int(lengths.max()), self._grid)
        cuda = self.device.type == "cuda"
        data = torch.zeros(len(waves), size, pin_memory=cuda)
        for row, wave in zip(data, waves, strict=True):
            row[: len(wave)] = wave
        batch = Batch(
            ids=["utterance"] * len(waves),
            keys=torch.zeros(len(waves), dtype=torch.int64),
            speech=Padded(data, lengths),
        )
        with self.precision.products(), self.precision.autocast():
            scores = self.objective.log_probs(batch.to(self.device))
        result = scores.data.argmax(-1).int() if best else scores.data
        return Padded(result.to("cpu", non_blocking=cuda), scores.lengths)

    def words(self, symbols: Sequence[str]) -> list[str] | None:
        """Words of a token sequence, or None where tokens (phones) do not spell words."""
        kind, separate = type_of(self.token_file)
        if separate:
            symbols = strip_languages(symbols)
        if kind == "char":
            return CharTokenizer().decode(symbols)
        if kind.startswith("bpe"):
            return "".join(symbols).replace(META, " ").split()
        return None


class _Flight:
    """A batch that the device may still be computing."""

    def __init__(self, found: InOrder, group: list[int], result: Padded) -> None:
        self._found, self._group, self._result = found, group, result
        self._event = torch.cuda.Event() if result.data.is_pinned() else None
        if self._event is not None:
            self._event.record()

    def land(self) -> Iterator[Tensor]:
        if self._event is not None:
            self._event.synchronize()
        data, lengths = self._result
        for number, row, length in zip(self._group, data, lengths.tolist(), strict=True):
            self._found.put(number, row[:length].clone())
        yield from self._found.ready()


def _checked(wave: Tensor | np.ndarray) -> Tensor:
    """float32 [S] of one waveform."""
    wave = torch.as_tensor(wave)
    if not wave.is_floating_point():
        raise ValueError(f"a waveform holds floats in [-1, 1], not {wave.dtype}; divide by 32768")
    if wave.ndim == 2 and len(wave) == 1:
        wave = wave[0]
    if wave.ndim != 1:
        raise ValueError(
            f"a waveform is [S], samples at 16 kHz of one channel, not {list(wave.shape)}"
        )
    low, high = wave.aminmax() if len(wave) else (0.0, 0.0)
    if not max(-low, high) <= UNSCALED:  # NaN is not below anything
        raise ValueError("a waveform has samples that are no numbers, or not scaled to [-1, 1]")
    return wave.float()


def chunks(wave: Tensor, seconds: float) -> Iterator[Tensor]:
    """Cuts a long recording at its quietest points, so that attention's memory stays small.

    Raises ModelError for less than 0.1 seconds, which hold no quietest point.
    """
    if seconds < 0.1:
        raise ModelError(f"max_seconds is at least 0.1, not {seconds:g}")
    limit, start = int(seconds * 16_000), 0
    while len(wave) - start > limit:
        window = wave[start + limit // 2 : start + limit]
        frames = window[: len(window) // 320 * 320].view(-1, 320).square().mean(1)
        cut = start + limit // 2 + int(frames.argmin()) * 320 + 160
        yield wave[start:cut]
        start = cut
    yield wave[start:]
