"""How batches come to a device and results back, without a wait for either."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from asrkit.batch import Padded
from asrkit.decode.grouping import InOrder
from asrkit.decode.live import Steps

UNSCALED = 100.0  # no sample of speech that was brought to variance 1 is as large; 16 bits are

# cuDNN's attention makes a plan for every new shape, which takes longer than the attention
ATTENTION = [SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]


def host_zeros(rows: int, size: int, device: torch.device) -> Tensor:
    """[rows, size] on the host, from where ``device`` copies while it computes."""
    return torch.zeros(rows, size, pin_memory=device.type == "cuda")


def attention_without_plans() -> contextlib.AbstractContextManager[None]:
    """A context in which attention on CUDA takes any shape at once."""
    return sdpa_kernel(ATTENTION)


def checked(wave: Tensor | np.ndarray) -> Tensor:
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
        raise ValueError("a waveform has samples that are not numbers, or not scaled to [-1, 1]")
    return wave.float()


class Flight:
    """Results of a batch, [B, T, ...], that the device may still be computing.

    group: the numbers that its rows have in ``found``.
    """

    def __init__(self, found: InOrder, group: Sequence[int], result: Padded) -> None:
        self._found, self._group = found, group
        away = result.data.device.type == "cuda"
        # the host's copy of an asynchronous one is pinned
        self._result = Padded(result.data.to("cpu", non_blocking=away), result.lengths)
        self._done = _recorded() if away else None

    def land(self) -> Iterator[Tensor]:
        """Waits for it; what can be given out now, in order."""
        if self._done is not None:
            self._done.synchronize()
        data, lengths = self._result
        for number, row, length in zip(self._group, data, lengths.tolist(), strict=True):
            self._found.put(number, row[:length].clone())
        yield from self._found.ready()


class Stepping:
    """Samples in parts, on the host, to frames there, by a network that carries its state.

    how: a context to compute in.
    """

    def __init__(
        self,
        steps: Steps,
        device: torch.device,
        how: Callable[[], contextlib.AbstractContextManager[None]],
    ) -> None:
        self._steps, self._device, self._how = steps, device, how

    @torch.inference_mode()
    def add(self, samples: Tensor) -> Tensor:
        with self._how():
            return self._steps.add(checked(samples).to(self._device)).cpu()

    @torch.inference_mode()
    def rest(self) -> Tensor:
        with self._how():
            return self._steps.rest().cpu()


def _recorded() -> torch.cuda.Event:
    event = torch.cuda.Event()
    event.record()
    return event
