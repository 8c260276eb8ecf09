#!/usr/bin/env bash
# sherpa-onnx 2.0.1: timestamps of a raw-sample CTC model are 20 ms a frame, whatever the graph's frames are.
#
# Guess: timestamps follow from the number of frames that the graph gives for a waveform.
# Seen: a token in the middle frame of 1 s is at 0.1 s for a graph of 10 frames a second, at 0.5 for one of 50, at 1.0, where the audio ends,
# for one of 100. Models with a stride other than wav2vec 2.0's 320 samples have wrong times, and nothing says so.
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


def recognized(best, tokens, seconds=1):
    """What is recognized in a tone by a graph whose best tokens are these, whatever the audio."""
    scores = np.full((1, len(best), len(tokens)), -9, np.float32)
    scores[0, range(len(best)), best] = 0
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMin", ["x"], ["least"], keepdims=0),
            helper.make_node("Mul", ["least", "nothing"], ["zero"]),
            helper.make_node("Add", ["scores", "zero"], ["y"]),
        ],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", "S"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, list(scores.shape))],
        [numpy_helper.from_array(scores, "scores"), numpy_helper.from_array(np.float32(0), "nothing")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), "model.onnx")
    with open("tokens.txt", "w", encoding="utf-8") as out:
        out.writelines(f"{token} {number}\n" for number, token in enumerate(tokens))
    recognizer = sherpa_onnx.OfflineRecognizer.from_omnilingual_asr_ctc(model="model.onnx", tokens="tokens.txt")
    stream = recognizer.create_stream()
    stream.accept_waveform(16_000, np.sin(0.1 * np.arange(16_000 * seconds)).astype(np.float32))
    recognizer.decode_stream(stream)
    return stream.result


print("sherpa-onnx", version("sherpa-onnx"))
found = {}
for frames in (10, 50, 100):
    best = [0] * frames
    best[frames // 2] = 1
    (found[frames],) = recognized(best, ["<blk>", "a"]).timestamps
    print(f"{frames} frames for 1 s, token in the middle: {found[frames]:.2f} s")
raise SystemExit({frames: round(time, 3) for frames, time in found.items()} != {10: 0.1, 50: 0.5, 100: 1.0})
PY
