"""A network made ready to recognize and nothing else: what follows from the weights alone is
computed once.

On a CPU: the Fourier filters of the wide position convolution, and with bf16, where the processor
multiplies it, matrices in bf16 in oneDNN's own order of blocks. Products have bf16 factors, as in
training with bf16, and so has attention; sums between the blocks and norms stay float32. int8 keeps
the transformer's matrices in 8 bits with a scale for each output, and rounds their inputs with one
scale for each call (as torch.ao's dynamic quantization does); the rest is as with bf16. On CUDA:
matrices in the type that autocast multiplies in.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from asrkit.encoders.conformer import ConformerLayer
from asrkit.encoders.conv import ConvLayer, ConvStack
from asrkit.encoders.kernels.fft_conv import fft_conv, fft_filters
from asrkit.encoders.masked import MaskedEncoder
from asrkit.encoders.pooling import PoolingLayer
from asrkit.encoders.positional import FFT_KERNEL, ConvPosition, WeightNormConv
from asrkit.encoders.transformer import TransformerLayer
from asrkit.train.precision import DTYPES, Precision

_LAYERS = (TransformerLayer, ConformerLayer, PoolingLayer)
_BEFORE_PRODUCTS = ("qkv", "fc1")  # products whose results are factors of the next


def prepare(network: nn.Module, precision: Precision, *, int8: bool = False) -> None:
    """Changes modules in place; the network can then neither learn nor be saved.

    Its results are the same to rounding: that of float32 with fp32, else that of its products.
    """
    if precision.device.type == "cuda":
        if precision.name != "fp32":
            _hold_weights_in(DTYPES[precision.name], network)
        return
    for module in list(network.modules()):
        if isinstance(module, ConvPosition):
            module.blocks = nn.ModuleList(map(_fixed, module.blocks))
        if isinstance(module, ConvStack) and precision.rounds:
            # the first is folded into its norm, or has one channel: nothing to multiply
            first = int(module.grouped or module.convs[0].weight.shape[1] == 1)
            packed = map(_PackedConv, module.convs[first:])
            module.convs = nn.ModuleList([*module.convs[:first], *packed])  # type: ignore[assignment]
        if isinstance(module, MaskedEncoder) and precision.rounds:
            module.projection = _PackedLinear(module.projection)  # type: ignore[assignment]
        if isinstance(module, _LAYERS) and (int8 or precision.rounds):
            made = _Int8Linear if int8 else _PackedLinear
            inside = torch.bfloat16 if precision.rounds else torch.float32
            for part in list(module.modules()):
                for name, child in list(part.named_children()):
                    if isinstance(child, nn.Linear):
                        out = inside if name in _BEFORE_PRODUCTS else torch.float32
                        setattr(part, name, made(child, out))


def _hold_weights_in(dtype: torch.dtype, network: nn.Module) -> None:
    """Autocast would cast them at every use, to the same."""
    for module in network.modules():
        if isinstance(module, nn.Linear):
            for name, value in list(module.named_parameters(recurse=False)):
                setattr(module, name, nn.Parameter(value.detach().to(dtype), requires_grad=False))


class _FixedPosition(nn.Module):
    """WeightNormConv by Fourier blocks, of filters that are there."""

    def __init__(self, conv: WeightNormConv) -> None:
        super().__init__()
        self._groups, self._bias = conv.groups, conv.bias.detach()
        with torch.no_grad():
            gain = conv.gain().flatten()
            self._filters = fft_filters(conv.weight_v, gain, conv.groups).contiguous()

    def forward(self, x: Tensor) -> Tensor:
        return fft_conv(x, self._filters, self._groups) + self._bias


def _fixed(block: nn.Module) -> nn.Module:
    wide = isinstance(block, WeightNormConv) and block.kernel >= FFT_KERNEL
    return _FixedPosition(block) if wide else block  # type: ignore[arg-type]


class _PackedLinear(nn.Module):
    """[..., K] to [..., N] with bf16 factors, float32 sums, and the result in type ``out``."""

    def __init__(self, linear: nn.Linear, out: torch.dtype = torch.float32) -> None:
        super().__init__()
        self._product = _Product(linear.weight, linear.bias)
        self._out = out

    def forward(self, x: Tensor) -> Tensor:
        return self._product(x).to(self._out)


class _Product:
    """x @ weight.t() + bias in bf16, with a weight [N, K] in oneDNN's order."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        half = weight.detach().bfloat16().contiguous()
        self._weight = torch.ops.mkldnn._reorder_linear_weight(half)
        self._bias = None if bias is None else bias.detach().bfloat16()

    def __call__(self, x: Tensor) -> Tensor:
        found: Tensor = torch.ops.mkldnn._linear_pointwise(
            x.bfloat16(), self._weight, self._bias, "none", [], ""
        )
        return found


class _PackedConv(ConvLayer):
    """A layer of the stack as one product over all the samples that a frame sees."""

    def __init__(self, conv: ConvLayer) -> None:
        nn.Module.__init__(self)
        self.kernel, self.stride = conv.kernel, conv.stride
        taps_first = conv.weight.detach().transpose(1, 2).flatten(1)  # [O, k * C]
        self._product = _Product(taps_first, conv.bias)

    def forward(self, x: Tensor) -> Tensor:
        x = x.bfloat16().contiguous()
        rows, size, channels = x.shape
        frames = (size - self.kernel) // self.stride + 1
        seen = x.as_strided(
            (rows, frames, self.kernel * channels), (size * channels, self.stride * channels, 1)
        )
        return self._product(seen)


class _Int8Linear(nn.Module):
    """[..., K] to [..., N] with factors of 8 bits, and the result in type ``out``."""

    def __init__(self, linear: nn.Linear, out: torch.dtype = torch.float32) -> None:
        super().__init__()
        self._out = out
        weight = linear.weight.detach()
        scales = weight.abs().amax(1).double().clamp(min=1e-12) / 127
        zeros = torch.zeros(len(scales), dtype=torch.int64)
        rounded = torch.quantize_per_channel(weight, scales, zeros, 0, torch.qint8)
        # without such products a processor adds two in 16 bits, which must not overflow
        whole = torch.cpu._is_vnni_supported()
        before = torch.backends.quantized.engine
        torch.backends.quantized.engine = "onednn" if whole else "x86"
        try:
            bias = None if linear.bias is None else linear.bias.detach()
            self._packed = torch.ops.quantized.linear_prepack(rounded, bias)
        finally:
            torch.backends.quantized.engine = before
        self._reduce = not whole

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = torch.ops.quantized.linear_dynamic(x.float(), self._packed, self._reduce)
        return found.to(self._out)
