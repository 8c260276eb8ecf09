"""How well words can be told from their phones: shares of the tested words, each as often as it is
spoken."""

from __future__ import annotations

from asrkit.text.phonemize import Sentence
from asrkit.transcoder.homophones import Homophones


def said(*pairs: str, aligned: bool = True) -> Sentence:
    """``word:phones`` each, a letter a phone."""
    words, phones = zip(*(pair.split(":") for pair in pairs), strict=True)
    return Sentence(list(words), [list(p) for p in phones], aligned, [])


def test_every_occurrence_counts() -> None:
    words = Homophones()
    words.learn(said("sea:si", "see:si", "see:si", "rare:rar"))
    words.test(said("sea:si", "sea:si", "see:si", "new:nju", "rare:rar"))
    assert words.report({"sea", "see"}) == {
        "words": 5,
        "oov_rate": 40.0,  # new, rare
        "unseen_rate": 20.0,  # new
        "homophone_rate": 40.0,  # sea, twice
    }


def test_ties_go_by_code_point() -> None:
    words = Homophones()
    words.learn(said("see:si", "sea:si"))
    words.test(said("see:si", "sea:si", "sea:si", "sea:si"))
    assert words.report({"sea", "see"})["homophone_rate"] == 25.0


def test_words_that_espeak_joined_are_no_homophones() -> None:
    words = Homophones()
    words.learn(said("see:si"))
    words.test(said("sea:si", "see:si", aligned=False))
    report = words.report({"sea", "see"})
    assert report["homophone_rate"] == 0.0 and report["unseen_rate"] == 50.0


def test_nothing_tested_has_no_rates() -> None:
    assert Homophones().report({"a"})["oov_rate"] is None
