"""asrkit align: from a recording and its text to a data folder."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pympi
import pytest
import soundfile
from segmentation_toy import Model, posteriors, spelled

from asrkit.bin import align
from asrkit.bin.validate_data_dir import main as validate
from asrkit.kaldi.kaldi_text import read_keyed

SAID = ["the quick brown fox jumps", "over the lazy dog it flies", "and then it runs far away"]
TEXT = "“The quick brown fox jumps.” Over the lazy – dog it flies!\nNobody says this at all.\n" \
    "And then it runs far away."  # fmt: skip


@pytest.fixture
def talk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with talk.wav and talk.txt, of which the model hears the audio."""
    model = Model(posteriors([word for line in SAID for word in spelled(line)]))
    soundfile.write(tmp_path / "talk.wav", model.samples, 16000)
    (tmp_path / "talk.txt").write_text(TEXT)
    monkeypatch.setattr(align, "open_recognizer", lambda *_: model)
    return tmp_path


def options(folder: Path, *more: str) -> list[str]:
    files = ["--audio", str(folder / "talk.wav"), "--text", str(folder / "talk.txt")]
    return [*files, "--lang", "en", "--out", str(folder / "en_train"), *more]


def test_a_folder_to_train_on(talk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert align.main(options(talk)) == 0
    out = talk / "en_train"
    assert validate([str(out)]) == 0
    assert list(read_keyed(out / "text").values()) == [
        "“The quick brown fox jumps.”",
        "Over the lazy – dog it flies!",
        "And then it runs far away.",
    ]
    assert set(read_keyed(out / "utt2score")) == set(read_keyed(out / "segments"))
    rejected = (out / "rejected.tsv").read_text().splitlines()
    assert rejected[1:] == ["talk\t2\tnot found in the recording\t\t\t\tNobody says this at all."]
    report = json.loads((out / "align.json").read_text())["recordings"][0]
    assert report["segments"] == 3 and report["rejected"] == 1
    assert "3 segments" in capsys.readouterr().out


def test_transcripts_for_editors(talk: Path) -> None:
    assert align.main(options(talk)) == 0
    grid = pympi.TextGrid(str(talk / "en_train/textgrid/talk.TextGrid"))
    eaf = pympi.Eaf(str(talk / "en_train/eaf/talk.eaf"))
    said = [row[2] for row in eaf.get_annotation_data_for_tier(sorted(eaf.get_tier_names())[0])]
    assert "Over the lazy – dog it flies!" in said
    assert any("jumps.”" in row[2] for tier in grid.get_tiers() for row in tier.get_intervals())


def test_spelling_and_formats(talk: Path) -> None:
    assert align.main(options(talk, "--spelling", "normalized", "--format", "json")) == 0
    out = talk / "en_train"
    assert "over the lazy dog it flies" in read_keyed(out / "text").values()
    words = json.loads((out / "json/talk.json").read_text())["segments"][1]["words"]
    assert words[0]["text"] == "Over" and words[0]["end"] > words[0]["start"] > 0
    assert not (out / "eaf").exists()


def test_one_bad_recording_of_several(talk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (talk / "bad.wav").write_text("no audio")
    (talk / "bad.txt").write_text("Hello.")
    (talk / "table.tsv").write_text("bad.wav\tbad.txt\ntalk.wav\ttalk.txt\tana\n")
    out = talk / "en_train"
    more = ["--lang", "en", "--out", str(out)]
    assert align.main(["--table", str(talk / "table.tsv"), *more]) == 1
    assert "bad.wav" in capsys.readouterr().err
    assert set(read_keyed(out / "utt2spk").values()) == {"ana"}
    assert validate([str(out)]) == 0


@pytest.mark.parametrize(
    ("text", "more", "message"),
    [
        ("Completely different sentences about gardens.", [], "nothing of the text was found"),
        ("Привет мир.", ["--min_score", "2"], "--min_score is from 0 to 1"),
        ("中文中文。", [], "the model has nothing for 100 %"),
        ("", [], "holds no word"),
    ],
)
def test_what_is_refused_leaves_nothing(
    talk: Path, capsys: pytest.CaptureFixture[str], text: str, more: list[str], message: str
) -> None:
    (talk / "talk.txt").write_text(text)
    before = set(talk.iterdir())
    assert align.main(options(talk, *more)) == 1
    assert message in capsys.readouterr().err
    assert set(talk.iterdir()) == before


def test_phones_have_the_verdict_on_their_voice_or_another_package(
    talk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert align.main(options(talk, "--g2p", "epitran")) == 1
    assert "--g2p has no use with a model of char" in capsys.readouterr().err
    assert align.main(options(talk, "--bpe_model", "bpe.model")) == 1
    assert "--bpe_model has no use with a model of char" in capsys.readouterr().err
    model = Model(posteriors([]), "text.phn")
    monkeypatch.setattr(align, "open_recognizer", lambda *_: model)
    for lang, said in (
        ("ky", "warning: espeak-ng 1.52.0, ky: use with care"),
        ("zu", "no voice for language 'zu'; train on characters (--token_type char), on phones by"),
    ):
        assert align.main(options(talk, "--lang", lang)) == 1  # the model says nothing
        assert said in capsys.readouterr().err


def test_a_full_disk_leaves_nothing(
    talk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("asrkit.segmentation.folder.write", full)
    before = set(talk.iterdir())
    assert align.main(options(talk)) == 1
    assert "en_train" in capsys.readouterr().err
    assert set(talk.iterdir()) == before


def test_a_folder_that_is_there_is_left_alone(
    talk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (talk / "en_train").mkdir()
    (talk / "en_train/text").write_text("mine")
    assert align.main(options(talk)) == 1
    assert "exists already" in capsys.readouterr().err
    assert (talk / "en_train/text").read_text() == "mine"
