"""Prints what setup.py requires, the `dev` extra included, one requirement a line."""

import runpy
import sys

import setuptools


def show(**metadata: object) -> None:
    """Stands in for setuptools.setup."""
    requires, extras = metadata["install_requires"], metadata["extras_require"]
    print("\n".join([*requires, *extras["dev"]]))  # type: ignore[misc, index]


setuptools.setup = show
runpy.run_path(sys.argv[1])
