#!/usr/bin/env bash
# torch 2.11.0, CPU: set_float32_matmul_precision("medium") rounds a float32 convolution of one clip
# to bfloat16 and leaves the same convolution of two clips alone.
#
# Guess: convolutions keep float32. The setting speaks of matrix products, and
# torch.backends.mkldnn.conv.fp32_precision stays "none" while mkldnn.matmul's becomes "bf16".
# Seen, where the processor multiplies bf16 tiles (AMX): a small batch of one is not given to oneDNN's
# convolution but computed as a product (im2col and gemm), and that product is rounded: 2e-3 of the
# result. Batches of two are exact to 1e-6. So a clip's features depend on how many clips it is with.
# Without AMX nothing is rounded by 1e-3, and this script says so.
# Source: use_mkldnn in aten/src/ATen/native/Convolution.cpp; gemm of float in native/CPUBlas.cpp.
set -euo pipefail
grep -qw amx_bf16 /proc/cpuinfo || {
    echo "needs a processor with AMX (amx_bf16): nothing to see on this one" >&2
    exit 2
}
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q torch==2.11.0 numpy==2.4.6
OMP_NUM_THREADS=1 "${dir}/venv/bin/python" - <<'PY'
import torch
from torch.nn.functional import conv1d

generator = torch.Generator().manual_seed(0)
x = torch.randn(2, 64, 300, generator=generator)
kernel = torch.randn(96, 64, 31, generator=generator)


def change(clips):
    """Relative change of the convolution of the first clips by the setting."""
    torch.set_float32_matmul_precision("highest")
    exact = conv1d(x[:clips], kernel, stride=5)
    torch.set_float32_matmul_precision("medium")
    return ((conv1d(x[:clips], kernel, stride=5) - exact).norm() / exact.norm()).item()


one, two = change(1), change(2)
print(f"torch {torch.__version__}, mkldnn.conv.fp32_precision {torch.backends.mkldnn.conv.fp32_precision}")
print(f"change of a float32 convolution by 'medium': one clip {one:.1e}, two clips {two:.1e}")
raise SystemExit(not (one > 1e-3 and two < 1e-5))
PY
