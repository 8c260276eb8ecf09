#!/usr/bin/env bash
# sherpa-onnx 2.0.1: whether a recognizer's text is its tokens depends on the greatest byte in tokens.txt.
#
# Guess: the text is the tokens of the frames, one after the other, U+2581 as a space.
# Seen: with the tokens "a" and "ư" (U+01B0, bytes C6 B0) it is not: their greatest first byte is C6, so all are taken for units of
# byte-level BPE, and the letters for bytes. With one token more that is never said, "ạ" (E1 BA A1), the same frames give "aư". The
# letters U+0180 to U+01BF begin with C6 (ơ, ư, ƙ, ƴ, ƒ); a vocabulary with no later letter loses them.
# Source: IsByteBPE in sherpa-onnx/csrc/symbol-table.cc.
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


def text(tokens, said, samples):
    """What is written of frames that say the tokens of these numbers, a blank after each."""
    scores = np.zeros((1, 2 * len(said), len(tokens)), np.float32)
    scores[0, 1::2, 0] = 1
    scores[0, np.arange(len(said)) * 2, said] = 1
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMin", ["x"], ["least"], keepdims=0),
            helper.make_node("Mul", ["least", "nothing"], ["zero"]),
            helper.make_node("Add", ["scores", "zero"], ["y"]),
        ],
        "fixed",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", "S"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, list(scores.shape))],
        [numpy_helper.from_array(scores, "scores"), numpy_helper.from_array(np.zeros((), np.float32), "nothing")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), "model.onnx")
    with open("tokens.txt", "w", encoding="utf-8") as out:
        out.writelines(f"{token} {number}\n" for number, token in enumerate(tokens))
    recognizer = sherpa_onnx.OfflineRecognizer.from_omnilingual_asr_ctc(model="model.onnx", tokens="tokens.txt")
    stream = recognizer.create_stream()
    stream.accept_waveform(16_000, samples)
    recognizer.decode_stream(stream)
    return stream.result.text


samples = np.linspace(-0.1, 0.1, 4000, dtype=np.float32)
few = text(["<blk>", "a", "ư"], [1, 2], samples)
more = text(["<blk>", "a", "ư", "ạ"], [1, 2], samples)
print("sherpa-onnx", version("sherpa-onnx"))
print(f"tokens a ư: {few!r}; tokens a ư ạ: {more!r}")
raise SystemExit(not (few != "aư" and more == "aư"))
PY
