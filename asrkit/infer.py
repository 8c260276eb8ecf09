"""A trained recogniser as an object: waveforms in, log-probabilities and tokens out."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from asrkit.batch import Batch, pad
from asrkit.model_io import ModelError, TrainedModel, device_of
from asrkit.objectives.base import Recognizer
from asrkit.pack.archive import MANIFEST, is_pack, unpack
from asrkit.temporary import Temporary
from asrkit.text.tokenize import META, CharTokenizer
from asrkit.vocabulary import strip_languages, type_of

UNSCALED = 100.0  # no sample of speech that was brought to variance 1 is as large; 16 bits are


class Speech2Text:
    """model: exp/<name>, one checkpoint file in it, or a pack; device: cpu or cuda.

    A pack is unpacked to a temporary folder, which goes with the object.
    """

    def __init__(self, model: str | Path, *, device: str = "cpu") -> None:
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

    def _unpacked(self, path: Path) -> Path:
        """The model's folder in a pack or an unpacked pack; any other path as it is."""
        if is_pack(path):
            home = Path(tempfile.gettempdir(), "asrkit_pack")
            temporary = Temporary(home, folder=True, private=True)
            weakref.finalize(self, temporary.remove)
            unpack(path, temporary.path / "pack")
            path = temporary.path / "pack"
        return path / "model" if (path / MANIFEST).is_file() else path

    @torch.inference_mode()
    def log_probs(self, waves: Sequence[Tensor | np.ndarray]) -> list[Tensor]:
        """Waveforms [S_i], or [1, S_i] as torchaudio reads them, of floats in [-1, 1] at 16 kHz to
        log-probabilities [T_i, V] on the host. Raises ValueError for anything else.

        One at a time: nothing is padded, whatever the lengths. T_i is 0 for less than a frame.
        """
        found = []
        for wave in map(_checked, waves):
            batch = Batch(
                ids=["utterance"], keys=torch.zeros(1, dtype=torch.int64), speech=pad([wave])
            )
            scores = self.objective.log_probs(batch.to(self.device))
            found.append(scores.data[0, : int(scores.lengths[0])].cpu())
        return found

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
    if len(wave) and not wave.abs().max() <= UNSCALED:  # NaN is not below anything
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
