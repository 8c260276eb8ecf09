"""Prints what pyproject.toml and its extras `test` and `dev` require, one requirement a line."""

import os
from pathlib import Path

from setuptools import Distribution

os.chdir(Path(__file__).resolve().parents[1])  # setuptools reads the current folder's files
distribution = Distribution()
distribution.parse_config_files()
extras = distribution.extras_require
wanted = [*distribution.install_requires, *extras["test"], *extras["dev"]]
print("\n".join(line for line in wanted if not line.startswith("asrkit[")))
