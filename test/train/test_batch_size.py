"""Audio an update, and the accumulation that keeps the published amount."""

from __future__ import annotations

import pytest

from asrkit.config import ConfigError
from asrkit.options import Options
from asrkit.train.batch_size import update_seconds, with_accumulation


def base(**changes: object) -> Options:
    """XLSR Base: 1.4 million samples a GPU, on 64 GPUs (section 3.2)."""
    known = {"batch_bins": 1_400_000, "accum_grad": 0, "reference_batch_seconds": 5600.0}
    return Options(**{**known, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("gpus", "expected"), [(64, 1), (16, 4), (8, 8), (1, 64), (48, 1), (40, 2)]
)
def test_fewer_gpus_accumulate_more(gpus: int, expected: int) -> None:
    found = with_accumulation(base(), gpus)
    assert found.accum_grad == expected
    assert 2 / 3 - 1e-9 <= update_seconds(found, gpus) / 5600 <= 4 / 3 + 1e-9


def test_more_gpus_than_published_take_one_micro_batch() -> None:
    assert with_accumulation(base(), 256).accum_grad == 1


def test_a_number_is_left_alone() -> None:
    options = base(accum_grad=3)
    assert with_accumulation(options, 1) is options


def test_without_reference_there_is_nothing_to_reach() -> None:
    with pytest.raises(ConfigError, match="reference_batch_seconds, which is missing"):
        with_accumulation(base(reference_batch_seconds=None), 1)


def test_phones_are_no_seconds() -> None:
    with pytest.raises(ConfigError, match="bins of a batch are phones; give a number"):
        with_accumulation(base(), 1, audio=False)
    assert with_accumulation(base(accum_grad=2), 1, audio=False).accum_grad == 2
