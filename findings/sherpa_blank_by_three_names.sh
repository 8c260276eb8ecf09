#!/usr/bin/env bash
# sherpa-onnx 2.0.1: a blank that is not named <blk>, <eps> or <blank> is token 0, whatever that is.
#
# Guess: tokens.txt whose blank is the last and named <pad> or [PAD], as transformers has it, is an error, or the blank is found.
# Seen: token 0 is taken for the blank, without a word: the letter with number 0 is never written, and `<pad>` is, between all others. With
# the names <blk>, <eps> and <blank> the blank may lie anywhere.
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
for blank in ("<blk>", "<eps>", "<blank>", "<pad>", "[PAD]"):
    found[blank] = recognized([3, 0, 3, 1, 2, 3], ["t", "o", "p", blank]).text
    print(f"t o p {blank}: frames of 'top' are {found[blank]!r}")
seen = {"<blk>": "top", "<eps>": "top", "<blank>": "top", "<pad>": "<pad><pad>op<pad>", "[PAD]": "[PAD][PAD]op[PAD]"}
raise SystemExit(0 if found == seen else f"no longer so: {found}")
PY
