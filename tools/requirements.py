"""Prints what pyproject.toml and the extras of tests and development require, one a line."""

import os
from pathlib import Path

from setuptools import Distribution

os.chdir(Path(__file__).resolve().parents[1])  # setuptools reads the current folder's files
distribution = Distribution()
distribution.parse_config_files()
extras = distribution.extras_require
wanted = list(distribution.install_requires)
for name in ("serve", "onnx", "test", "dev"):
    wanted += extras[name]
print("\n".join(line for line in wanted if not line.startswith("asrkit[")))
