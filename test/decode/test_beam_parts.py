"""A beam search whose frames come in parts."""

from __future__ import annotations

from pathlib import Path

import pytest
from decode.toy import TOKENS, scores, unigram_arpa

from asrkit.decode.beam import BeamDecoder
from asrkit.decode.hypothesis import Hypothesis

LEXICON = {
    "ab": [("a", "b")],
    "cd": [("c", "d")],
    "abc": [("a", "b", "c")],
    "d": [("d",)],
}


@pytest.mark.parametrize("kind", ["free", "words", "n-gram", "favored"])
def test_an_utterance_in_parts_and_two_at_once(kind: str, tmp_path: Path) -> None:
    """A search goes on where it was, whatever another of the same decoder does meanwhile."""
    options: dict[str, object] = {"lexicon": None if kind == "free" else LEXICON, "nbest": 5}
    if kind == "n-gram":
        options["lm"] = unigram_arpa(tmp_path / "lm.arpa", {"ab": -0.2, "cd": -1.0, "abc": -2.0})
    if kind == "favored":
        options["hotwords"] = [(("ab", "cd"), 3.0)]
    decoder = BeamDecoder(TOKENS, word_score=1, **options)  # type: ignore[arg-type]
    rows = [scores(text) for text in ("ab-cdd--abc-d", "-dd-abab-cdcd")]
    wanted = [decoder(row) for row in rows]
    assert wanted[0] != wanted[1]
    searches = [decoder.alone(), decoder]
    for one in searches:
        one.begin()
    for start in range(0, 13, 3):
        for one, row in zip(searches, rows, strict=True):
            one.add(row[start : start + 3])
    best = searches[0].best()
    assert len(best.tokens) >= 7 and set(best.words) <= set(LEXICON)
    assert bool(best.words) == (kind != "free")
    assert [one.end() for one in searches] == wanted
    searches[0].begin()
    assert searches[0].best() == Hypothesis([], [], 0.0)
    assert searches[0].end() == [Hypothesis([], [], 0.0)]
