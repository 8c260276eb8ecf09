#!/usr/bin/env bash
# torch 2.11.0, onnxruntime 1.32.0: with opset 23 a padding mask that torch broadcasts makes a graph that onnxruntime refuses; with 18 a row all masked is a mean.
#
# Guess: scaled_dot_product_attention with a mask of keys [batch, 1, 1, time], as for padding, exports at every opset and gives what torch gives, 0 for a
# row without any key.
# Seen: with opset 23 it becomes ONNX's Attention with the mask as it is; the file is written and loads, and each run fails with "inconsistent
# q_sequence_length (between attn_mask and Q)". With the mask expanded to [batch, 1, time, time] it runs and equals torch. With opset 18 both run, but where
# torch gives 0 for a row that is masked whole the graph gives the mean of what was masked, as its mask adds the lowest number, not minus infinity.
# Source: aten_scaled_dot_product_attention_23 of torch/onnx/_internal/exporter/_torchlib/ops/nn.py, and that of onnxscript's torch_lib; onnxruntime/core/providers/cpu/llm/attention_helper.h.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q torch==2.11.0 numpy==2.4.6 onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.32.0
cd "${dir}"
"${dir}/venv/bin/python" - 2>/dev/null <<'PY'
import contextlib
import io

import onnxruntime
import torch
from torch.nn.functional import scaled_dot_product_attention

torch.manual_seed(0)


class Attention(torch.nn.Module):
    def __init__(self, expand):
        super().__init__()
        self.expand = expand

    def forward(self, x, keys):
        mask = keys[:, None, None, :]
        if self.expand:
            mask = mask.expand(-1, -1, x.shape[2], -1)
        return scaled_dot_product_attention(x, x, x, attn_mask=mask)


def tried(opset, expand):
    """(largest error of two rows of 9 and 5 frames, what a row of none gives: 0, mean of all) or the runtime's complaint."""
    model, dynamic = Attention(expand), torch.export.Dim.DYNAMIC
    with contextlib.redirect_stdout(io.StringIO()):
        program = torch.onnx.export(
            model, (torch.randn(2, 4, 7, 8), torch.ones(2, 7, dtype=torch.bool)), dynamo=True, opset_version=opset,
            dynamic_shapes={"x": {0: dynamic, 2: dynamic}, "keys": {0: dynamic, 1: dynamic}},
        )
    program.save("graph.onnx")
    x = torch.randn(3, 4, 9, 8)
    keys = torch.arange(9) < torch.tensor([9, 5, 0])[:, None]
    session = onnxruntime.InferenceSession("graph.onnx")
    try:
        (found,) = session.run(None, {"x": x.numpy(), "keys": keys.numpy()})
    except Exception as error:
        return "refused", str(error).strip().rpartition(" was false. ")[2]
    true, found = model(x, keys), torch.from_numpy(found)
    assert not true[2].any() and (found - true)[:2].abs().max() < 1e-5
    if not found[2].any():
        return "runs", "0"
    return "runs", "mean of all" if torch.allclose(found[2], x[2].mean(1, keepdim=True).expand(-1, 9, -1), atol=1e-5) else "?"


print(f"torch {torch.__version__}, onnxruntime {onnxruntime.__version__}")
seen = {}
for opset in (18, 23):
    for expand in (False, True):
        seen[opset, expand] = tried(opset, expand)
        print(f"opset {opset}, mask {'expanded' if expand else 'of keys'}: {seen[opset, expand]}")
raise SystemExit(
    seen[18, False] != ("runs", "mean of all")
    or seen[18, True] != ("runs", "mean of all")
    or seen[23, False][0] != "refused"
    or "inconsistent q_sequence_length" not in seen[23, False][1]
    or seen[23, True] != ("runs", "0")
)
PY
