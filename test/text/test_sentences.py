"""Where sentences end."""

from __future__ import annotations

from asrkit.text.sentences import split_sentences


def test_sentences_of_a_line() -> None:
    line = "He said “Go.” She went… 3.5 km! Did (he?) 好。是"
    assert split_sentences(line, closing=True) == [
        "He said “Go.”", "She went…", "3.5 km!", "Did (he?)", "好。", "是",
    ]  # fmt: skip
    assert split_sentences(line)[:2] == ["He said “Go.", "She went…"]


def test_nothing_is_no_sentence() -> None:
    assert split_sentences("") == split_sentences("  ") == []
