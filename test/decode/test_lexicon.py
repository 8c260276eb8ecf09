import itertools
from collections.abc import Sequence
from pathlib import Path

import pytest

from asrkit.bin import make_lexicon
from asrkit.decode.lexicon import (
    LexiconError,
    build_lexicon,
    lexicon_name,
    read_lexicon,
    usable,
    write_lexicon,
)
from asrkit.decode.overlap import OverlapError
from asrkit.text.phonemize import Phonemizer, Sentence
from asrkit.text.tokenize import train_sentencepiece
from asrkit.tokens import TokenList


def test_round_trip(tmp_path: Path) -> None:
    lexicon = {"po'": [("p", "o")], "è": [("ɛ",), ("e",)]}
    write_lexicon(tmp_path / "l", lexicon)
    assert (tmp_path / "l").read_text("utf-8") == "po'\tp o\nè\tɛ\nè\te\n"
    assert read_lexicon(tmp_path / "l") == lexicon


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\tx\nb y\n", "l:2: not 'word<TAB>phones'"),
        ("a\t\n", "l:1"),
        ("a b\tx\n", "l:1"),
        ("\tx\n", "l:1"),
        ("a\tx\na\tx\n", "l:2: duplicate line for 'a'"),
        ("", "the lexicon is empty"),
    ],
)
def test_bad_lexicons(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "l").write_text(text, encoding="utf-8")
    with pytest.raises(LexiconError, match=said):
        read_lexicon(tmp_path / "l")


def test_a_missing_lexicon(tmp_path: Path) -> None:
    with pytest.raises(LexiconError, match="make_lexicon makes one"):
        read_lexicon(tmp_path / "none")


def test_usable_words() -> None:
    tokens = TokenList.build(["a", "b"])
    lexicon = {"one": [("a", "b"), ("a", "x")], "two": [("x",)]}
    lost = "2 of 3 pronunciations of the lexicon are left out: the model has no x"
    assert usable(lexicon, tokens) == ({"one": [("a", "b")]}, 2, [lost])
    with pytest.raises(OverlapError, match=r"1 of 1 .*no x; are lexicon and model of one token"):
        usable({"two": [("x",)]}, tokens)


def test_words_that_espeak_cannot_read_are_left_out() -> None:
    lexicon, report = build_lexicon(["ねこ 猫", "ねこ"], Phonemizer("ja"))
    assert list(lexicon) == ["ねこ"] and report.silent == ["猫"]


def test_a_lexicon_is_read_in_one_unicode_form(tmp_path: Path) -> None:
    (tmp_path / "l").write_text("ba\u0308d\tb a\u0308 d\n", "utf-8")
    assert read_lexicon(tmp_path / "l") == {"b\u00e4d": [("b", "\u00e4", "d")]}


def test_pronunciations_alone_and_in_sentences() -> None:
    lines = ["the end", "the apple", "the end", "a dog", "zebra"]
    lexicon, report = build_lexicon(lines, Phonemizer("en"))
    assert ("ð", "ɪ") in lexicon["the"] and ("ð", "ə") in lexicon["the"]
    assert lexicon["dog"][0][0] == "d" and report.rare == 0 and report.silent == []
    few, report = build_lexicon(lines, Phonemizer("en"), min_count=2)
    assert sorted(few) == ["end", "the"] and report.rare == 4
    one, _ = build_lexicon(lines, Phonemizer("en"), max_words=1, max_pronunciations=1)
    assert list(one) == ["the"] and len(one["the"]) == 1


class Speaker(Phonemizer):
    """Says what ``heard`` tells, in turn where it tells several; without espeak."""

    def __init__(self, heard: dict[str, list[str]], aligned: bool = True) -> None:
        self.turns = {text: itertools.cycle(phones) for text, phones in heard.items()}
        self.aligned = aligned
        self.options = {"hyphens": "split"}

    def __call__(self, texts: Sequence[str]) -> list[Sentence]:
        spoken = [[list(word) for word in next(self.turns[text]).split()] for text in texts]
        return [
            Sentence(text.split(), phones, self.aligned or " " not in text, [])
            for text, phones in zip(texts, spoken, strict=True)
        ]


