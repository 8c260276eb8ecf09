"""Repairing data folders: what is kept, what goes, and what is said about it."""

import errno
import shutil
from pathlib import Path

import pytest
from make_audio import data_dir, flac, tone

from asrkit.bin.fix_data_dir import main
from asrkit.files import DataError
from asrkit.kaldi import fix as fixing
from asrkit.kaldi.fix import fix
from asrkit.kaldi.kaldi_text import read_keyed
from asrkit.kaldi.validate import validate


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    audio = flac(tmp_path / "x.flac", tone(0.2))
    return data_dir(tmp_path / "d", {key: audio for key in "abcdefgh"})


def test_good_folder_is_left_alone(folder: Path) -> None:
    before = {p.name: p.stat().st_mtime_ns for p in folder.iterdir()}
    assert fix(folder) == ([], 8, 8, None)
    assert {p.name: p.stat().st_mtime_ns for p in folder.iterdir()} == before


def test_repairs_and_removals(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "text").write_bytes(
        b"\xef\xbb\xbfb due\r\na uno\n\nc \xe8\nd\ne cinque\ne cinque\n"
        b"f sei\nf six\nh otto\0\nz z\n"
    )
    (folder / "utt2lang").unlink()
    (folder / "utt2spk").unlink()
    scp = (folder / "wav.scp").read_text().splitlines()
    (folder / "wav.scp").write_text("\n".join([*scp[:-1], "h /no/such.wav"]) + "\n")
    old = (folder / "text").read_bytes()
    assert main([str(folder), "--lang", "it"]) == 0
    said = capsys.readouterr().out
    assert read_keyed(folder / "text") == {"a": "uno", "b": "due", "e": "cinque"}
    assert read_keyed(folder / "utt2spk") == {"a": "a", "b": "b", "e": "e"}
    assert read_keyed(folder / "utt2lang") == {"a": "it", "b": "it", "e": "it"}
    assert validate(folder).problems == []
    for part in (
        "text:1: begins with a byte order mark: repaired",
        "text:4: is not valid UTF-8",
        "c: removed: not in text",
        "d: removed: has no value in text",
        "f: removed: has two values in text (line 9)",
        "g: removed: not in text",
        "h: removed: /no/such.wav: no such file",
        "z: removed: not in utt2lang, utt2spk, wav.scp",
        "utt2lang: made, all it",
        "3 of 9 utterances kept; the old tables are in ",
    ):
        assert part in said
    assert (folder / ".backup" / "1" / "text").read_bytes() == old


def test_second_backup_keeps_the_first(folder: Path) -> None:
    for number in (1, 2):
        with open(folder / "text", "a") as stream:
            stream.write(f"q{number} x\n")
        assert fix(folder).backup == folder / ".backup" / str(number)
    assert "q1" in (folder / ".backup" / "1" / "text").read_text()
    assert "q1" not in (folder / ".backup" / "2" / "text").read_text()


def test_a_recording_is_opened_once_for_all_of_its_segments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(fixing, "seconds", lambda path: opened.append(path) or 9.0)
    audio = flac(tmp_path / "x.flac", tone(0.2))
    segments = {f"r-{number}": f"r {number} {number + 1}" for number in range(4)}
    assert fix(data_dir(tmp_path / "d", {"r": audio}, segments=segments)).after == 4
    assert opened == [str(audio)]


def test_segments(tmp_path: Path) -> None:
    audio = {"r": flac(tmp_path / "r.flac", tone(2)), "s": flac(tmp_path / "s.flac", tone(1))}
    segments = {"r-1": "r 0 1", "r-2": "r 1 3", "r-3": "r 1 0", "s-1": "s 0 1", "t-1": "t 0 1"}
    folder = data_dir(tmp_path / "d", {**audio, "u": "/no.wav"}, segments=segments)
    fixed = fix(folder)
    assert (fixed.before, fixed.after) == (5, 2)
    assert list(read_keyed(folder / "segments")) == ["r-1", "s-1"]
    assert list(read_keyed(folder / "wav.scp")) == ["r", "s"]
    assert "r-2: removed: segment ends at 3.00 s, past the end (2.00 s)" in fixed.notes
    assert validate(folder).problems == []


