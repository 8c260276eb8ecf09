"""asrkit data partition: folders of training, validation and test, all of them or none."""

from __future__ import annotations

from pathlib import Path

import pytest
from make_audio import data_dir, flac, tone

from asrkit.bin.partition_data import main
from asrkit.kaldi.datadir import DataDir
from asrkit.kaldi.validate import validate

PARTS = ("train", "valid", "test")


def folder(tmp_path: Path, speakers: int, each: int) -> Path:
    path = flac(tmp_path / "a.flac", tone(1.0))
    ids = [f"s{s}-{n}" for s in range(speakers) for n in range(each)]
    utt2spk = {u: u.split("-")[0] if each > 1 else u for u in ids}
    by_speaker: dict[str, list[str]] = {}
    for utterance, speaker in utt2spk.items():
        by_speaker.setdefault(speaker, []).append(utterance)
    spk2utt = {speaker: " ".join(sorted(found)) for speaker, found in by_speaker.items()}
    return data_dir(tmp_path / "all", dict.fromkeys(ids, path), utt2spk=utt2spk, spk2utt=spk2utt)


def split(tmp_path: Path, *options: str) -> int:
    return main(["--in_dir", str(tmp_path / "all"), "--out", str(tmp_path / "it"), *options])


def made(tmp_path: Path) -> list[DataDir]:
    folders = [tmp_path / f"it_{part}" for part in PARTS]
    assert not any(validate(path).errors for path in folders)
    return [DataDir.read(path) for path in folders]


def test_no_speaker_is_in_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder(tmp_path, 10, 3)
    assert split(tmp_path) == 0
    speakers = [set(data.tables["utt2spk"].values()) for data in made(tmp_path)]
    assert [len(found) for found in speakers] == [8, 1, 1]
    assert len(set().union(*speakers)) == 10
    printed = capsys.readouterr().out
    assert "it_train: 24 utterances, 0.4 min" in printed
    assert "split by speaker, seed 0" in printed


def test_utterances_that_are_their_own_speakers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder(tmp_path, 20, 1)
    assert split(tmp_path, "--valid", "0.2") == 0
    assert [len(data.utterances) for data in made(tmp_path)] == [14, 4, 2]
    assert "note: speakers are not named" in capsys.readouterr().out


def test_segments_that_end_with_their_recording(tmp_path: Path) -> None:
    data = folder(tmp_path, 10, 3)
    utterances = DataDir.read(data).utterances
    segments = "".join(f"{u} {u} 0.25 -1\n" for u in utterances)
    (data / "segments").write_text(segments, encoding="utf-8")
    assert split(tmp_path) == 0
    assert sum(len(part.utterances) for part in made(tmp_path)) == 30


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("there", "it_valid: is there already"),
        ("command", "is a command, whose audio has no length"),
        ("speed", "has copies at other speeds"),
    ],
)
def test_refusals_write_nothing(
    tmp_path: Path, change: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    data = folder(tmp_path, 10, 3)
    utterances = DataDir.read(data).utterances
    if change == "there":
        (tmp_path / "it_valid").mkdir()
    if change == "command":
        text = "".join(f"{u} true |\n" for u in utterances)
        (data / "wav.scp").write_text(text, encoding="utf-8")
    if change == "speed":
        text = "".join(f"{u} 1\n" for u in utterances)
        (data / "utt2speed").write_text(text, encoding="utf-8")
    assert split(tmp_path) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "it_train").exists()


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("utt2num_samples", "s0-0 9\n", "utt2num_samples: has no line for 's0-1'"),
        ("segments", "s0-0 s0-0 0 1\n", "segments: has no line for 's0-1'; run fix_data_dir"),
        ("segments", "s0-0 s0-0 0 1\ns0-1 s0-1 0\n", "segments: 's0-1' has 's0-1 0', not a"),
        ("segments", "s0-0 s0-0 0 1\ns0-1 x 0 1\n", "segments: 's0-1' is of recording 'x', which"),
    ],
)
def test_a_table_that_does_not_fit_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, said: str
) -> None:
    (folder(tmp_path, 1, 2) / name).write_text(text)
    assert split(tmp_path, "--by", "utterance", "--valid", "0", "--test", "0.5") == 1
    assert f"{tmp_path}/all/{said}" in capsys.readouterr().err
    assert not list(tmp_path.glob("it_*"))
