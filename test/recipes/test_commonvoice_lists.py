"""The published few-shot lists, where CV_FEWSHOT names them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import cv_check_lists
from cv_lists import difference, read_lists

LISTS = Path(os.environ.get("CV_FEWSHOT", "/nowhere"))
# Percent of the test labels by which .phone differs from .id.
SECOND = {"es": 0, "fr": 2.0, "it": 1.5, "ky": 0, "nl": 0.07, "ru": 11.95, "sv": 0}


@pytest.mark.skipif(not LISTS.exists(), reason="CV_FEWSHOT names no few-shot lists")
def test_counts_of_the_published_lists(capsys: pytest.CaptureFixture[str]) -> None:
    assert cv_check_lists.main(["--fewshot_lists", str(LISTS)]) == 0, capsys.readouterr().err


@pytest.mark.skipif(not LISTS.exists(), reason="CV_FEWSHOT names no few-shot lists")
@pytest.mark.parametrize("lang", SECOND)
def test_hours_and_the_two_labellings_of_the_published_lists(lang: str) -> None:
    lists = read_lists(LISTS, [lang])
    if lists is None:
        pytest.skip(f"no {lang} in {LISTS}")
    clips = lists.splits["test"]
    assert difference(clips, lists.phones, lists.second).rate == pytest.approx(
        SECOND[lang], abs=0.05
    )
    hours = {
        name: sum(lists.seconds[clip] for clip in part) / 3600
        for name, part in lists.splits.items()
    }
    assert hours["train"] == pytest.approx(0.99, abs=0.011)
    assert hours["valid"] == pytest.approx(0.297, abs=0.004)
    assert hours["test"] == pytest.approx(0.99, abs=0.011)
    assert all(lists.phones[clip] for clip in lists.clips)