def test_a_segment_with_a_channel_stops_the_repair(tmp_path: Path) -> None:
    audio = {"r": flac(tmp_path / "r.flac", tone(2))}
    folder = data_dir(tmp_path / "d", audio, segments={"r-1": "r 0 1", "r-2": "r 1 2 1"})
    with pytest.raises(DataError, match=r"segments: 'r-2' has .* names a channel; nothing was"):
        fix(folder)
    assert not (folder / ".backup").exists()


def test_tables_of_recordings_keep_the_rows_of_what_is_kept(tmp_path: Path) -> None:
    audio = {u: flac(tmp_path / u, tone(1)) for u in ("a", "b", "c")}
    tables = {"reco2dur": dict.fromkeys("abc", "1"), "reco2file_and_channel": {"a": "x A"}}
    folder = data_dir(tmp_path / "d", audio, text={"a": "x", "c": "y"}, **tables)
    fix(folder)
    assert read_keyed(folder / "reco2dur") == {"a": "1", "c": "1"}
    assert read_keyed(folder / "reco2file_and_channel") == {"a": "x A"}
    (folder / "reco2dur").write_text("a 1\nold 2\nolder 3\n")
    told = [str(problem) for problem in validate(folder).problems]
    assert len(told) == 1 and "reco2dur:2: warning: wav.scp has no recording 'old' and 1" in told[0]
    assert fix(folder).notes == ["reco2dur: 2 rows removed: their recordings are not in wav.scp"]
    segmented = data_dir(
        tmp_path / "s", audio, segments={"u": "a 0 1"}, reco2dur=tables["reco2dur"]
    )
    fix(segmented)
    assert read_keyed(segmented / "reco2dur") == {"a": "1"}


def test_wrong_spk2utt_is_rebuilt(folder: Path) -> None:
    (folder / "spk2utt").write_text("a a b\n")
    assert fix(folder).notes[-1] == "spk2utt: rebuilt from utt2spk"
    assert validate(folder).problems == []


def test_stale_tokens_cost_no_utterance(folder: Path) -> None:
    (folder / "text.phn").write_text("a x\n")
    (folder / "text.char").write_text("".join(f"{key} x\n" for key in "abcdefghi"))
    assert "text.phn" in "".join(map(str, validate(folder).errors))
    fixed = fix(folder)
    assert fixed.after == 8
    assert fixed.notes == [
        "text.phn: removed: it has no line for 7 utterances; make it again (stage 5)"
    ]
    assert not (folder / "text.phn").exists() and len(read_keyed(folder / "text.char")) == 8
    assert (fixed.backup / "text.phn").read_text() == "a x\n"
    (folder / "text.phn").write_text("a x\n")
    assert len(fix(folder).notes) == 1 and not (folder / "text.phn").exists()


def test_nothing_left_changes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "text").write_text("x y\n")
    assert main([str(folder)]) == 1
    assert "no utterance would be left, so nothing was changed" in capsys.readouterr().err
    assert (folder / "text").read_text() == "x y\n" and not (folder / ".backup").exists()


def test_full_disk_restores(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "text").write_text("a x\nc y\nb z\n")
    (folder / "spk2utt").unlink()
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    write = fixing.DataDir.write

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def half(self: fixing.DataDir, where: Path) -> None:
        made = {name: self.tables[name] for name in ("text", "spk2utt")}
        write(fixing.DataDir(made), where)
        monkeypatch.setattr(shutil, "copyfile", full)  # nor is there space for a copy
        raise DataError("disk full")

    monkeypatch.setattr(fixing.DataDir, "write", half)
    with pytest.raises(DataError, match="disk full"):
        fix(folder)
    assert {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()} == before
    assert not list((folder / ".backup").iterdir())
    with pytest.raises(DataError, match=r"\.backup/1: cannot be written .No space left"):
        fix(folder)
    assert not list((folder / ".backup").iterdir())
