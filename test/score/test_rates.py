import math

import pytest

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


def test_micro_and_macro_example() -> None:
    scored = score_utterances({"u": list("ab"), "v": list("abcd")}, {"u": list("ab"), "v": []})
    rate, mean = total(scored).rate, macro(scored)
    assert rate is not None and mean is not None
    assert math.isclose(rate, 66.6666, abs_tol=1e-3) and mean == 50.0


def test_languages_and_their_average() -> None:
    refs = {"a": list("abcdef"), "b": list("ab"), "c": list("ab")}
    hyps = {"a": list("abcdef"), "b": list("ax"), "c": list("ab")}
    numbers = summary(score_utterances(refs, hyps, {"a": "it", "b": "fr", "c": "fr"}))
    assert numbers["micro"] == 10.0  # not the average over languages
    assert {k: v["micro"] for k, v in numbers["languages"].items()} == {"fr": 25.0, "it": 0.0}
    assert numbers["average_over_languages"] == 12.5
    assert numbers["tokens"] == 10 and numbers["wrong_sentences"] == 1


def test_missing_hypotheses_are_deletions() -> None:
    numbers = summary(score_utterances({"a": ["x", "y"], "b": ["z"]}, {"b": ["z"]}))
    assert (numbers["deletions"], numbers["missing_hypotheses"]) == (2, 1)


def test_empty_references() -> None:
    numbers = summary(score_utterances({"a": [], "b": ["z"]}, {"a": ["x"], "b": ["z"]}))
    assert numbers["micro"] == 100.0 and numbers["macro"] == 0.0
    assert numbers["empty_references"] == 1
    wrong = score_utterances({"a": [], "b": ["z"]}, {"a": [], "b": ["y"]})
    assert macro(wrong) == 100.0  # of the utterances that have a rate
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
