from __future__ import annotations

from pathlib import Path

import pytest

from asrkit.bin import hours


def folder(path: Path, rows: list[tuple[str, str, int]]) -> Path:
    path.mkdir()
    (path / "utt2lang").write_text("".join(f"{key} {lang}\n" for key, lang, _ in rows))
    (path / "utt2num_samples").write_text("".join(f"{key} {count}\n" for key, _, count in rows))
    return path


def test_table_of_minutes_and_utterances(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train = folder(tmp_path / "it_train", [("a", "it", 960_000), ("b", "it", 480_000)])
    test = folder(tmp_path / "ru_test", [("c", "ru", 1_920_000)])
    out = tmp_path / "hours.md"
    assert hours.main([str(train), str(test), "--out", str(out)]) == 0
    lines = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in out.read_text().splitlines()
    ]
    assert lines[0] == ["language", "train", "test"]
    assert lines[2:] == [
        ["it", "1.5 min (2)", "0.0 min (0)"],
        ["ru", "0.0 min (0)", "2.0 min (1)"],
        ["all", "1.5 min (2)", "2.0 min (1)"],
    ]
    assert capsys.readouterr().out == out.read_text()


def test_corpora_of_one_language_have_rows_of_their_own(tmp_path: Path) -> None:
    folders = [
        folder(tmp_path / name, [("a", lang, 960_000)])
        for name, lang in (
            ("mls_it_train", "it"),
            ("cv_it_train", "it"),
            ("cv_zh-hk_train", "zh-hk"),
        )
    ]
    rows = [line.split("|")[1:3] for line in hours.table(folders).splitlines()]
    assert [[cell.strip() for cell in row] for row in rows if "---" not in row[0]] == [
        ["language", "train"],
        ["cv_it", "1.0 min (1)"],
        ["cv_zh-hk", "1.0 min (1)"],
        ["mls_it", "1.0 min (1)"],
        ["all", "3.0 min (3)"],
    ]


def test_unknown_language_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder(tmp_path / "x", [("a", "it", 16)])
    (path / "utt2num_samples").write_text("b 16\n")
    assert hours.main([str(path)]) == 1
    assert "no b" in capsys.readouterr().err
