"""Each rule of a data folder broken once: message, place, repair, exit code."""

from pathlib import Path

import pytest
from make_audio import data_dir, flac, tone

from asrkit.bin.validate_data_dir import main
from asrkit.kaldi.validate import validate


@pytest.fixture
def good(tmp_path: Path) -> Path:
    audio = flac(tmp_path / "x.flac", tone(0.2))
    return data_dir(tmp_path / "d", {key: audio for key in ("a", "b", "città", "d")})


@pytest.fixture
def cut(tmp_path: Path) -> Path:
    audio = {"r": flac(tmp_path / "r.flac", tone(2)), "s": flac(tmp_path / "s.flac", tone(1))}
    segments = {"r-1": "r 0 1", "r-2": "r 1.5 2.3", "s-1": "s 0.1 0.9"}
    return data_dir(tmp_path / "d", audio, segments=segments)


def told(folder: Path, **options: bool) -> list[str]:
    return [
        str(problem).replace(f"{folder}/", "") for problem in validate(folder, **options).errors
    ]


def test_good(good: Path, cut: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(good)]) == 0
    assert "valid, " in capsys.readouterr().out


def test_none_of_lhotse_is_told(good: Path) -> None:
    (good / "text").write_text("a None\nb none of it\ncittà None \nd x\n", encoding="utf-8")
    report = validate(good)
    assert not report.errors
    assert "text:1: warning: the text of 2 utterances is 'None'; lhotse exports" in report.text()


def test_good_with_segments(cut: Path) -> None:
    assert told(cut) == []


CASES = [
    (
        "text",
        b"a x\nb y\nb y\ncitt\xc3\xa0 z\nd z\n",
        "text:3: duplicate key 'b' (first in",
    ),
    ("text", b"a x\nd z\nb y\ncitt\xc3\xa0 z\n", "text:3: 'b' is not in order after 'd'"),
    ("text", b"a x\nb y\ncitt\xc3\xa0 z\n", "utt2spk:4: 'd' is not in text"),
    ("text", b"a x\nb y\ncitt\xc3\xa0 z\nd z\ne z\n", "text:5: 'e' is not in utt2spk"),
    ("text", b"a x\nb\ncitt\xc3\xa0 z\nd z\n", "text:2: 'b' has an empty value"),
    ("text", b"a x\r\nb y\ncitt\xc3\xa0 z\nd z\n", "text:1: holds a carriage return"),
    ("text", b"a x\nb \xe8\ncitt\xc3\xa0 z\nd z\n", "text:2: is not valid UTF-8 (byte 0xe8 at 3)"),
    ("text", b"a x\nb y\0\ncitt\xc3\xa0 z\nd z\n", "text:2: holds a NUL"),
    ("text", b"\xef\xbb\xbfa x\nb y\ncitt\xc3\xa0 z\nd z\n", "text:1: begins with a byte order"),
    ("text", b"a x\n\nb y\ncitt\xc3\xa0 z\nd z\n", "text:2: is an empty line"),
    ("text", b"a x\n b y\ncitt\xc3\xa0 z\nd z\n", "text:2: begins with white space"),
    ("text", b"", "text: is empty"),
    ("utt2lang", b"a it\nb it it\ncitt\xc3\xa0 it\nd it\n", "utt2lang:2: 'b' has 'it it'; write"),
    ("utt2spk", b"a a x\nb b\ncitt\xc3\xa0 c\nd d\n", "utt2spk:1: 'a' has 'a x'; write a speaker"),
    (
        "spk2utt",
        b"a a\nb b d\ncitt\xc3\xa0 citt\xc3\xa0\nd d\n",
        "spk2utt:2: the utterances of 'b'",
    ),
    (
        "spk2utt",
        b"a a\nb b\ncitt\xc3\xa0 citt\xc3\xa0\n",
        "spk2utt: speaker 'd' of utt2spk is miss",
    ),
    ("wav.scp", b"a no.wav\nb no |\ncitt\xc3\xa0 no |\nd no |\n", "wav.scp:1: no.wav: no such"),
    ("utt2num_samples", b"a 1\nb -1\ncitt\xc3\xa0 3\nd 4\n", "utt2num_samples:2: 'b' has '-1'"),
]


