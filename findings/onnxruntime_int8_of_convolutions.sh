#!/usr/bin/env bash
# onnxruntime 1.32.0: quantize_dynamic has one scale for a convolution's weights, per_channel or not, and quantizes those the graph computes at each run.
#
# Guess: per_channel=True gives each output channel of a convolution its own scale, as of a matrix product; a weight that the graph computes (weight
# norm) is left in float32 as there is nothing to store.
# Seen: per_channel changes nothing for Conv: with one channel a thousandth as loud as the rest, that channel is 0 everywhere, with and without it. As
# MatMul the same weights keep it with per_channel. A computed weight gets a DynamicQuantizeLinear of its own: the file is as large as before, the
# weights are rounded again at each run, and the quiet channel is lost as well. Warnings: none of these.
# Source: onnxruntime/quantization/operators/conv.py (ConvInteger), whose per_channel is for QLinearConv alone.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "${dir}"
"${dir}/venv/bin/python" - <<'PY'
import os

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import quantize_dynamic

rng = np.random.default_rng(0)
IN, OUT = 32, 64
weights = rng.standard_normal((OUT, IN, 1)).astype(np.float32)
weights[0] /= 1000
x = rng.standard_normal((1, IN, 50)).astype(np.float32)


def graph(kind):
    if kind == "MatMul":
        nodes = [
            helper.make_node("Transpose", ["x"], ["rows"], perm=[0, 2, 1]),
            helper.make_node("MatMul", ["rows", "weight"], ["columns"]),
            helper.make_node("Transpose", ["columns"], ["y"], perm=[0, 2, 1]),
        ]
        stored = [numpy_helper.from_array(weights[..., 0].T.copy(), "weight")]
    elif kind == "Conv":
        nodes = [helper.make_node("Conv", ["x", "weight"], ["y"])]
        stored = [numpy_helper.from_array(weights, "weight")]
    else:
        nodes = [helper.make_node("Mul", ["direction", "length"], ["weight"]), helper.make_node("Conv", ["x", "weight"], ["y"])]
        stored = [numpy_helper.from_array(weights, "direction"), numpy_helper.from_array(np.ones((1, 1, 1), np.float32), "length")]
    return helper.make_graph(
        nodes, "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, IN, "T"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, OUT, "T"])],
        stored,
    )


print("onnxruntime", onnxruntime.__version__)
found = {}
for kind in ("MatMul", "Conv", "Conv of a computed weight"):
    model = helper.make_model(graph(kind), opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.save(model, "float.onnx")
    (exact,) = onnxruntime.InferenceSession("float.onnx").run(None, {"x": x})
    for per_channel in (False, True):
        quantize_dynamic("float.onnx", "int8.onnx", per_channel=per_channel)
        operations = [node.op_type for node in onnx.load("int8.onnx").graph.node]
        (rounded,) = onnxruntime.InferenceSession("int8.onnx").run(None, {"x": x})
        quiet = float(np.linalg.norm(rounded[:, 0] - exact[:, 0]) / np.linalg.norm(exact[:, 0]))
        size = os.path.getsize("int8.onnx") / os.path.getsize("float.onnx")
        found[kind, per_channel] = quiet, size, operations
        print(f"{kind}, per_channel={per_channel}: error of the quiet channel {quiet:.2f}, size x {size:.2f}, {' '.join(operations)}")
seen = {
    "MatMul": found["MatMul", True][0] < 0.1,
    "MatMul, one scale": found["MatMul", False][0] > 0.5,
    "Conv": min(found["Conv", channel][0] for channel in (False, True)) > 0.5,
    "computed": min(found["Conv of a computed weight", channel][0] for channel in (False, True)) > 0.5,
    "size": found["Conv of a computed weight", True][1] > 0.99 > 0.5 > found["Conv", True][1],
    "twice": found["Conv of a computed weight", True][2].count("DynamicQuantizeLinear") == 2,
}
wrong = [case for case, holds in seen.items() if not holds]
raise SystemExit(f"no longer so: {wrong}" if wrong else 0)
PY
