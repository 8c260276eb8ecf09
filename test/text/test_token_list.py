from collections import Counter
from pathlib import Path

import pytest

from asrkit.bin import token_list
from asrkit.files import DataError
from asrkit.kaldi.kaldi_text import languages_of, read_keyed, write_keyed
from asrkit.text.token_counts import build_token_list
from asrkit.tokens import TokenError, TokenList


def _write(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_frequent_first_and_rare_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = _write(tmp_path / "one", "a tʃ a o\nb a o o\n")
    two = _write(tmp_path / "two", "c m a\n")
    out = tmp_path / "tl" / "tokens.txt"
    assert token_list.main(["--text", one, two, "--out", str(out), "--min_count", "2"]) == 0
    assert out.read_text(encoding="utf-8").split() == ["<blank>", "<unk>", "a", "o"]
    counts = out.with_name("token_counts.txt").read_text(encoding="utf-8")
    assert counts == "a\t3\no\t3\nm\t1\ntʃ\t1\n"
    assert "2 rarer than 2 left out (2 labels become <unk>)" in capsys.readouterr().out


def test_a_token_that_is_just_frequent_enough_stays() -> None:
    tokens = build_token_list(Counter({"a": 3, "b": 2, "c": 2, "d": 1}), min_count=2)
    assert tokens.symbols == ["<blank>", "<unk>", "a", "b", "c"]


def test_check_names_the_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tokens = tmp_path / "tokens.txt"
    TokenList.build(["a", "o"]).write(tokens)
    good = _write(tmp_path / "good", "x a o\n")
    bad = _write(tmp_path / "bad", "x a o\ny a q\n")
    assert token_list.main(["--text", good, "--check", str(tokens)]) == 0
    assert token_list.main(["--text", bad, "--check", str(tokens)]) == 1
    blank = _write(tmp_path / "blank", "u a <blank>\n")
    assert token_list.main(["--text", blank, "--check", str(tokens)]) == 1
    errors = capsys.readouterr().err
    assert "bad:2: utterance 'y' holds 'q'" in errors
    assert "blank:1: '<blank>' is reserved" in errors


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a x\nb\n", "text:2: utterance 'b' has no tokens"),
        ("a x\nb x <blank>\n", "text:2: '<blank>' is reserved"),
        ("a x\nb (en) f\n", "text:2: '(en)' looks like espeak's flag"),
        ("a x\na y\n", "text:2: duplicate key 'a'"),
        ("a\nb\n", "has no tokens"),
    ],
)
def test_bad_texts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    out = tmp_path / "tokens.txt"
    assert token_list.main(["--text", _write(tmp_path / "text", text), "--out", str(out)]) == 1
    assert said in capsys.readouterr().err
    assert not out.exists()


def test_nothing_frequent_enough(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = _write(tmp_path / "text", "a x\n")
    options = ["--text", text, "--out", str(tmp_path / "t"), "--min_count", "5"]
    assert token_list.main(options) == 1
    assert "lower --min_count" in capsys.readouterr().err


def test_round_trip_and_numbers(tmp_path: Path) -> None:
    tokens = TokenList.build(["tʃ", "a", "<space>", "a"])
    tokens.write(tmp_path / "tokens.txt")
    again = TokenList.read(tmp_path / "tokens.txt")
    assert again.symbols == ["<blank>", "<unk>", "tʃ", "a", "<space>"]
    assert again.encode(["a", "tʃ", "nowhere"]) == [3, 2, 1]
    assert again.decode([0, 3, 0, 2, 1]) == ["a", "tʃ", "<unk>"]


@pytest.mark.parametrize("number", [5, -1])
def test_a_number_outside_the_list(number: int) -> None:
    with pytest.raises(TokenError, match="different experiments"):
        TokenList.build(["a"]).decode([number])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\nb\n", "begins with <blank> and <unk>"),
        ("<blank>\n<unk>\na\na\n", "duplicate token 'a': 2 and 3"),
        ("<blank>\n<unk>\na b\n", "holds white space"),
        ("<blank>\n<unk>\n\n", "token 2 is empty"),
    ],
)
def test_bad_lists(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(TokenError, match=said) as error:
        TokenList.read(_write(tmp_path / "tokens.txt", text))
    assert "tokens.txt" in str(error.value)


def test_a_missing_list(tmp_path: Path) -> None:
    with pytest.raises(TokenError, match="token_list makes it"):
        TokenList.read(tmp_path / "none")


def test_keyed_files(tmp_path: Path) -> None:
    path = tmp_path / "text"
    write_keyed(path, {"b": "x  y", "a": ""})
    assert path.read_text(encoding="utf-8") == "b x  y\na\n"
    assert read_keyed(path) == {"b": "x  y", "a": ""}
    with pytest.raises(DataError, match="text:2"):
        read_keyed(path, allow_empty=False)
    for content in (b"a \xff\n", b"a x\r\nb y\r\n", b" a x\n"):
        path.write_bytes(content)
        with pytest.raises(DataError, match="text:1"):
            read_keyed(path)


def test_languages(tmp_path: Path) -> None:
    assert languages_of(["a", "b"], lang="it", utt2lang=None) == ["it", "it"]
    path = _write(tmp_path / "utt2lang", "a it\nb fr\n")
    assert languages_of(["b", "a"], lang=None, utt2lang=path) == ["fr", "it"]
    with pytest.raises(DataError, match="give --lang"):
        languages_of(["a"], lang=None, utt2lang=tmp_path / "none")


def test_letters_of_more_sentences_are_tokens_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = _write(tmp_path / "text.char", "u c i a o\n")
    plain = _write(tmp_path / "it.txt", "Perché no?\n\nBen-venuti!\n")
    out = tmp_path / "tokens.txt"
    command = ["--text", labels, "--plain", plain, "--out", str(out)]
    assert token_list.main(command) == 1
    assert "--plain needs --lang" in capsys.readouterr().err
    assert token_list.main([*command, "--lang", "it"]) == 0
    assert set(TokenList.read(out).symbols[2:]) == set("ciaoperhénbvut") | {"<space>"}
    assert token_list.main([*command[:2], "--lang", "it", "--out", str(out)]) != 0