@pytest.mark.parametrize(("name", "content", "message"), CASES)
def test_each_rule(
    good: Path, name: str, content: bytes, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (good / name).write_bytes(content)
    assert main([str(good)]) == 1
    error = capsys.readouterr().err
    assert f"{good}/{message}" in error and "; " in error and "Traceback" not in error
    assert f"error: {good} has " in error


@pytest.mark.parametrize("name", ["wav.scp", "text", "utt2spk", "spk2utt", "utt2lang"])
def test_missing_file(good: Path, name: str) -> None:
    (good / name).unlink()
    assert any(line.startswith(f"{name}: is missing; ") for line in told(good))


def test_empty_audio_file(good: Path, tmp_path: Path) -> None:
    (tmp_path / "x.flac").write_bytes(b"")
    assert len(told(good)) == 4 and "x.flac: is empty (0 bytes)" in told(good)[0]
    assert told(good, check_audio=False) == []


def test_unlabeled_speech_is_allowed_on_demand(good: Path) -> None:
    (good / "text").write_text("a\nb\ncittà\nd\n")
    assert len(told(good)) == 4 and told(good, allow_empty_text=True) == []
    (good / "text").unlink()
    assert told(good, need_text=False) == []
    assert main([str(good), "--need_text", "false"]) == 0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("r-2 r 1.5 2.6", "segments:2: 'r-2' of 'r' ends at 2.60 s, past the end (2.00 s)"),
        ("r-2 r 2.1 2.2", "segments:2: 'r-2' of 'r' starts at 2.10 s, past the end (2.00 s)"),
        ("r-2 r 1.5 1.5", "segments:2: 'r-2' has 'r 1.5 1.5': start must be"),
        ("r-2 r 1.5 1.2", "segments:2: 'r-2' has 'r 1.5 1.2': start must be"),
        ("r-2 r -1 1.2", "segments:2: 'r-2' has 'r -1 1.2': start must be"),
        ("r-2 r one 2", "segments:2: 'r-2' has 'r one 2', not a recording and two times"),
        ("r-2 r 1", "segments:2: 'r-2' has 'r 1', not a recording and two times"),
        ("r-2 r 1 nan", "segments:2: 'r-2' has 'r 1 nan': start must be"),
        ("r-2 r 2.1 -1", "segments:2: 'r-2' of 'r' starts at 2.10 s, past the end (2.00 s)"),
        ("r-2 r 1 -2", "segments:2: 'r-2' has 'r 1 -2': start must be"),
        ("r-2 r 1 inf", "segments:2: 'r-2' has 'r 1 inf': start must be"),
        ("r-2 r 1 2 1", "segments:2: 'r-2' has 'r 1 2 1': its fourth value names a channel;"),
        ("r-2 r 1 2 1 x", "segments:2: 'r-2' has 'r 1 2 1 x': 5 values, not a recording and two"),
        ("r-2 q 1 2", "segments:2: 'r-2' cuts recording 'q', which is not in wav.scp"),
    ],
)
def test_segments(cut: Path, line: str, message: str) -> None:
    (cut / "segments").write_text(f"r-1 r 0 1\n{line}\ns-1 s 0.1 0.9\n")
    assert len(told(cut)) == 1 and told(cut)[0].startswith(message)


def test_unused_recording_and_speaker_prefix_are_warnings(cut: Path, tmp_path: Path) -> None:
    with open(cut / "wav.scp", "a") as stream:
        stream.write(f"t {tmp_path}/s.flac\n")
    (cut / "utt2spk").write_text("r-1 ada\nr-2 ada\ns-1 ada\n")
    (cut / "spk2utt").write_text("ada r-1 r-2 s-1\n")
    (cut / "utt2lang").write_text("r-1 it\nr-2 Italian\ns-1 yue\n")
    report = validate(cut)
    assert report.errors == []
    assert "utt2lang:2: warning: 'Italian' is not an ISO 639-1 code" in report.text()
    assert "utt2spk:1: warning: speaker 'ada' is not a prefix" in report.text()
    assert "wav.scp:3: warning: no segment uses the recording 't'" in report.text()
    assert main([str(cut)]) == 0


def test_all_problems_are_told_up_to_a_limit(
    good: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (good / "text").write_bytes(b"a x\r\na y\nb\n")
    (good / "utt2lang").unlink()
    assert main([str(good), "--limit", "3"]) == 1
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 5 and "and 3 more" in error
    assert "has 6 problems" in error


def test_not_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "no")]) == 1
    assert "no: is not a folder" in capsys.readouterr().err
