"""A recognizer as an ONNX graph: samples in, log-probabilities out, any number and length of rows.

The network is traced in plain operations (asrkit/plain.py), which know neither padding nor short
inputs: what makes a short one long enough, and its frames disappear again, is added to the graph.
"""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import onnx
import onnxscript
import torch
from onnx import TensorProto, helper
from onnxscript import ir, opset18
from torch import Tensor, nn

from asrkit.batch import Batch, Padded
from asrkit.encoders.kernels.lstm import lstm
from asrkit.objectives.base import Recognizer
from asrkit.plain import plain_operations
from asrkit.rate import RATE

OPSET = 18  # of 2022: onnxruntime 1.14 and later, and the sherpa-onnx that have omnilingual models
op: Any = opset18  # whose methods are typed more narrowly than what they take
INPUT, OUTPUT = "samples", "log_probs"
SPEECH = 0.1  # the root mean square of loud speech
_EXAMPLE = RATE  # samples of the rows that are traced: a second
_ENDLESS = 2**31 - 1


def graph_of(
    recognizer: Recognizer, metadata: Mapping[str, object], *, normalizes: bool
) -> onnx.ModelProto:
    """``samples`` float32 [N, S] at 16 kHz to ``log_probs`` float32 [N, T, V].

    normalizes: the network brings samples to mean 0 and variance 1. Rows are read to their ends, as
    none is padded; T is 0 where S is less than a frame.
    """
    shortest = shortest_input(recognizer)
    model = _traced(recognizer, max(_EXAMPLE, 2 * shortest), normalizes=normalizes)
    _short_inputs(model.graph, shortest)
    for key, value in metadata.items():
        model.metadata_props.add(key=key, value=str(value))
    return model


def whole_rows(samples: Tensor) -> Batch:
    """A batch of rows [N, S] without padding."""
    lengths = torch.full((samples.shape[0],), samples.shape[1])
    return Batch([], lengths, Padded(samples, lengths))


@torch.inference_mode()
def shortest_input(recognizer: Recognizer) -> int:
    """Samples below which there is no frame."""
    too_short, enough = 0, 1
    while not _frames(recognizer, enough):
        too_short, enough = enough, 2 * enough
    while enough - too_short > 1:
        middle = (too_short + enough) // 2
        if _frames(recognizer, middle):
            enough = middle
        else:
            too_short = middle
    return enough


def _frames(recognizer: Recognizer, samples: int) -> int:
    return int(recognizer.log_probs(whole_rows(torch.zeros(1, samples))).lengths)


class _Whole(nn.Module):
    """The function that is traced.

    sherpa-onnx brings the samples of any model to variance 1. A network that does the same leaves
    those as they are (normalize_waveform); for another they are brought back to where speech is,
    as their own loudness is lost. Samples in [-1, 1] have not been normalized.
    """

    def __init__(self, recognizer: Recognizer, *, normalizes: bool) -> None:
        super().__init__()
        self.recognizer, self.normalizes = recognizer, normalizes

    def forward(self, samples: Tensor) -> Tensor:
        if not self.normalizes:
            normalized = samples.abs().amax(1, keepdim=True) > 1
            samples = torch.where(normalized, SPEECH * samples, samples)
        with plain_operations():
            return self.recognizer.log_probs(whole_rows(samples)).data


def _traced(recognizer: Recognizer, size: int, *, normalizes: bool) -> onnx.ModelProto:
    dynamic = torch.export.Dim.DYNAMIC
    with _quiet(), torch.no_grad():
        program: Any = torch.onnx.export(
            _Whole(recognizer, normalizes=normalizes).eval(),
            (torch.zeros(2, size),),
            dynamo=True,
            dynamic_shapes={"samples": {0: dynamic, 1: dynamic}},
            input_names=[INPUT],
            output_names=[OUTPUT],
            opset_version=OPSET,
            custom_translation_table={lstm: _lstm, torch.ops.asrkit.lstm.default: _lstm},
            optimize=False,
        )
        onnxscript.optimizer.inline(program.model)
        onnxscript.optimizer.fold_constants(program.model, should_fold=_is_stored)
        onnxscript.optimizer.remove_unused_nodes(program.model)
        model: onnx.ModelProto = ir.to_proto(program.model)
    _forget(model.graph)
    for value, names in ((model.graph.input[0], "NS"), (model.graph.output[0], "NT")):
        for dimension, name in zip(value.type.tensor_type.shape.dim, names, strict=False):
            dimension.dim_param = name
    return model


