import itertools
import math
import random
import unicodedata
from collections import defaultdict
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from decode.toy import TOKENS, scores, unigram_arpa, unsure
from flashlight.lib.text.dictionary import Dictionary

from asrkit.decode.beam import BeamDecoder, DecodeError
from asrkit.decode.greedy import collapse
from asrkit.decode.hypothesis import Hypothesis
from asrkit.decode.overlap import OverlapError
from asrkit.decode.ties import TieBreaker
from asrkit.tokens import TokenList

LEXICON = {
    "ab": [("a", "b")],
    "cd": [("c", "d")],
    "abc": [("a", "b", "c")],
    "d": [("d",)],
}


def _words(decoder: BeamDecoder, frames: str) -> list[str]:
    return decoder(scores(frames))[0].words


def _best_path(log_probs: np.ndarray) -> tuple[list[int], float]:
    """The labeling with the best single path, by trying every path."""
    best: dict[tuple[int, ...], float] = defaultdict(lambda: -math.inf)
    for path in itertools.product(range(log_probs.shape[1]), repeat=log_probs.shape[0]):
        score = sum(float(log_probs[t, n]) for t, n in enumerate(path))
        labels = tuple(collapse(list(path)))
        best[labels] = max(best[labels], score)
    winner = max(best, key=lambda labels: best[labels])
    return list(winner), best[winner]


def test_without_lexicon_and_lm_it_is_the_best_path() -> None:
    draw = np.random.default_rng(0)
    decoder = BeamDecoder(TokenList.build(["a", "b"]), beam_size=200)
    for _ in range(20):
        logits = draw.normal(size=(5, 4))
        log_probs = logits - np.log(np.exp(logits).sum(1, keepdims=True))
        found = decoder(log_probs)[0]
        tokens, score = _best_path(log_probs)
        assert found.tokens == tokens
        assert found.score == pytest.approx(score, abs=1e-4)


def test_a_narrow_beam_knows_the_words_that_may_follow(tmp_path: Path) -> None:
    """A word's language score counts from its first phone on (the trie is smeared)."""
    arpa = unigram_arpa(tmp_path / "lm.arpa", {"ab": -0.2, "cd": -4.0})
    words = {"ab": [("a", "b")], "cd": [("c", "d")]}
    decoder = BeamDecoder(TOKENS, lexicon=words, lm=arpa, beam_size=1, word_score=1)
    frames = [{"a": 0.4, "c": 0.5}, {"b": 0.5, "d": 0.4}]
    assert decoder(unsure(frames))[0].words == ["ab"]


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        ("ab", ["ab"]),
        ("a-b--c-d-", ["ab", "cd"]),  # and not abc d: equal, later by code point
        ("a-bb-", ["ab"]),
        ("aabb-ccdd", ["ab", "cd"]),
        ("-aaabbbb", ["ab"]),
        ("abbb-", ["ab"]),
        ("dd", ["d"]),
        ("d-d", ["d", "d"]),
        ("abab", ["ab", "ab"]),
        ("a-bbb-abb", ["ab", "ab"]),
    ],
)
def test_lexicon_finds_words(frames: str, words: list[str]) -> None:
    decoder = BeamDecoder(TOKENS, lexicon=LEXICON, word_score=-0.1)
    found = decoder(scores(frames))[0]
    assert found.words == words
    assert TOKENS.decode(found.tokens) == [letter for word in words for letter in word]


def test_a_held_last_phone_costs_nothing() -> None:
    decoder = BeamDecoder(TOKENS, lexicon=LEXICON, word_score=0.0)
    for frames in ("abbbb", "abbb-cdd"):
        assert decoder(scores(frames))[0].score == pytest.approx(len(frames) * math.log(0.9))


def test_the_lexicon_corrects_a_phone() -> None:
    log_probs = unsure([{"a": 0.9}, {"c": 0.5, "b": 0.4}, {"<blank>": 0.9}])
    assert TOKENS.decode(BeamDecoder(TOKENS)(log_probs)[0].tokens) == ["a", "c"]
    assert BeamDecoder(TOKENS, lexicon=LEXICON)(log_probs)[0].words == ["ab"]


def test_the_lm_chooses_between_homophones(tmp_path: Path) -> None:
    lexicon = {"hear": [("a", "b")], "here": [("a", "b")], "c": [("c",)]}
    for likely, rare in (("hear", "here"), ("here", "hear")):
        arpa = unigram_arpa(tmp_path / f"{likely}.arpa", {likely: -0.5, rare: -2.0, "c": -1.0})
        decoder = BeamDecoder(TOKENS, lexicon=lexicon, lm=arpa, nbest=2)
        assert [found.words for found in decoder(scores("a-b"))] == [[likely], [rare]]


