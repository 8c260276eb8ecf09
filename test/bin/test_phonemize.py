"""Folders of text to phones, by the program."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from asrkit.bin import phonemize as phonemize_bin


def _folder(tmp_path: Path, text: str, utt2lang: str = "a it\nb fr\n") -> Path:
    (tmp_path / "text").write_text(text, encoding="utf-8")
    (tmp_path / "utt2lang").write_text(utt2lang, encoding="utf-8")
    return tmp_path


def test_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = _folder(tmp_path, "a Ciao, mondo!\nb le football\n")
    words = tmp_path / "words.jsonl"
    assert phonemize_bin.main(["--data_dir", str(folder), "--words_out", str(words)]) == 0
    assert (folder / "text.phn").read_text(encoding="utf-8") == (
        "a tʃ a o m o n d o\nb l ə f ʊ t b ɔː l\n"
    )
    record = json.loads((folder / "phonemizer.json").read_text(encoding="utf-8"))
    assert record["espeak"].startswith("1.5") and record["options"]["switch"] == "remove-flags"
    assert record["languages"]["fr"]["voice"] == "fr-fr"
    assert record["languages"]["fr"]["switches"] == {"en": 1}
    rows = [json.loads(line) for line in words.read_text(encoding="utf-8").splitlines()]
    assert rows[0]["words"] == ["ciao", "mondo"] and rows[0]["aligned"] is True
    assert "espeak 1.5" in capsys.readouterr().out


def test_the_verdict_on_a_language_is_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _folder(tmp_path, "a ciao\nb салам\n", "a it\nb ky\n")
    assert phonemize_bin.main(["--data_dir", str(folder)]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("warning: espeak-ng 1.52.0, ky: use with care (symbols that are no IPA")


def test_removed_utterances_are_recorded(tmp_path: Path) -> None:
    folder = _folder(tmp_path, "a ciao\nb le football\n")
    options = ["--data_dir", str(folder), "--language_switch", "remove-utterance"]
    assert phonemize_bin.main(options) == 0
    assert (folder / "text.phn").read_text(encoding="utf-8") == "a tʃ a o\n"
    record = json.loads((folder / "phonemizer.json").read_text(encoding="utf-8"))
    assert record["removed_utterances"] == ["b"]


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("a ciao\nb\n", [], "text:2: utterance 'b' has an empty text"),
        ("a ciao\na ciao\n", [], "text:2: duplicate key 'a'"),
        ("a ciao\nb ?!\n", [], "utterance 'b' gives no phones"),
        ("a ciao\nc salut\n", [], "have no language"),
        ("a ciao\nb 2 chats\n", ["--digits", "refuse"], "spell the numbers out"),
        ("a ciao\n", ["--lang", "tlh"], "no voice for language 'tlh'"),
        ("a ciao\n\n", [], "text:2: is an empty line"),
    ],
)
def test_bad_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, options: list[str], said: str
) -> None:
    folder = _folder(tmp_path, text)
    assert phonemize_bin.main(["--data_dir", str(folder), *options]) == 1
    message = capsys.readouterr().err
    assert message.startswith("error: ") and said in message
    assert not (folder / "text.phn").exists()


def test_unlabeled_utterances_on_request(tmp_path: Path) -> None:
    folder = _folder(tmp_path, "a ciao\nb\n")
    assert phonemize_bin.main(["--data_dir", str(folder), "--allow_empty_text", "true"]) == 0
    assert (folder / "text.phn").read_text(encoding="utf-8") == "a tʃ a o\nb\n"
