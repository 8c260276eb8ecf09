"""fp32, bf16 or fp16: autocast, and for fp16 a loss scale that follows overflows.

On a CPU bf16 is what oneDNN calls a math mode: only the factors of float32 matrix products are
rounded, where the processor multiplies bf16 (AMX). torch computes some convolutions as products
(a batch of one, kernels of one) and rounds those, too. Where the processor does not multiply
bf16 the mode is left alone: it would only trade MKL's float32 products for oneDNN's, other digits
for nothing. Autocast is not used on a CPU: oneDNN's bf16 convolutions are wrong for many shapes
with AMX, and say nothing. Environment variables of oneDNN's set a mode for all that it computes,
which torch cannot take back; that is reported.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
from collections.abc import Iterator

import torch

DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}
_FPMATH_VARIABLES = ("ONEDNN_DEFAULT_FPMATH_MODE", "DNNL_DEFAULT_FPMATH_MODE")
_GROWTH_INTERVAL = 2000  # good updates after which fp16's scale doubles


@contextlib.contextmanager
def _products(precision: str) -> Iterator[None]:
    """torch's precision of float32 products, a setting of the whole process, for a while."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(precision)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def _tell_environment() -> None:
    for name in _FPMATH_VARIABLES:
        mode = os.environ.get(name, "STRICT")
        if mode.upper() != "STRICT":
            logging.warning(
                "%s=%s lets oneDNN round float32 convolutions and products, whatever precision is; "
                "unset it for fp32",
                name,
                mode,
            )


@functools.cache
def cpu_rounds_products() -> bool:
    """Whether this processor multiplies float32 factors as bf16 when it may: seen in a product,
    since what torch tells of a processor differs by version and architecture."""
    factor = torch.full((256, 256), 1 + 2**-10)  # 1 in bf16
    with _products("medium"):
        product = factor @ factor
    return bool((product - 256.5).abs().max() > 0.1)  # 256 * factor ** 2 is 256.5


class Precision:
    """Weights stay fp32. scale: what the loss is multiplied with before backward. rounds: whether a
    CPU multiplies bf16."""

    def __init__(self, name: str, device: torch.device) -> None:
        if name == "auto":
            name = "bf16" if device.type == "cuda" else "fp32"
        if name not in ("fp32", *DTYPES):
            raise ValueError(f"precision: fp32, bf16, fp16 or auto, not {name!r}")
        if name == "fp16" and device.type != "cuda":
            raise ValueError("precision: fp16 needs CUDA; use fp32 or bf16 on the CPU")
        self.name, self.device = name, device
        self.scales = name == "fp16"
        self.scale = 128.0 if self.scales else 1.0
        self._good = 0
        if device.type == "cpu":
            _tell_environment()
        self.rounds = name == "bf16" and device.type == "cpu" and cpu_rounds_products()
        if name == "bf16" and device.type == "cpu" and not self.rounds:
            logging.info("precision bf16: this processor multiplies float32 only; this is fp32")

    def matmul_precision(self) -> contextlib.AbstractContextManager[None]:
        """Around forward and backward; afterwards the process is as it was before."""
        if self.device.type != "cpu":
            return contextlib.nullcontext()
        return _products("medium" if self.rounds else "highest")

    def autocast(self) -> contextlib.AbstractContextManager[None]:
        if self.name == "fp32" or self.device.type == "cpu":
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, dtype=DTYPES[self.name])

    def state(self) -> list[float]:
        return [self.scale, float(self._good)]

    def restore(self, state: list[float]) -> None:
        self.scale, self._good = state[0], int(state[1])

    def update(self, finite: bool) -> None:
        """Halves the scale after an overflow, doubles it after a long good stretch."""
        if not self.scales:
            return
        self._good = self._good + 1 if finite else 0
        if not finite:
            self.scale = max(self.scale / 2, 2.0**-10)
        elif self._good % _GROWTH_INTERVAL == 0:
            self.scale = min(self.scale * 2, 2.0**24)
