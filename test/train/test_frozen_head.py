"""A short run of a preset that freezes the encoder for long says that it trains the head alone."""

from __future__ import annotations

import logging

import pytest

from asrkit.options import Options
from asrkit.train.run import _warn_of_frozen


@pytest.mark.parametrize(("frozen", "updates", "warned"), [(10, 10, 1), (10, 11, 0), (0, 5, 0)])
def test_frozen_updates_and_all_updates(
    frozen: int, updates: int, warned: int, caplog: pytest.LogCaptureFixture
) -> None:
    logger = logging.getLogger("asrkit")
    logger.addHandler(caplog.handler)
    try:
        _warn_of_frozen(Options(objective_conf={"freeze_steps": frozen}, max_update=updates))
    finally:
        logger.removeHandler(caplog.handler)
    said = {record.getMessage() for record in caplog.records}
    assert len(said) == warned
    assert all("only the head will be trained" in line for line in said)
