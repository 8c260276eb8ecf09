"""Expected words: boosts against sums over all occurrences, spelling, searches, and wrong files."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import NamedTuple

import pytest
from decode.toy import TOKENS, scores, unigram_arpa, unsure

from asrkit.decode.beam import BeamDecoder, DecodeError
from asrkit.decode.hotwords import (
    Favored,
    Hotword,
    HotwordError,
    hotword,
    read_hotwords,
    read_words,
    spelled,
)
from asrkit.decode.search import Search, find
from asrkit.tokens import SPACE, TokenList

LEXICON = {"ab": [("a", "b")], "cd": [("c", "d")], "abc": [("a", "b", "c")], "d": [("d",)]}


@pytest.mark.parametrize(
    "phrases",
    [
        {(1, 2, 3): 6.0},
        {(1, 2): 1.0, (2, 3): 2.0, (1, 2, 3, 4): 4.0, (3,): 8.0},
        {(1, 1): 1.0, (1, 1, 1, 1): 5.0, (2,): -3.0},
    ],
)
def test_a_text_has_the_boosts_of_all_phrases_in_it(phrases):
    draw = random.Random(0)
    favored = Favored(phrases.items())
    for _ in range(200):
        text = [draw.randint(1, 4) for _ in range(draw.randint(0, 12))]
        node, total = favored.root, 0.0
        for number in text:
            node, added = favored.step(node, number)
            total += added
        wanted = sum(
            boost * sum(text[at : at + len(phrase)] == list(phrase) for at in range(len(text)))
            for phrase, boost in phrases.items()
        )
        assert total - node.given == pytest.approx(wanted)


def test_part_of_a_boost_is_given_on_the_way():
    favored = Favored([((1, 2, 3), 6.0)])
    node, first = favored.step(favored.root, 1)
    _, second = favored.step(node, 2)
    _, back = favored.step(node, 4)
    assert (first, second, back) == (2.0, 2.0, -2.0)


def test_an_expected_word_wins_where_it_is_nearly_as_likely(tmp_path: Path) -> None:
    """Frames say a b, and c a little less than silence: with the boost it is abc."""
    frames = unsure([{"a": 0.9}, {"b": 0.9}, {"c": 0.3, "<blank>": 0.6}])
    arpa = unigram_arpa(tmp_path / "lm.arpa", {word: -1.0 for word in LEXICON})
    for options in ({}, {"lm": arpa}):
        plain = BeamDecoder(TOKENS, lexicon=LEXICON, **options)
        (best, *_) = plain(frames)
        assert best.words == ["ab"]
        favored = BeamDecoder(TOKENS, lexicon=LEXICON, hotwords=[(("abc",), 4.0)], **options)
        (found, *_) = favored(frames)
        assert found.words == ["abc"]
        lost = 0.6931  # log of 0.6 / 0.3
        assert found.score == pytest.approx(best.score + 4.0 - lost, abs=1e-3)
        unrelated = BeamDecoder(TOKENS, lexicon=LEXICON, hotwords=[(("cd",), 4.0)], **options)
        (same, *_) = unrelated(frames)
        assert same.words == best.words and same.score == pytest.approx(best.score, abs=1e-4)


def test_a_phrase_is_favored_as_a_whole(tmp_path: Path) -> None:
    frames = unsure([{"c": 0.5, "a": 0.4}, {"d": 0.5, "b": 0.4}, {"d": 0.9}])
    decoder = BeamDecoder(TOKENS, lexicon=LEXICON, hotwords=[(("ab", "d"), 3.0)])
    assert decoder(frames)[0].words == ["ab", "d"]
    alone = unsure([{"c": 0.5, "a": 0.4}, {"d": 0.5, "b": 0.4}, {"-": 0.0, "<blank>": 0.9}][:2])
    assert decoder(alone)[0].words == ["cd"]


def test_added_words_are_as_likely_as_others(tmp_path: Path) -> None:
    """The n-gram has -5 for <unk>: a word of it would need ten to the eighth of the frames."""
    arpa = unigram_arpa(tmp_path / "lm.arpa", {"ab": -1.0, "cd": -2.0, "abc": -1.0, "d": -4.0})
    frames = scores("b-d")
    options = {"lexicon": LEXICON, "lm": arpa, "lm_weight": 2.0}
    assert BeamDecoder(TOKENS, **options)(frames)[0].words != ["bd"]
    found = BeamDecoder(TOKENS, **options, added={"bd": [("b", "d")]})
    assert found.notes == []
    (best, *_) = found(frames)
    assert best.words == ["bd"] and best.ends == (2,)
    # the mean of the four is -2; the end of the sentence is -1; word_score -1
    assert best.score == pytest.approx(3 * -0.10536 + 2 * (-2 - 1) - 1, abs=1e-3)
    weaker = found.with_weights(lm_weight=1.0, word_score=0.0)
    assert weaker(frames)[0].score == pytest.approx(3 * -0.10536 - 3, abs=1e-3)


def test_without_a_lexicon_tokens_are_favored():
    letters = TokenList.build(["a", "b", "c", "d", SPACE])
    frames = unsure(
        [{"a": 0.9}, {"b": 0.55, "c": 0.35}, {SPACE: 0.9}, {"c": 0.9}, {"b": 0.55, "c": 0.35}],
        letters,
    )
    (plain, *_) = BeamDecoder(letters)(frames)
    assert plain.words == ["ab", "cb"]
    found = BeamDecoder(letters, hotwords=[(("a", "c"), 3.0)])(frames)[0]
    assert found.words == ["ac", "cb"]
    # only whole words: b is the end of two, and none
    (same, *_) = BeamDecoder(letters, hotwords=[(("b",), 3.0)])(frames)
    assert same.words == plain.words and same.score == pytest.approx(plain.score, abs=1e-4)
    phones = BeamDecoder(TOKENS, hotwords=[(("a", "c"), 3.0)])
    assert phones(unsure([{"a": 0.9}, {"b": 0.55, "c": 0.35}]))[0].tokens == TOKENS.encode("ac")


def test_words_are_spelled_as_the_model_writes():
    assert spelled(["già"], "text.char", None) == {"già": [("g", "i", "à")]}
    assert spelled([], "text.phn", None) == {}
    assert spelled(["gatto", "gatto"], "text.phn", "it")["gatto"][0][0] == "ɡ"
    with pytest.raises(HotwordError, match="name the language"):
        spelled(["gatto"], "text.phn", None)


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_text("New York\n\nÀ bientôt!\t2.5\n", encoding="utf-8")
    assert read_hotwords(path, 3.0, lang="fr") == (
        Hotword(("new", "york"), 3.0),
        Hotword(("à", "bientôt"), 2.5),
    )
    assert read_hotwords(path, lang=None)[0].words == ("New", "York")
    for text, message in {
        "a\tb\n": ":1: not 'phrase' or 'phrase<TAB>boost'",
        "a\n...\n": ":2: '...' holds no word",
        "a\tnan\n": ":1: the boost of 'a' is nan",
        "a\n<b>c</b>\n": ":2: the text holds",
        "A b\n\na b\t5\n": ":3: the boost of 'a b' is 5, but 6 in {path}:1; leave one out",
        "\n": "holds no word",
    }.items():
        path.write_text(text)
        with pytest.raises(
            HotwordError, match=f"names.txt.*{re.escape(message.format(path=path))}"
        ):
            read_hotwords(path, lang="fr")
    path.write_text("a b\nA b!\n")
    assert read_hotwords(path, lang="fr") == (Hotword(("a", "b")),) * 2
    with pytest.raises(HotwordError, match=r"hotwords\[1\]: the boost of 'a' is 5, but 6 in hotwo"):
        Search(hotwords=(Hotword(("a",)), Hotword(("a",), 5.0)))
    path.write_text("Rossi\nbianchi\tb j a n k i\nrossi\tr o s s i\n")
    assert read_words(path, lang="it") == {
        "rossi": [("r", "o", "s", "s", "i")],
        "bianchi": [("b", "j", "a", "n", "k", "i")],
    }
    path.write_text("two words\n")
    with pytest.raises(HotwordError, match=":1: not 'word' or"):
        read_words(path, lang="it")
    with pytest.raises(HotwordError, match="'' holds no word"):
        hotword("", lang=None)


class Named(NamedTuple):
    folder: Path
    token_file: str = "text.char"


@pytest.fixture
def model(tmp_path: Path) -> Named:
    (tmp_path / "ngram" / "it").mkdir(parents=True)
    lexicon = "".join(f"{word}\t{' '.join(spelling[0])}\n" for word, spelling in LEXICON.items())
    (tmp_path / "ngram" / "it" / "lexicon.char.txt").write_text(lexicon)
    return Named(tmp_path / "exp")


def test_a_search_spells_what_its_lexicon_has_not(model: Named, tmp_path: Path) -> None:
    words = (hotword("AB ca", 3.0, lang="it"), hotword("bd", lang="it"))
    (tmp_path / "more").write_text("da\td a a\n")
    task = find(Search(hotwords=words, add_words=tmp_path / "more"), model, "it").task(model, "it")
    assert task is not None
    assert task.options["added"] == {
        "da": [("d", "a", "a")],
        "ca": [("c", "a")],
        "bd": [("b", "d")],
    }
    assert task.options["hotwords"] == ((("ab", "ca"), 3.0), (("bd",), 6.0))
    assert "hotwords" not in find(Search(), model, "it").task(model, "it").options


def test_units_of_unknown_words_are_not_made_up(model: Named, tmp_path: Path) -> None:
    """Their letters would be found in a model of subword units, and never be written by it."""
    named = model._replace(token_file="text.bpe9")
    (tmp_path / "ngram/it/lexicon.bpe9.txt").write_text("ab\t▁ab\n", encoding="utf-8")
    (tmp_path / "more").write_text("cad\t▁ca d\n", encoding="utf-8")
    words = (hotword("ab", lang="it"), hotword("cad", lang="it"))
    with pytest.raises(HotwordError, match=r"'cad': this model writes bpe9.*--add_words"):
        find(Search(hotwords=words), named, "it").task(named, "it")
    task = find(Search(hotwords=words, add_words=tmp_path / "more"), named, "it").task(named, "it")
    assert task is not None and task.options["added"] == {"cad": [("▁ca", "d")]}


def test_without_a_lexicon_expected_words_are_searched_as_tokens(model: Named) -> None:
    search = Search(hotwords=(hotword("ab ca", 3.0, lang="xx"),))
    found = find(search, model, "xx")
    assert found.mode == "free" and "tokens instead" in found.note
    task = found.task(model, "xx")
    assert task is not None
    assert task.options["hotwords"] == ((("a", "b", SPACE, "c", "a"), 3.0),)
    for other in ("text.bpe500", "text.word"):
        with pytest.raises(HotwordError, match=r"'ab ca': this model writes .* need a lexicon"):
            found.task(model._replace(token_file=other), "xx")
    with pytest.raises(DecodeError, match="no use for expected words"):
        Search(mode="greedy", hotwords=search.hotwords)
    with pytest.raises(DecodeError, match="--add_words: no file"):
        Search(add_words=Path("nowhere"))
