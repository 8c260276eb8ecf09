"""Texts to phones in shards: what one process writes, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from asrkit.bin.phonemize import main
from asrkit.text.phonemize import Phonemizer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    texts = {
        "a": ("it", "Ciao, mondo!"),
        "b": ("fr", "le football y a-t-il"),
        "c": ("it", "il computer di casa"),
        "d": ("fr", "vas-y 3 fois"),
        "e": ("en", "of the house"),
        "f": ("it", "la letteraส"),
    }
    tmp_path.joinpath("text").write_text("".join(f"{k} {v[1]}\n" for k, v in texts.items()))
    tmp_path.joinpath("utt2lang").write_text("".join(f"{k} {v[0]}\n" for k, v in texts.items()))
    return tmp_path


def written(folder: Path) -> dict[str, bytes]:
    names = ("text.phn", "phonemizer.json", "words.jsonl")
    return {name: (folder / name).read_bytes() for name in names}


def test_shards_write_what_one_process_writes(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["--data_dir", str(folder), "--words_out", str(folder / "words.jsonl")]
    command += ["--max_unread", "0.5", "--cache_dir", str(folder / "cache")]
    assert main(command) == 0
    one, said = written(folder), capsys.readouterr()
    assert main(command) == 0 and written(folder) == one  # whatever was in the cache
    capsys.readouterr()
    for name in one:
        (folder / name).unlink()
    assert main([*command, "--split", "4"]) == 0
    assert capsys.readouterr().out == "4\n"
    for number in "4213":
        assert main([*command, "--shard", number]) == 0
    assert "warning" not in capsys.readouterr().err
    assert not (folder / "text.phn").exists()
    monkeypatch.setattr(Phonemizer, "read", None)  # nothing is left to do
    assert main(command) == 0
    assert written(folder) == one and capsys.readouterr() == said
    assert not list(folder.glob(".shards*"))


def test_results_of_other_options_are_not_taken(folder: Path) -> None:
    command = ["--data_dir", str(folder), "--max_unread", "0.5"]
    words = ["--words_out", str(folder / "words.jsonl")]
    assert main([*command, *words, "--hyphens", "keep"]) == 0
    one = written(folder)
    assert main([*command, "--split", "1"]) == 0
    assert main([*command, "--shard", "1"]) == 0
    assert main([*command, *words, "--hyphens", "keep"]) == 0
    assert written(folder) == one


def test_errors_of_a_shard_name_the_line_of_the_whole_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["--data_dir", str(folder), "--digits", "refuse"]
    assert main([*command, "--split", "6"]) == 0
    assert main([*command, "--shard", "3"]) == 0
    assert main([*command, "--shard", "4"]) == 1
    assert "text:4: " in capsys.readouterr().err


def test_texts_in_characters_that_no_voice_reads_are_judged_of_the_whole(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["--data_dir", str(folder), "--max_unread", "0.3"]
    assert main([*command, "--split", "6"]) == 0
    for number in "123456":
        assert main([*command, "--shard", number]) == 0
    assert main(command) == 1
    assert "in 1 of 3 texts, the first" in capsys.readouterr().err
    assert main([*command[:-1], "0.4"]) == 0