def test_equal_scores_are_ordered_by_their_words() -> None:
    lexicon = {word: [("a", "b")] for word in ("zz", "mm", "aa")}
    for _ in range(5):
        found = BeamDecoder(TOKENS, lexicon=lexicon, nbest=3)(scores("a-b"))
        assert [hypothesis.words for hypothesis in found] == [["aa"], ["mm"], ["zz"]]


def test_homophones_in_another_order_do_not_score_the_same_in_the_search() -> None:
    """Else which of them a full beam keeps is left to chance."""
    names = Dictionary()
    for word in ("sea", "see", "c"):
        names.add_entry(word)
    breaker = TieBreaker(names)
    sums = []
    for words in itertools.permutations(range(3)):
        state, total = breaker.start(False), 0.0
        for word in words:
            state, added = breaker.score(state, word)
            total += added
        assert total == pytest.approx(breaker.of(words), abs=1e-12)
        sums.append(total)
    gaps = np.diff(sorted(sums))
    assert gaps.min() > 1e-9 and max(map(abs, sums)) < 3.1e-4


def test_of_very_many_equal_hypotheses_every_run_finds_the_same() -> None:
    """Without LM, every sound is three words: 3^n equal sentences, of which a beam keeps 50."""
    sounds = [p for n in (1, 2, 3) for p in itertools.product("abcd", repeat=n)]
    lexicon = {f"{''.join(p)}{copy}": [p] for p in sounds for copy in range(3)}
    noise = np.random.default_rng(0).normal(size=(40, len(TOKENS))).astype(np.float32) * 3
    frames = torch.from_numpy(noise).log_softmax(-1)
    found, alive = set(), []
    for size in range(5):
        alive.append(BeamDecoder(TOKENS, lexicon=lexicon, word_score=-1.0))
        alive.append([bytearray(997 * size) for _ in range(size)])  # other addresses
        found.add(tuple(alive[-2](frames)[0].words))
    assert len(found) == 1


def test_scores_add_up(tmp_path: Path) -> None:
    arpa = unigram_arpa(tmp_path / "lm.arpa", {"ab": -0.5, "cd": -0.75, "abc": -3.0, "d": -3.0})
    options = {"lm_weight": 1.5, "word_score": -0.25}
    found = BeamDecoder(TOKENS, lexicon=LEXICON, lm=arpa, **options)(scores("abcd"))[0]
    expected = 4 * math.log(0.9) + 1.5 * (-0.5 - 0.75 - 1.0) + 2 * -0.25  # -1.0: end of sentence
    assert found.words == ["ab", "cd"] and found.score == pytest.approx(expected, abs=1e-4)


def test_beam_with_lm_beats_greedy(tmp_path: Path) -> None:
    """Noisy phones of sentences that the model knows: fewer word errors than without it."""
    arpa = unigram_arpa(tmp_path / "lm.arpa", {"ab": -0.3, "cd": -0.4, "abc": -3.0, "d": -3.0})
    draw = random.Random(1)
    with_lm = BeamDecoder(TOKENS, lexicon=LEXICON, lm=arpa, lm_weight=1.0)
    without = BeamDecoder(TOKENS)
    right = {"greedy": 0, "lm": 0}
    for _ in range(50):
        words = draw.choices(["ab", "cd"], k=3)
        frames = []
        for letter in "".join(words):
            wrong = draw.choice([other for other in "abcd" if other != letter])
            noisy = draw.random() < 0.25
            frames += [{letter: 0.3 if noisy else 0.8, wrong: 0.5 if noisy else 0.05}]
            frames += [{"<blank>": 0.9}]
        log_probs = unsure(frames)
        greedy = "".join(TOKENS.decode(without(log_probs)[0].tokens))
        right["greedy"] += greedy == "".join(words)
        right["lm"] += with_lm(log_probs)[0].words == words
    assert right["lm"] >= right["greedy"] + 15, right


def test_token_lm_without_lexicon(tmp_path: Path) -> None:
    log_probs = unsure([{"a": 0.5, "b": 0.45}])
    assert TOKENS.decode(BeamDecoder(TOKENS)(log_probs)[0].tokens) == ["a"]
    arpa = unigram_arpa(tmp_path / "lm.arpa", {"a": -2.0, "b": -0.1, "c": -2.0, "d": -2.0})
    assert TOKENS.decode(BeamDecoder(TOKENS, lm=arpa)(log_probs)[0].tokens) == ["b"]