def _forget(graph: onnx.GraphProto) -> None:
    """Without what the tracer writes for itself: names of lengths, and where the code lies."""
    del graph.value_info[:]
    for part in (graph, *graph.input, *graph.output, *graph.initializer, *graph.node):
        del part.metadata_props[:]


def _is_stored(node: ir.Node) -> bool:
    """Whether a constant is written, of whatever size: not the sines of a spectrum."""
    return all(
        value.dtype != ir.DataType.DOUBLE for value in (*node.inputs, *node.outputs) if value
    )


def _lstm(x: Any, w_in: Any, w_state: Any, b_in: Any, b_state: Any) -> Any:
    """ONNX's operation. Its gates are input, output, forget, cell; torch's input, forget, cell,
    output. Time comes first, directions are an axis."""
    parts = []
    for weight in (w_in, w_state, b_in, b_state):
        gates = op.Split(weight, axis=0, num_outputs=4)
        parts.append(op.Concat(gates[0], gates[3], gates[1], gates[2], axis=0))
    bias = op.Concat(parts[2], parts[3], axis=0)
    first = op.Constant(value_ints=[0])
    states, _, _ = op.LSTM(
        op.Transpose(x, perm=[1, 0, 2]),
        op.Unsqueeze(parts[0], first),
        op.Unsqueeze(parts[1], first),
        op.Unsqueeze(bias, first),
        hidden_size=w_state.shape[1],
    )
    return op.Transpose(op.Squeeze(states, op.Constant(value_ints=[1])), perm=[1, 0, 2])


def _short_inputs(graph: onnx.GraphProto, shortest: int) -> None:
    """Zeros after rows shorter than ``shortest``, and no frame in the end."""
    for node in graph.node:
        node.input[:] = ["asrkit_padded" if name == INPUT else name for name in node.input]
        node.output[:] = ["asrkit_frames" if name == OUTPUT else name for name in node.output]

    def constant(name: str, *values: int) -> None:
        made = helper.make_tensor(f"asrkit_{name}", TensorProto.INT64, [len(values)], values)
        graph.initializer.append(made)

    constant("zero", 0)
    constant("before", 0, 0, 0)
    constant("one", 1)
    constant("shortest", shortest)
    constant("endless", _ENDLESS)
    before: list[tuple[str, list[str], str, dict[str, Any]]] = [
        ("Shape", [INPUT], "size", {"start": 1, "end": 2}),
        ("Sub", ["asrkit_shortest", "asrkit_size"], "less", {}),
        ("Max", ["asrkit_less", "asrkit_zero"], "missing", {}),
        ("Concat", ["asrkit_before", "asrkit_missing"], "pads", {"axis": 0}),
        ("Pad", [INPUT, "asrkit_pads"], "padded", {}),
    ]
    after: list[tuple[str, list[str], str, dict[str, Any]]] = [
        ("Less", ["asrkit_size", "asrkit_shortest"], "short", {}),
        ("Where", ["asrkit_short", "asrkit_zero", "asrkit_endless"], "end", {}),
    ]
    nodes = [
        helper.make_node(kind, inputs, [f"asrkit_{output}"], f"asrkit_{output}", **attributes)
        for kind, inputs, output, attributes in (*before, *after)
    ]
    ends = ["asrkit_frames", "asrkit_zero", "asrkit_end", "asrkit_one"]
    nodes.append(helper.make_node("Slice", ends, [OUTPUT], "asrkit_slice"))
    own = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes[: len(before)], *own, *nodes[len(before) :]])


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without what the exporter says of packages that are not there, and of its own progress."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
