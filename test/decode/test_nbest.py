"""N-best lists: their files, and the words of least risk against sums by hand."""

from __future__ import annotations

import math

import pytest

from asrkit.decode.nbest import Scored, agreement, least_risk, read_nbest, shares, write_nbest
from asrkit.files import DataError

# probabilities 0.4, 0.3, 0.3: the likeliest is two words from each of the others, which are one
# apart. Risks: 0.3 * 2 + 0.3 * 2 = 1.2; 0.4 * 2 + 0.3 = 1.1; 0.4 * 2 + 0.3 = 1.1
FOUND = [
    Scored(("a", "b", "c"), math.log(0.4)),
    Scored(("x", "y", "c"), math.log(0.3)),
    Scored(("x", "z", "c"), math.log(0.3)),
]


def test_least_risk_is_not_the_likeliest():
    assert least_risk(FOUND, 1.0) == 1
    # shares 16, 9 and 9 of 34: risks 36 and 41 of 34
    assert least_risk(FOUND, 2.0) == 0
    assert least_risk(FOUND[:1], 1.0) == 0


def test_an_empty_hypothesis_is_as_far_as_the_others_are_long():
    """Shares 0.6, 0.4: risks 0.4 * 1 and 0.6 * 1; then the longer one costs 2 words."""
    one, none = Scored(("a",), math.log(0.6)), Scored((), math.log(0.4))
    assert least_risk([none, one], 1.0) == 1
    assert agreement(("a",), [one, none], 1.0) == pytest.approx([0.6])
    assert agreement((), [one, none], 1.0) == []


def test_shares_and_agreement():
    assert shares([0.0, math.log(3)], 1.0) == pytest.approx([0.25, 0.75])
    assert shares([-1000.0, -1000.0], 0.5) == pytest.approx([0.5, 0.5])
    assert agreement(("x", "y", "c"), FOUND, 1.0) == pytest.approx([0.6, 0.3, 1.0])


def test_files(tmp_path):
    path = tmp_path / "nbest.jsonl"
    write_nbest(path, [("u1", FOUND), ("u2", [Scored((), -1.5)])])
    assert read_nbest(path) == {"u1": FOUND, "u2": [Scored((), -1.5)]}
    for bad in (
        "[]",
        "{}",
        '{"id": "u1", "nbest": []}',
        '{"id": "u1", "nbest": [{"words": "a"}]}',
        '{"id": 2, "nbest": [{"words": "a", "score": -1}]}',
        '{"id": "u2", "nbest": [{"words": "a", "score": NaN}]}',
        '{"id": "u2", "nbest": [{"words": "a", "score": -Infinity}]}',
    ):
        path.write_text(path.read_text().splitlines()[0] + "\n" + bad + "\n")
        with pytest.raises(DataError, match=r"nbest.jsonl:2: no n-best of an utterance"):
            read_nbest(path)
    path.write_text("")
    with pytest.raises(DataError, match="is empty"):
        read_nbest(path)
