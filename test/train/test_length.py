"""How many updates a run has that is given the hours it may hear."""

from __future__ import annotations

import dataclasses
import logging
import math
from pathlib import Path

import numpy as np
import pytest

from asrkit import config
from asrkit.build import resolve
from asrkit.config import ConfigError
from asrkit.data.sampler import EpochPlan
from asrkit.options import Options
from asrkit.train.length import describe_length, with_length
from asrkit.train.schedule import TriStage

SECOND = 16_000


def plan(hours: float, *, bins: int = 40 * SECOND) -> EpochPlan:
    """``hours`` of clips of ten seconds."""
    return EpochPlan(np.full(round(hours * 360), 10 * SECOND, np.int32), batch_bins=bins)


OPTIONS = Options(max_update=0, passes=60, accum_grad=6)


@pytest.mark.parametrize(("hours", "times"), [(1, 60), (4, 30), (0.25, 120), (100, 6)])
def test_an_hour_is_heard_as_often_as_passes_says_and_more_hours_less(
    hours: float, times: float
) -> None:
    epoch = len(plan(hours).epoch(0)) / 6
    updates = with_length(OPTIONS, plan(hours), 1).max_update
    assert updates == pytest.approx(times * epoch, abs=0.5)
    assert updates * 240 == pytest.approx(times * hours * 3600, rel=0.03)


def test_the_audio_heard_does_not_depend_on_micro_batches_and_devices() -> None:
    one = with_length(OPTIONS, plan(2), 1).max_update
    options = dataclasses.replace(OPTIONS, accum_grad=1)
    assert with_length(options, plan(2, bins=80 * SECOND), 3).max_update == one
    half = with_length(OPTIONS, plan(2), 2).max_update
    assert half == pytest.approx(one / 2, abs=1)


def test_a_number_of_updates_is_taken_as_it_is() -> None:
    assert with_length(dataclasses.replace(OPTIONS, max_update=7), plan(1), 1).max_update == 7
    assert with_length(dataclasses.replace(OPTIONS, passes=1e-9), plan(1), 1).max_update == 1


def test_a_run_that_goes_on_keeps_its_length(tmp_path: Path) -> None:
    begun = config.to_mapping(resolve(Options(max_update=123, optimizer_conf={"lr": 1.0})))
    (tmp_path / "config.yaml").write_text(config.dump_yaml(begun))
    assert with_length(OPTIONS, plan(50), 8, tmp_path).max_update == 123
    more = dataclasses.replace(OPTIONS, max_update=200)
    assert with_length(more, plan(50), 8, tmp_path).max_update == 200


def test_what_has_no_hours_is_refused() -> None:
    with pytest.raises(ConfigError, match="passes says, which is missing"):
        with_length(dataclasses.replace(OPTIONS, passes=None), plan(1), 1)
    with pytest.raises(ConfigError, match="the data are phones; give a number"):
        with_length(OPTIONS, plan(1), 1, audio=False)


def test_the_log_tells_the_phases(caplog: pytest.LogCaptureFixture) -> None:
    given = dataclasses.replace(OPTIONS, objective_conf={"freeze_steps": 0.125})
    options = with_length(given, plan(2), 1)
    assert options.max_update == round(60 * math.sqrt(2) * 3600 / 240)
    caplog.set_level(logging.INFO)
    describe_length(options, TriStage(), plan(2), 1, derived=True)
    assert {record.getMessage() for record in caplog.records} == {
        "2.00 h of speech, seen 42.4 times: 1273 updates, 127 of warm-up, encoder frozen for 160; "
        "the learning rate falls from 636 on"
    }
