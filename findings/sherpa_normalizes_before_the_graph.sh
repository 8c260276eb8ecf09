#!/usr/bin/env bash
# sherpa-onnx 2.0.1: a raw-sample CTC model ("omnilingual") never sees the samples that it is given.
#
# Guess: accept_waveform(16000, samples) with samples at 16 kHz hands them to the graph as they are; the graph normalizes if it must.
# Seen: a graph that says a token if the largest sample is above 0.5, and another if not, says the first of a tone of amplitude 0.9
# and of one of 0.01: every waveform is brought to mean 0 and variance 1 (eps 1e-5) before. Loudness and offset are lost, and
# a graph that normalizes does so twice, which is another scale where recordings are quiet.
# Source: NormalizeFeatures in sherpa-onnx/csrc/offline-omnilingual-asr-ctc-model.cc.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q sherpa-onnx==2.0.1 onnx==1.23.2 numpy==2.4.6
cd "${dir}"
"${dir}/venv/bin/python" - <<'PY'
from importlib.metadata import version

import numpy as np
import onnx
import sherpa_onnx
from onnx import TensorProto, helper, numpy_helper

graph = helper.make_graph(
    [
        helper.make_node("ReduceMax", ["x"], ["peak"], keepdims=0),
        helper.make_node("Greater", ["peak", "half"], ["loud"]),
        helper.make_node("Where", ["loud", "says_loud", "says_quiet"], ["y"]),
    ],
    "peak",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", "S"])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, 3])],
    [
        numpy_helper.from_array(np.float32(0.5), "half"),
        numpy_helper.from_array(np.array([[[0, 1, 0]]], np.float32), "says_loud"),
        numpy_helper.from_array(np.array([[[0, 0, 1]]], np.float32), "says_quiet"),
    ],
)
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), "model.onnx")
with open("tokens.txt", "w", encoding="utf-8") as out:
    out.write("<blk> 0\nloud 1\nquiet 2\n")
recognizer = sherpa_onnx.OfflineRecognizer.from_omnilingual_asr_ctc(model="model.onnx", tokens="tokens.txt")
said = []
for amplitude in (0.9, 0.01):
    stream = recognizer.create_stream()
    tone = amplitude * np.sin(np.arange(16_000) * 0.1)
    stream.accept_waveform(16_000, tone.astype(np.float32))
    recognizer.decode_stream(stream)
    said.append(stream.result.text)
    print(f"sherpa-onnx {version('sherpa-onnx')}: a tone of amplitude {amplitude} is {said[-1]!r} to the graph")
raise SystemExit(said != ["loud", "loud"])
PY
