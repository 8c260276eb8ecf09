"""How often a classifier is right: lengths of clips, counts, files, tables."""

from __future__ import annotations

import numpy as np
import pytest

from asrkit.bin import results
from asrkit.files import DataError
from asrkit.rate import RATE
from asrkit.score.classes import (
    AT_ONCE,
    Classified,
    Length,
    Tally,
    accuracy_rows,
    collect_classified,
    confusion_rows,
)


def ramp(seconds: float) -> np.ndarray:
    return np.arange(int(seconds * RATE), dtype=np.float32)


def test_clips_are_cut_to_their_middle():
    two = Length.of("2").of_clip(ramp(5))
    assert two is not None and len(two) == 2 * RATE and two[0] == 1.5 * RATE
    assert Length.of("2").of_clip(ramp(1.99)) is None
    between = [Length.of("3-5").of_clip(ramp(size)) for size in (2.9, 4.0, 9.0)]
    assert [None if clip is None else len(clip) / RATE for clip in between] == [None, 4, 5]
    whole = [Length.of("whole").of_clip(ramp(size)) for size in (0.2, 40.0)]
    assert [None if clip is None else len(clip) / RATE for clip in whole] == [0.2, AT_ONCE]


@pytest.mark.parametrize("name", ["", "0", "5-3", "nan", "all", "3-", "40", "-2"])
def test_what_is_no_length_is_refused(name):
    with pytest.raises(ValueError, match="is no length of clips"):
        Length.of(name)


def done() -> Classified:
    one, two = Tally(), Tally()
    for pair in ("it it", "it it", "it es", "es es"):
        one.add(*pair.split())
    two.add("es", "it")
    return Classified("language/test", {"1": one, "whole": two})


def test_percent_right_by_class_and_of_all():
    assert accuracy_rows(done()) == [
        ["", "1 s", "whole"],
        ["es", "100.0 (1)", "0.0 (1)"],
        ["it", "66.7 (3)", "-"],
        ["all", "75.0 (4)", "0.0 (1)"],
    ]


def test_what_each_was_taken_for():
    assert confusion_rows(done().tallies["1"]) == [
        ["taken for", "es", "it"],
        ["es", "1", "0"],
        ["it", "1", "2"],
    ]


def test_results_have_what_was_written(tmp_path, capsys):
    folder = tmp_path / "exp/language/test"
    folder.mkdir(parents=True)
    done().write(folder, {"date": "today"})
    (found,) = collect_classified(tmp_path / "exp")
    assert accuracy_rows(found) == accuracy_rows(done()) and found.name == "language/test"
    out = tmp_path / "RESULTS.md"
    assert results.main(["--exp", str(tmp_path / "exp"), "--out", str(out)]) == 0
    assert "|all|75.0 (4)|0.0 (1)|" in out.read_text()
    assert "language/test" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"lengths": {"x": {}}}',
        '{"lengths": {"1": 3}}',
        '{"lengths": {"1": {"it": {"it": "many"}}}}',
    ],
)
def test_a_file_of_something_else_is_named(tmp_path, text):
    (tmp_path / "classes.json").write_text(text)
    with pytest.raises(DataError, match=r"classes\.json: no counts of asrkit identify"):
        collect_classified(tmp_path)