def test_characters_with_word_separator() -> None:
    tokens = TokenList.build(["<space>", "a", "b", "c"])
    log_probs = scores("aab_-cc", tokens=tokens)
    assert BeamDecoder(tokens)(log_probs)[0].words == ["ab", "c"]
    lexicon = {"ab": [("a", "b")], "c": [("c",)], "abc": [("a", "b", "c")]}
    found = BeamDecoder(tokens, lexicon=lexicon)(log_probs)[0]
    assert found.words == ["ab", "c"]
    assert tokens.decode(found.tokens) == ["a", "b", "<space>", "c"]
    assert BeamDecoder(tokens)(scores("_a_", tokens=tokens))[0].words == ["a"]
    joined = BeamDecoder(tokens, lexicon=lexicon)(scores("abc", tokens=tokens))[0]
    assert joined.words == ["abc"]


def test_nbest_is_sorted_and_distinct() -> None:
    found = BeamDecoder(TOKENS, nbest=5)(scores("aab-c", sure=0.6))
    assert len(found) == 5 == len({tuple(hypothesis.tokens) for hypothesis in found})
    assert [h.score for h in found] == sorted((h.score for h in found), reverse=True)


def test_other_weights_share_the_models(tmp_path: Path) -> None:
    arpa = unigram_arpa(tmp_path / "lm.arpa", {"ab": -0.5, "cd": -3.0, "abc": -0.5, "d": -0.5})
    decoder = BeamDecoder(TOKENS, lexicon=LEXICON, lm=arpa, lm_weight=0.0)
    other = decoder.with_weights(lm_weight=2.0, word_score=0.0)
    assert other(scores("abcd"))[0].words == ["abc", "d"]
    assert other._trie is decoder._trie
    punished = decoder.with_weights(lm_weight=0.0, word_score=-50.0)
    assert punished(scores("d-d-d"))[0].words == []


def test_no_frames_no_words() -> None:
    empty = np.zeros((0, len(TOKENS)), dtype=np.float32)
    for decoder in (BeamDecoder(TOKENS), BeamDecoder(TOKENS, lexicon=LEXICON)):
        assert decoder(empty) == [Hypothesis([], [], 0.0)]
        assert decoder(scores("----"))[0].tokens == []


def test_tensors_of_any_kind() -> None:
    decoder = BeamDecoder(TOKENS, lexicon=LEXICON)
    tensor = torch.from_numpy(scores("a-b")).to(torch.bfloat16).requires_grad_()
    assert decoder(tensor)[0].words == ["ab"]
    assert decoder(torch.from_numpy(scores("abcd"))[::1].t().contiguous().t())[0].tokens
    infinite = np.where(scores("ab") < -1, -np.inf, 0.0)
    assert decoder(infinite)[0].words == ["ab"]


def test_many_homophones_keep_the_likely_ones(tmp_path: Path) -> None:
    lexicon = {f"w{n}": [("a", "b")] for n in range(9)}
    arpa = unigram_arpa(tmp_path / "lm.arpa", {f"w{n}": -1.0 - n for n in range(9)})
    decoder = BeamDecoder(TOKENS, lexicon=lexicon, lm=arpa, nbest=9)
    assert [h.words for h in decoder(scores("ab"))][:6] == [[f"w{n}"] for n in range(6)]
    assert decoder.notes[-1].startswith("3 of 9 pronunciations are left out: 6 likelier words")


def test_words_the_tokens_cannot_spell_are_left_out_and_told() -> None:
    assert BeamDecoder(TOKENS, lexicon=LEXICON).notes == []
    decoder = BeamDecoder(TOKENS, lexicon={**LEXICON, "axe": [("a", "x")], "Ab": [("A", "b")]})
    lost = "2 of 6 pronunciations of the lexicon are left out: the model has no A x"
    assert decoder.notes == [lost]


def test_an_ngram_that_knows_few_words_is_told_and_one_that_knows_none_refused(
    tmp_path: Path,
) -> None:
    some = unigram_arpa(tmp_path / "some.arpa", {"ab": -0.5, "cd": -0.5, "abc": -0.5, "D": -0.5})
    decoder = BeamDecoder(TOKENS, lexicon=LEXICON, lm=some)
    assert decoder.notes == [
        f"1 of 4 words of the lexicon are not in {some}: to it they are <unk>: d"
    ]
    upper = unigram_arpa(tmp_path / "upper.arpa", {word.upper(): -0.5 for word in LEXICON})
    with pytest.raises(OverlapError, match=r"4 of 4 words of the lexicon .* one spelling \(case"):
        BeamDecoder(TOKENS, lexicon=LEXICON, lm=upper)


