"""What every test relies on."""

import logging
import os
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol

# A mode that the shell asks of oneDNN would round float32 in tests of exact values, too.
for _name in ("ONEDNN_DEFAULT_FPMATH_MODE", "DNNL_DEFAULT_FPMATH_MODE"):
    os.environ.pop(_name, None)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--share",
        type=Path,
        metavar="FOLDER",
        help="run the files only that no other pytest with this folder, empty at first, has begun",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    share = item.config.getoption("share")
    if share is None:
        return None
    if _take(item.path, share):
        if nextitem is not None and nextitem.path == item.path:
            return None
        # Nobody knows yet which file is the next: everything is torn down.
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        runtestprotocol(item, nextitem=None)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True  # dealt with, here or by another


def _take(path: Path, share: Path) -> bool:
    """Whether a file of tests is this process's; the first that asks gets it.

    Files are not divided: what they make for all their tests is made once.
    """
    claim = share / f"{zlib.crc32(str(path).encode()):08x}"
    try:
        with open(claim, "x") as new:
            new.write(str(os.getpid()))
    except FileExistsError:
        return claim.read_text() == str(os.getpid())
    return True


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("cuda"):
        import torch

        if not torch.cuda.is_available():
            pytest.skip("needs a CUDA device")


@pytest.fixture(scope="module", autouse=True)
def no_curves() -> Iterator[None]:
    """A toy is learned in less time than its curves are drawn in; test_run.py has some drawn."""
    log = sys.modules.get("asrkit.train.log")
    with pytest.MonkeyPatch.context() as patch:
        if log is not None:
            patch.setattr(log, "draw_curves", lambda *_: None)
        yield


@pytest.fixture(autouse=True)
def fresh_logger() -> None:
    """A program that ran in an earlier test has given the logger a level and handlers."""
    logger = logging.getLogger("asrkit")
    logger.setLevel(logging.NOTSET)
    logger.propagate = True
    logger.handlers.clear()
