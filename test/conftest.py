"""What every test relies on."""

import os

# A mode that the shell asks of oneDNN would round float32 in tests of exact values, too.
for _name in ("ONEDNN_DEFAULT_FPMATH_MODE", "DNNL_DEFAULT_FPMATH_MODE"):
    os.environ.pop(_name, None)
