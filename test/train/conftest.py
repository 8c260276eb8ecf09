"""Data that many tests of training share."""

from pathlib import Path

import pytest
from tones import corpus


@pytest.fixture(scope="module")
def tones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return corpus(tmp_path_factory.mktemp("tones"))
