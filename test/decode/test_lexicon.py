from pathlib import Path

import pytest

from asrkit.bin import make_lexicon
from asrkit.data.phonemize import Phonemizer
from asrkit.decode.lexicon import LexiconError, build_lexicon, read_lexicon, usable, write_lexicon
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
        ("a\tx\na\tx\n", "l:2: the line for 'a' stands twice"),
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
    assert usable(lexicon, tokens) == ({"one": [("a", "b")]}, 2)
    with pytest.raises(LexiconError, match="it lacks x"):
        usable({"two": [("x",)]}, tokens)


def test_pronunciations_alone_and_in_sentences() -> None:
    lines = ["the end", "the apple", "the end", "a dog", "zebra"]
    lexicon, report = build_lexicon(lines, Phonemizer("en"))
    assert ("ð", "ɪ") in lexicon["the"] and ("ð", "ə") in lexicon["the"]
    assert lexicon["dog"][0][0] == "d" and report.rare == 0 and report.silent == []
    few, report = build_lexicon(lines, Phonemizer("en"), min_count=2)
    assert sorted(few) == ["end", "the"] and report.rare == 4
    one, _ = build_lexicon(lines, Phonemizer("en"), max_words=1, max_pronunciations=1)
    assert list(one) == ["the"] and len(one["the"]) == 1


def test_letters_as_pronunciations() -> None:
    assert build_lexicon(["po' è"], None)[0] == {"po'": [("p", "o", "'")], "è": [("è",)]}


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
