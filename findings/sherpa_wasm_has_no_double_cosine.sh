#!/usr/bin/env bash
# sherpa-onnx 1.13.8 (npm, WebAssembly): a graph with Cos of float64 ends the program with a number, one with Sin of float64 runs.
#
# Guess: a graph that onnxruntime runs on a computer, with operations of opset 18 alone, runs in WebAssembly, more slowly.
# Seen: onnxruntime 1.32 runs both graphs. The npm package creates a recognizer from the one with Sin; from the one with Cos it throws
# a bare number, the address of a C++ exception, and says nothing of a missing kernel. Graphs that compute the cosines of a spectrum
# in float64 load on a desktop and not in a browser; cos(x) = sin(x + pi / 2) loads in both.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
(cd "${dir}" && npm install --silent --no-audit --no-fund sherpa-onnx@1.13.8)
cd "${dir}"
"${dir}/venv/bin/python" - <<'PY'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

for kind in ("Sin", "Cos"):
    nodes = [
        helper.make_node(kind, ["angles"], ["waves"]),
        helper.make_node("Cast", ["waves"], ["scores"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMin", ["samples"], ["least"], keepdims=0),
        helper.make_node("Mul", ["least", "nothing"], ["zero"]),
        helper.make_node("Add", ["scores", "zero"], ["log_probs"]),
    ]
    graph = helper.make_graph(
        nodes,
        kind,
        [helper.make_tensor_value_info("samples", TensorProto.FLOAT, ["N", "S"])],
        [helper.make_tensor_value_info("log_probs", TensorProto.FLOAT, ["N", "T", 2])],
        [
            numpy_helper.from_array(np.zeros((1, 5, 2)), "angles"),
            numpy_helper.from_array(np.zeros((), np.float32), "nothing"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, f"{kind}.onnx")
    (found,) = onnxruntime.InferenceSession(f"{kind}.onnx").run(None, {"samples": np.zeros((1, 9), np.float32)})
    print(f"onnxruntime {onnxruntime.__version__}, {kind}(0) of float64: {found[0, 0, 0]:.0f}")
PY
printf '<blk> 0\na 1\n' >tokens.txt
cat >run.js <<'JS'
const sherpa = require('sherpa-onnx');
const kind = process.argv[2];
try {
  sherpa.createOfflineRecognizer({
    modelConfig: {omnilingual: {model: `./${kind}.onnx`}, tokens: './tokens.txt'},
  });
  console.log(`sherpa-onnx in WebAssembly, ${kind}: loaded`);
} catch (error) {
  console.log(`sherpa-onnx in WebAssembly, ${kind}: thrown, ${typeof error}`);
  process.exitCode = 3;
}
JS
sine=0 cosine=0
node run.js Sin || sine=$?
node run.js Cos || cosine=$?
[[ ${sine} == 0 && ${cosine} == 3 ]]
