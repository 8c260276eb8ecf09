from pathlib import Path

import pytest

from asrkit.bin import token_list
from asrkit.text.look_alikes import look_alikes, skeleton, with_codes


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ş", "ș"),
        ("և", "եւ"),
        ("o", "о"),
        ("g", "ɡ"),
        ("aː", "a:"),
        ("tʃ", "ʧ"),
        ("t͡ʃ", "tʃ"),
        ("é", "e\u0301"),
        ("محـمد", "محمد"),
        ("ﻻ", "لا"),
        ("کی", "كي"),
        ("ہے", "هے"),
        ("don't", "don’t"),
        ("ａ", "a"),
        ("həyat", "hәyat"),
        ("a\u200db", "ab"),
    ],
)
def test_one_skeleton(one: str, other: str) -> None:
    assert one != other and skeleton(one) == skeleton(other)


def test_different_tokens_have_different_skeletons() -> None:
    phones = (
        "a ɑ æ ə e ɛ i ɪ ɨ ı o ɔ u ʊ t tʰ th d ð đ n ɲ ŋ s ʃ S z ʒ x χ h ħ ʔ q t' ɡ ɣ a aː".split()
    )
    assert look_alikes(phones) == []
    assert look_alikes(["b", "ɡ", "а", "g", "a"]) == [["ɡ", "g"], ["а", "a"]]
    assert look_alikes(["a", "a"]) == []


def test_codes() -> None:
    assert with_codes("ș") == "ș U+0219" and with_codes("g") == "g U+0067"
    assert with_codes("coș") == "coș U+0219"


def test_token_list_reports_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text.char").write_text("a ș ş ș\nb a\n", encoding="utf-8")
    options = ["--text", str(tmp_path / "text.char"), "--out", str(tmp_path / "tokens.txt")]
    assert token_list.main(options) == 0
    said = capsys.readouterr().err
    assert "look alike" in said and "ș U+0219 (2 times), ş U+015F (1 times)" in said
    (tmp_path / "text.char").write_text("a ș a\n", encoding="utf-8")
    assert token_list.main(options) == 0
    assert capsys.readouterr().err == ""