@pytest.mark.parametrize(
    ("common", "aligned", "spoken"), [(9, True, "x z y"), (10, True, "x z"), (9, False, "z")]
)
def test_rare_pronunciations_are_left_out(common: int, aligned: bool, spoken: str) -> None:
    """In sentences x, and once y, which is a tenth of all or less; alone z."""
    heard = {"b a": ["w x"] * common + ["w y"], "a": ["z"], "b": ["w"]}
    lexicon, _ = build_lexicon(["b a"] * (common + 1), Speaker(heard, aligned))
    assert lexicon == {"a": [(phone,) for phone in spoken.split()], "b": [("w",)]}


@pytest.mark.parametrize(
    ("policy", "words"), [("split", ["parle", "t", "on"]), ("keep", ["parle-t-on"])]
)
def test_words_are_counted_by_the_policy_and_read_with_hyphens(
    tmp_path: Path, policy: str, words: list[str]
) -> None:
    (tmp_path / "text").write_text("a Parle-t-on ?\n", encoding="utf-8")
    out = tmp_path / "lexicon.txt"
    options = ["--lang", "fr", "--hyphens", policy, "--out", str(out)]
    assert make_lexicon.main(["--text", str(tmp_path / "text"), *options]) == 0
    lexicon = read_lexicon(out)
    assert sorted(lexicon) == sorted(words)
    if policy == "split":
        assert lexicon["t"][0] == ("t",)  # as it sounds; its name comes after it
        assert ("t", "e") in lexicon["t"]
    else:
        assert lexicon["parle-t-on"] == [(*tuple("paʁlt"), "ɔ̃")]


def test_letters_as_pronunciations() -> None:
    assert build_lexicon(["po' è"], None)[0] == {"po'": [("p", "o", "'")], "è": [("è",)]}


def test_units_of_a_model_as_pronunciations(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["il gatto dorme", "il cane corre", "la gatta corre"] * 4
    units = train_sentencepiece(lines, tmp_path / "m", vocab_size=30, mode="bpe")
    (tmp_path / "plain").write_text("\n".join(lines), encoding="utf-8")
    out = tmp_path / lexicon_name("text.bpe30")
    options = ["--plain", str(tmp_path / "plain"), "--lang", "it", "--out", str(out)]
    model = ["--bpe_model", str(tmp_path / "m.model")]
    assert make_lexicon.main([*options, "--type", "bpe", *model]) == 0
    lexicon = read_lexicon(out)
    assert lexicon == {word: [tuple(units.encode(word))] for word in set(" ".join(lines).split())}
    assert lexicon["il"] == [("▁il",)]
    capsys.readouterr()
    assert make_lexicon.main([*options, "--type", "bpe"]) == 1
    assert "bpe needs a model file: --bpe_model" in capsys.readouterr().err
    assert make_lexicon.main([*options, "--type", "char", *model]) == 1
    assert "--bpe_model has no use with --type char" in capsys.readouterr().err


def test_models_have_lexicons_of_their_own_tokens() -> None:
    files = "text.phn text.phn_separate text.myphones text.char text.char_separate text.bpe4000"
    assert [lexicon_name(file) for file in files.split()] == [
        *["lexicon.txt"] * 3, *["lexicon.char.txt"] * 2, "lexicon.bpe4000.txt",
    ]  # fmt: skip


def test_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, tokens = tmp_path / "text", tmp_path / "tokens.txt"
    text.write_text("a Ciao, mondo!\nb ciao\n", encoding="utf-8")
    TokenList.build(["tʃ", "a", "o"]).write(tokens)
    out, words = tmp_path / "lang" / "lexicon.txt", tmp_path / "words"
    options = ["--text", str(text), "--lang", "it", "--out", str(out)]
    more = ["--token_list", str(tokens), "--words_out", str(words)]
    assert make_lexicon.main([*options, *more]) == 0
    assert out.read_text("utf-8") == "ciao\ttʃ a o\n" and words.read_text("utf-8") == "ciao\n"
    assert "1 pronunciations with unknown tokens" in capsys.readouterr().out
    text.write_text("a ...\n", encoding="utf-8")
    assert make_lexicon.main(options) == 1
    assert "no text" in capsys.readouterr().err
