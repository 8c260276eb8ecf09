"""N-best words: against all sequences, sums over alignments, and with an n-gram."""

import itertools
import math
import time

import pytest
import torch

from asrkit.decode.overlap import OverlapError
from asrkit.tokens import TokenList
from asrkit.transcoder.objective import Candidates
from asrkit.transcoder.search import WordSearch

TOKENS = TokenList.build(["la", "l'ha", "casa"])  # numbers 2, 3, 4

ARPA = """\\data\\
ngram 1=6
ngram 2=3

\\1-grams:
-1.0	<unk>	0
-99	<s>	0
-1.0	</s>	0
-0.5	la	0
-0.5	l'ha	0
-0.5	casa	0

\\2-grams:
-0.1	la casa
-3.0	l'ha casa
-0.1	<s> la

\\end\\
"""


def candidates(rows: list[dict[int, float]]) -> Candidates:
    """Probabilities of classes at every position; 0 is the star."""
    table = torch.full((len(rows), 5), 1e-12)
    for at, row in enumerate(rows):
        for number, value in row.items():
            table[at, number] = value
    scores = table.log()
    best = scores[:, 1:].topk(4, -1)
    return Candidates(scores[:, 0], best.values, best.indices + 1)


ROWS = [{0: 0.28, 2: 0.4, 3: 0.32}, {0: 0.9, 2: 0.1}, {4: 0.6, 0: 0.3, 3: 0.1}]


def by_enumeration(rows):
    totals = {}
    for path in itertools.product(*(row.items() for row in rows)):
        words = tuple(number for number, _ in path if number)
        totals[words] = totals.get(words, 0) + math.prod(value for _, value in path)
    return sorted(totals.items(), key=lambda item: -item[1])


def test_words_are_ranked_by_the_sum_over_their_alignments():
    search = WordSearch(TOKENS, beam_size=100, nbest=5)
    wanted = by_enumeration(ROWS)[:5]
    found = search(candidates(ROWS))
    assert [h.words for h in found] == [TOKENS.decode(words) for words, _ in wanted]
    for hypothesis, (_, total) in zip(found, wanted, strict=True):
        assert hypothesis.score == pytest.approx(math.log(total), abs=1e-4)


def test_a_certain_star_leaves_the_beam_alone():
    sure = [ROWS[0], {0: 0.9999, 2: 0.0001}, ROWS[2]]
    search = WordSearch(TOKENS, beam_size=100)
    assert search(candidates(sure)) == search(candidates([ROWS[0], ROWS[2]]))


def test_the_ngram_decides_between_homophones(tmp_path):
    (tmp_path / "lm.arpa").write_text(ARPA)
    rows = [{3: 0.6, 2: 0.4}, {4: 1.0}]
    assert WordSearch(TOKENS, nbest=2)(candidates(rows))[0].words == ["l'ha", "casa"]
    best = WordSearch(TOKENS, lm=tmp_path / "lm.arpa", lm_weight=1.0)(candidates(rows))[0]
    assert best.words == ["la", "casa"]
    # log 0.4, and log10: <s> la -0.1, la casa -0.1, </s> -1.0
    assert best.score == pytest.approx(math.log(0.4) - 1.2, abs=1e-4)


def test_a_word_score_holds_words_back_or_wins_them():
    rows = [{0: 0.5, 2: 0.5}]
    assert WordSearch(TOKENS, word_score=-1.0)(candidates(rows))[0].words == []
    assert WordSearch(TOKENS, word_score=1.0)(candidates(rows))[0].words == ["la"]


def test_the_time_of_a_search_grows_with_the_positions_and_not_their_square():
    search = WordSearch(TOKENS)

    def seconds(positions):
        rows = candidates([{0: 0.3, 2: 0.25, 3: 0.25, 4: 0.2}] * positions)
        begin = time.process_time()
        found = search(rows)[0]
        assert len(found.words) > positions / 3
        return time.process_time() - begin

    assert seconds(2000) < 16 * seconds(250)  # 8; word tuples as keys: 30


def test_nothing_heard_gives_no_words():
    empty = Candidates(torch.zeros(0), torch.zeros(0, 4), torch.zeros(0, 4, dtype=torch.int64))
    assert WordSearch(TOKENS)(empty)[0].words == []


def test_impossible_options_and_a_missing_model_are_refused(tmp_path):
    with pytest.raises(ValueError, match="at least 1"):
        WordSearch(TOKENS, beam_size=0)
    with pytest.raises(ValueError, match="no such file"):
        WordSearch(TOKENS, lm=tmp_path / "no.bin")


def test_an_ngram_of_other_words_is_told_or_refused(tmp_path):
    (tmp_path / "lm.arpa").write_text(ARPA.replace("casa", "Casa"))
    notes = WordSearch(TOKENS, lm=tmp_path / "lm.arpa").notes
    assert [note.split(" are not in ")[0] for note in notes] == ["1 of 3 words of the Transcoder"]
    with pytest.raises(OverlapError, match="2 of 2 words of the Transcoder"):
        WordSearch(TokenList.build(["LA", "CASA"]), lm=tmp_path / "lm.arpa")
