import math
import random

import pytest

from asrkit.score.align import Alignment, align
from asrkit.score.rates import (
    Counts,
    ScoreError,
    confusions,
    macro,
    score_utterances,
    summary,
    total,
)
from asrkit.score.units import UnitError, default_separator, policy, split_units


def _distance(ref: list[str], hyp: list[str]) -> int:
    """Edit distance by the textbook's table, to check the library against."""
    row = list(range(len(hyp) + 1))
    for i, left in enumerate(ref, 1):
        last, row[0] = row[0], i
        for j, right in enumerate(hyp, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (left != right))
    return row[-1]


def _counts(alignment: Alignment) -> tuple[int, int, int, int]:
    a = alignment
    return a.correct, a.substitutions, a.deletions, a.insertions


@pytest.mark.parametrize(
    ("ref", "hyp", "counts"),
    [
        ("a b c", "a b c", (3, 0, 0, 0)),
        ("a b c", "a x c", (2, 1, 0, 0)),
        ("a b c", "a c", (2, 0, 1, 0)),
        ("a c", "a b c", (2, 0, 0, 1)),
        ("", "a b", (0, 0, 0, 2)),
        ("a b", "", (0, 0, 2, 0)),
        ("", "", (0, 0, 0, 0)),
        ("a b c d", "b c d e", (3, 0, 1, 1)),
    ],
)
def test_counts(ref: str, hyp: str, counts: tuple[int, int, int, int]) -> None:
    assert _counts(align(ref.split(), hyp.split())) == counts


def test_random_alignments_are_shortest_and_complete() -> None:
    draw = random.Random(0)
    for _ in range(200):
        ref = draw.choices("abcd", k=draw.randrange(9))
        hyp = draw.choices("abcd", k=draw.randrange(9))
        found = align(ref, hyp)
        assert [left for left, _ in found.pairs if left is not None] == ref
        assert [right for _, right in found.pairs if right is not None] == hyp
        assert sum(_counts(found)[1:]) == _distance(ref, hyp)
        assert found == align(ref, hyp)


def test_micro_and_macro_example() -> None:
    scored = score_utterances({"u": list("ab"), "v": list("abcd")}, {"u": list("ab"), "v": []})
    rate, mean = total(scored).rate, macro(scored)
    assert rate is not None and mean is not None
    assert math.isclose(rate, 66.6666, abs_tol=1e-3) and mean == 50.0


def test_languages_and_their_average() -> None:
    refs = {"a": list("abcd"), "b": list("ab"), "c": list("ab")}
    hyps = {"a": list("abcd"), "b": list("ax"), "c": list("ab")}
    numbers = summary(score_utterances(refs, hyps, {"a": "it", "b": "fr", "c": "fr"}))
    assert numbers["micro"] == 12.5
    assert {k: v["micro"] for k, v in numbers["languages"].items()} == {"fr": 25.0, "it": 0.0}
    assert numbers["average_over_languages"] == 12.5
    assert numbers["tokens"] == 8 and numbers["wrong_sentences"] == 1


def test_missing_hypotheses_are_deletions() -> None:
    numbers = summary(score_utterances({"a": ["x", "y"], "b": ["z"]}, {"b": ["z"]}))
    assert (numbers["deletions"], numbers["missing_hypotheses"]) == (2, 1)


def test_empty_references() -> None:
    numbers = summary(score_utterances({"a": [], "b": ["z"]}, {"a": ["x"], "b": ["z"]}))
    assert numbers["micro"] == 100.0 and numbers["macro"] == 0.0
    assert numbers["empty_references"] == 1
    assert summary(score_utterances({"a": []}, {"a": []}))["micro"] is None


def test_hypotheses_without_reference() -> None:
    with pytest.raises(ScoreError, match="1 hypotheses have no reference"):
        score_utterances({"a": []}, {"a": [], "b": ["x"]})
    with pytest.raises(ScoreError, match="nothing to score"):
        score_utterances({}, {})


def test_confusions() -> None:
    refs, hyps = {"a": list("abb"), "b": list("a")}, {"a": list("axx"), "b": list("ac")}
    assert confusions(score_utterances(refs, hyps)) == {
        "a": {"a": 2},
        "b": {"x": 2},
        "<ins>": {"c": 1},
    }
    table = confusions(score_utterances({"a": list("ab")}, {"a": list("a")}))
    assert table["b"] == {"<del>": 1}


def test_counts_of_sums() -> None:
    both = Counts(1, 4, 2, 1, 1, 0, 1) + Counts(1, 2, 2, 0, 0, 1, 1)
    assert both == Counts(2, 6, 4, 1, 1, 1, 2) and both.errors == 3 and both.rate == 50.0


@pytest.mark.parametrize(
    ("unit", "separator", "units"),
    [
        ("per", "drop", ["a", "b", "c"]),
        ("per", "keep", ["a", "b", "<space>", "c"]),
        ("wer", "keep", ["a", "b", "c"]),
        ("cer", "keep", ["a", "<space>", "b", "<space>", "c"]),
        ("cer", "drop", ["a", "b", "c"]),
        ("ter", "keep", ["a", "b", "<space>", "c"]),
    ],
)
def test_units(unit: str, separator: str, units: list[str]) -> None:
    assert split_units("a b <space> c", unit, separator) == units


def test_characters_of_words() -> None:
    assert split_units("ciao è", "cer", "keep") == ["c", "i", "a", "o", "<space>", "è"]


def test_policies() -> None:
    assert [default_separator(u) for u in ("per", "cer", "wer", "ter")] == ["drop"] + ["keep"] * 3
    assert policy("per", "drop") == "phones, word separator not counted"
    with pytest.raises(UnitError, match="per, cer, wer, ter"):
        default_separator("ser")
    with pytest.raises(UnitError, match="drop or keep"):
        split_units("a", "per", "maybe")