def test_a_search_without_lexicon_wants_an_ngram_of_tokens(tmp_path: Path) -> None:
    words = unigram_arpa(tmp_path / "words.arpa", dict.fromkeys(LEXICON, -0.5) | {"<space>": -1.0})
    with pytest.raises(OverlapError, match=r"4 of 4 tokens of the model .* is one of tokens"):
        BeamDecoder(TokenList.build([*"abce", "<space>"]), lm=words)
    assert len(BeamDecoder(TOKENS, lm=words).notes) == 1  # the word d is a token, too


def test_words_in_another_unicode_form_are_the_same_words(tmp_path: Path) -> None:
    """Lexicon, n-gram and tokens, composed (NFC) or not (NFD)."""
    forms = {form: partial(unicodedata.normalize, form) for form in ("NFC", "NFD")}
    for of_tokens, of_lexicon, of_ngram in itertools.product(forms.values(), repeat=3):
        tokens = TokenList.build([of_tokens("ä"), "b"])
        rows = "".join(f"{of_lexicon(w)}\t{of_lexicon(' '.join(w))}\n" for w in ("bä", "b"))
        (tmp_path / "lexicon.txt").write_text(rows, "utf-8")
        arpa = unigram_arpa(tmp_path / "lm.arpa", {of_ngram("bä"): -0.5, "b": -0.5})
        decoder = BeamDecoder(tokens, lexicon=tmp_path / "lexicon.txt", lm=arpa)
        assert decoder.notes == []
        found = decoder(unsure([{"b": 0.9}, {of_tokens("ä"): 0.9}], tokens))[0]
        assert found.words == ["bä"]
        assert found.score == pytest.approx(2 * math.log(0.9) + 2.0 * (-0.5 - 1.0) - 1.0, abs=1e-4)


def test_only_the_likeliest_tokens_of_a_frame_are_tried() -> None:
    """The result is that of all tokens, long before a search among thousands ends."""
    letters = [chr(0x4E00 + number) for number in range(300)]
    tokens = TokenList.build(letters)
    draw = np.random.default_rng(0)
    logits = draw.normal(size=(12, len(tokens))).astype(np.float32)
    logits[np.arange(12), draw.integers(0, len(tokens), 12)] += 12
    log_probs = torch.from_numpy(logits).log_softmax(-1)
    lexicon = {letter: [(letter,)] for letter in letters}
    for options in ({}, {"lexicon": lexicon}):
        whole = BeamDecoder(tokens, beam_size_token=len(tokens) + 2, **options)(log_probs)
        assert BeamDecoder(tokens, **options)(log_probs) == whole
        assert BeamDecoder(tokens, beam_size_token=20, **options)(log_probs) == whole
    greedy = BeamDecoder(tokens, beam_size_token=1)(log_probs)[0].tokens
    assert greedy == collapse(log_probs.argmax(-1).tolist())


def test_a_short_token_list_is_tried_whole() -> None:
    """The demo's lists are shorter than the default: its results do not depend on it."""
    noise = np.random.default_rng(1).normal(size=(10, len(TOKENS))).astype(np.float32)
    log_probs = torch.from_numpy(noise).log_softmax(-1)
    columns = len(TOKENS) + 2
    for lexicon in (None, LEXICON):
        whole = BeamDecoder(TOKENS, lexicon=lexicon, beam_size_token=columns, nbest=9)
        assert BeamDecoder(TOKENS, lexicon=lexicon, nbest=9)(log_probs) == whole(log_probs)


def test_bad_input(tmp_path: Path) -> None:
    decoder = BeamDecoder(TOKENS)
    with pytest.raises(DecodeError, match=r"\[T, 6\]"):
        decoder(np.zeros((4, 7)))
    with pytest.raises(DecodeError, match="NaN"):
        decoder(np.full((4, 6), np.nan))
    with pytest.raises(DecodeError, match="train_ngram makes one"):
        BeamDecoder(TOKENS, lm=tmp_path / "none.bin")
    (tmp_path / "broken.bin").write_bytes(b"no model")
    with pytest.raises(DecodeError, match="KenLM cannot read it"):
        BeamDecoder(TOKENS, lm=tmp_path / "broken.bin")
    with pytest.raises(DecodeError, match="at least 1"):
        BeamDecoder(TOKENS, beam_size=0)
