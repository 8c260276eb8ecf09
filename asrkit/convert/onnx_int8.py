"""Weights of an ONNX graph in 8 bits: a quarter of the file.

Matrices are multiplied in 8 bits (onnxruntime's dynamic quantization: inputs are rounded with one
scale for each call). Filters of convolutions, and what an LSTM holds, are stored in 8 bits with a
scale for each output, and used in float32: onnxruntime's convolutions in 8 bits are slower than
those of floats.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

_STORED = {"Conv": {1: 0}, "LSTM": {1: 1, 2: 1}}  # operation -> input -> axis of its outputs
_MEL = "mel_scale.fb"  # what multiplies energies: 8 bits are too few for their range
_FEW = 1024  # numbers that are not worth it


def quantize(source: Path, target: Path, *, external: bool) -> None:
    """external: the file is too large for one; its weights lie beside it.

    Raises OSError where the disk is full.
    """
    nodes = onnx.load(source, load_external_data=False).graph.node
    energies = [node.name for node in nodes if any(name.endswith(_MEL) for name in node.input)]
    with _quiet():
        try:
            quantize_dynamic(
                source,
                target,
                op_types_to_quantize=["MatMul"],
                nodes_to_exclude=energies,
                per_channel=True,
                weight_type=QuantType.QUInt8,  # with which no processor's sums of 16 bits overflow
                use_external_data_format=external,
            )
        except DecodeError:
            # The source was read above; what is cut off is a copy with shapes, which is written
            # beside it by C++ that does not look whether it could.
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from None


def store_in_8_bits(graph: onnx.GraphProto) -> None:
    """Replaces the float32 weights of convolutions and LSTMs, in place."""
    weights = {value.name: value for value in graph.initializer}
    made: list[onnx.NodeProto] = []
    for node in graph.node:
        for position, axis in _STORED.get(node.op_type, {}).items():
            name = node.input[position]
            if name in weights and np.prod(weights[name].dims) > _FEW:
                made.append(_stored(graph, weights[name], axis))
                node.input[position] = made[-1].output[0]
    own = list(graph.node)
    del graph.node[:]
    graph.node.extend([*made, *own])


def _stored(graph: onnx.GraphProto, weight: onnx.TensorProto, axis: int) -> onnx.NodeProto:
    values = numpy_helper.to_array(weight)
    others = tuple(number for number in range(values.ndim) if number != axis)
    scales = np.maximum(np.abs(values).max(others), 1e-12) / 127
    shape = [len(scales) if number == axis else 1 for number in range(values.ndim)]
    rounded = np.rint(values / scales.reshape(shape)).astype(np.int8)
    name = weight.name
    graph.initializer.remove(weight)
    graph.initializer.append(numpy_helper.from_array(rounded, f"{name}_int8"))
    graph.initializer.append(numpy_helper.from_array(scales.astype(np.float32), f"{name}_scale"))
    inputs, outputs = [f"{name}_int8", f"{name}_scale"], [f"{name}_float"]
    return helper.make_node("DequantizeLinear", inputs, outputs, f"{name}_dequantized", axis=axis)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """It logs advice on the root logger."""
    root = logging.getLogger()
    disabled, root.disabled = root.disabled, True
    try:
        yield
    finally:
        root.disabled = disabled
