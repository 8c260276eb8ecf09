"""Preparing Multilingual LibriSpeech: layouts of the release, and what is wrong in them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from corpora import mls
from corpora.speech import clips
from whole_recipe import corpus_of

import mls_lm_text
import mls_prepare
import mls_release
from asrkit.audio.reading import AudioError, decode
from asrkit.files import DataError
from asrkit.kaldi.format import format_dir
from asrkit.kaldi.kaldi_text import read_keyed as table
from asrkit.kaldi.validate import validate

ROOT = Path(__file__).resolve().parents[2]


corpus = corpus_of(mls.make)


@pytest.fixture
def tree(corpus: Path, tmp_path: Path) -> Path:
    """A copy of the Italian tree to break further."""
    shutil.copytree(corpus / "mls_italian", tmp_path / "in/mls_italian")
    return tmp_path / "in/mls_italian"


def prepare(source: Path | str, data: Path, *options: str, lang: str = "it") -> int:
    arguments = ["--lang", lang, "--mls", str(source), "--data", str(data), *options]
    if "--max_missing" not in options:
        arguments += ["--max_missing", "0.6"]
    return mls_prepare.main([*arguments, "--downloads", str(data.parent / "downloads")])


def ids(path: Path) -> list[str]:
    return path.read_text().splitlines()


def test_folders_are_valid_and_speakers_padded(corpus: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert prepare(corpus, data) == 0
    for part, size in (("train", 16), ("valid", 4), ("test", 4)):
        report = validate(data / f"it_{part}")
        assert not report.problems and report.utterances == size
    assert set(table(data / "it_train/utt2spk").values()) == {"000012", "000643", "010179"}
    audio = table(data / "it_train/wav.scp")["010179_702_000002"]
    assert audio == str(corpus / "mls_italian/train/audio/10179/702/10179_702_000002.flac")
    assert table(data / "it_train/text")["000012_700_000000"] == clips("it")[0].text
    assert set(table(data / "it_train/utt2lang").values()) == {"it"}


def test_counts_tell_every_fault(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert prepare(corpus, tmp_path / "data") == 0
    told = capsys.readouterr().out
    for fault in (
        "transcript left out: no audio: 1",
        "transcript left out: no text: 1",
        "audio left out: no transcript: 1",
        "handles.txt: handle given twice: 1",
        "list 10min_0: no audio or no transcript: 1",
        "segments.txt: end is not after start: 1",
        "transcripts.txt: line ends with CR, taken away: 4",
    ):
        assert f"it: {fault}\n" in told
    assert "12_700_009998" not in (tmp_path / "data/it_train/text").read_text()


def test_text_has_no_carriage_return(corpus: Path, tmp_path: Path) -> None:
    assert prepare(corpus, tmp_path / "data") == 0
    assert b"\r" not in (tmp_path / "data/it_test/text").read_bytes()


def test_lists_of_limited_supervision(corpus: Path, tmp_path: Path) -> None:
    assert prepare(corpus, tmp_path / "data") == 0
    lists = {path.name: ids(path) for path in (tmp_path / "data/lists/it").iterdir()}
    folds = [lists[f"10min_{fold}"] for fold in range(6)]
    assert [len(fold) for fold in folds] == [2] * 6
    assert lists["1h"] == sorted(name for fold in folds for name in fold)
    assert len(lists["10h"]) == 16 and set(lists["1h"]) < set(lists["10h"])
    assert all(found == sorted(found) for found in lists.values())
    assert set(lists["10h"]) <= table(tmp_path / "data/it_train/text").keys()


def test_gender_is_by_position_and_only_of_the_first_two_fields(tree: Path, tmp_path: Path) -> None:
    assert prepare(tree.parent, tmp_path / "data") == 0
    genders = table(tmp_path / "data/it_train/utt2gender")
    assert genders["000012_700_000000"] == "m" and genders["000643_701_000001"] == "f"
    text = (tree / "metainfo.txt").read_text().replace("  M   | secret", "  ?   | secret")
    (tree / "metainfo.txt").write_text(text)
    assert prepare(tree.parent, tmp_path / "data") == 0
    assert table(tmp_path / "data/it_train/utt2gender")["000012_700_000000"] == "u"


def test_lengths_come_from_segments(corpus: Path, tmp_path: Path) -> None:
    assert prepare(corpus, tmp_path / "data") == 0
    seconds = table(tmp_path / "data/it_valid/utt2dur")
    audio = table(tmp_path / "data/it_valid/wav.scp")
    for utterance, length in seconds.items():
        assert float(length) == pytest.approx(
            len(decode(audio[utterance]).samples) / 16000, abs=0.01
        )
    assert not (tmp_path / "data/it_train/utt2dur").exists()  # one segment there is broken


def test_opus_tree_becomes_16_khz(corpus: Path, tmp_path: Path) -> None:
    assert prepare(corpus, tmp_path / "data", lang="fr") == 0
    audio = decode(table(tmp_path / "data/fr_valid/wav.scp")["000099_701_000001"])
    assert (audio.rate, audio.codec) == (48000, "opus")
    assert abs(len(audio.samples) - len(clips("fr")[17].samples())) < 0.05 * 16000


def test_cut_files_are_found_in_stage_3(corpus: Path, tmp_path: Path) -> None:
    for lang in ("it", "fr"):
        assert prepare(corpus, tmp_path / "data", lang=lang) == 0
        with pytest.raises(DataError, match="1 of 16 utterances"):
            format_dir(tmp_path / f"data/{lang}_train", tmp_path / f"dump/{lang}")
        bad = (tmp_path / f"dump/{lang}/bad_audio").read_text()
        assert bad.startswith("000012_700_000015 ") and "fetch it again" in bad
        assert format_dir(tmp_path / f"data/{lang}_train", tmp_path / f"dump/{lang}", max_bad=1).bad


def test_archive_is_unpacked_elsewhere_and_once(corpus: Path, tmp_path: Path) -> None:
    before = sorted(path.name for path in corpus.iterdir())
    assert prepare(corpus, tmp_path / "data", lang="es") == 0
    assert prepare(corpus / "mls_spanish_opus.tar.gz", tmp_path / "data", lang="es") == 0
    assert sorted(path.name for path in corpus.iterdir()) == before
    downloads = [path.name for path in (tmp_path / "downloads").iterdir()]
    assert downloads == ["mls_spanish_opus"]
    assert validate(tmp_path / "data/es_train").utterances == 16


def test_every_language_has_its_folder(tmp_path: Path) -> None:
    speech = clips("en")
    mls.make_tree(tmp_path / "in/mls_german", speech, "flac")  # English words; the layout counts
    assert prepare(tmp_path / "in", tmp_path / "data", "--max_missing", "0", lang="de") == 0
    assert set(table(tmp_path / "data/de_train/utt2lang").values()) == {"de"}
    assert prepare(tmp_path / "in/mls_german", tmp_path / "data", lang="de") == 0
    names = {mls_release.names(lang, "auto")[0] for lang in mls_release.LANGUAGES}
    assert len(names) == 8 and {"mls_german", "mls_polish", "mls_dutch"} < names


def test_flac_is_preferred_and_codec_chooses(corpus: Path, tmp_path: Path) -> None:
    for name in ("mls_italian", "mls_italian_opus"):
        (tmp_path / name / "train").mkdir(parents=True)
        (tmp_path / name / "train/transcripts.txt").touch()
    found = {
        codec: mls_release.find_tree(str(tmp_path), "it", codec=codec, downloads=tmp_path).name
        for codec in ("auto", "flac", "opus")
    }
    assert found == {"auto": "mls_italian", "flac": "mls_italian", "opus": "mls_italian_opus"}


def test_nothing_there_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert prepare(tmp_path, tmp_path / "data") == 1
    assert "no folder mls_italian or mls_italian_opus" in capsys.readouterr().err
    arguments = ["--lang", "it", "--downloads", str(tmp_path / "none")]
    assert mls_prepare.main(arguments) == 1
    assert "--mls FOLDER, or set MLS" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


def test_offline_download_fails_clearly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(mls_prepare, "URL", "http://127.0.0.1:9")
    assert prepare("", tmp_path / "data", "--download", "true") == 1
    told = capsys.readouterr().err
    assert "127.0.0.1:9/mls_italian_opus.tar.gz" in told and "online?" in told


def test_too_many_missing_files_stop_it(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert prepare(corpus, tmp_path / "data", "--max_missing", "0.01") == 1
    assert "1 of 17 have no audio" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("train/transcripts.txt", b"", "has no line `speaker_book_number<TAB>text`"),
        ("train/transcripts.txt", b"12_700_000000\tcaff\xe8\n", "is not UTF-8"),
        ("dev/transcripts.txt", None, "cannot be read"),
        ("train/limited_supervision/9hr/handles.txt", b"12_700\n", r"handles.txt:1: '12_700'"),
    ],
)
def test_broken_files_are_named(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    name: str, content: bytes | None, message: str,
) -> None:  # fmt: skip
    if content is None:
        (tree / name).unlink()
    else:
        (tree / name).write_bytes(content)
    assert prepare(tree.parent, tmp_path / "data") == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


def test_without_lists_and_tables_it_still_works(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(tree / "train/limited_supervision/1hr/3")
    (tree / "metainfo.txt").unlink()
    (tree / "train/segments.txt").unlink()
    assert prepare(tree.parent, tmp_path / "data") == 0
    told = capsys.readouterr().out
    assert "no limited_supervision/1hr/3/handles.txt" in told
    assert "no segments.txt" in told and "no metainfo.txt" in told
    lists = {path.name for path in (tmp_path / "data/lists/it").iterdir()}
    assert "10min_0" in lists and "1h" not in lists and "10min_3" not in lists


def test_lm_text_has_no_sentence_of_valid_or_test(corpus: Path, tmp_path: Path) -> None:
    for lang in ("it", "es"):  # a file, and an archive that is not unpacked
        assert prepare(corpus, tmp_path / "data", lang=lang) == 0
        lines = ids(tmp_path / f"data/lm_text/{lang}.txt")
        held_out = {clip.text for clip in clips(lang)[16:]}
        assert not held_out & set(lines)
        assert lines[-1] == "una frase in più" and len(lines) == 17
    assert not (tmp_path / "downloads/mls_lm_spanish").exists()


def test_lm_text_without_data_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "mls_lm_italian.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(__file__, "mls_lm_italian/README")
    with pytest.raises(DataError, match=r"has no data\.txt"):
        mls_lm_text.write_lm_text(path, tmp_path / "it.txt", "it", set())
    assert not (tmp_path / "it.txt").exists()


def test_miniature_has_a_cut_file_of_each_codec(corpus: Path) -> None:
    for name in (
        "mls_italian/train/audio/12/700/12_700_000015.flac",
        "mls_french_opus/train/audio/12/700/12_700_000015.opus",
    ):
        with pytest.raises(AudioError):
            decode(corpus / name)


def call(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["./run.sh", *options, "--dry_run", "true"],
        cwd=ROOT / "egs/mls/asr1",
        env={**os.environ, "ASRKIT_VENV": sys.prefix},
        capture_output=True,
        text=True,
    )


def test_run_names_models_after_their_labels() -> None:
    before = sorted((ROOT / "egs/mls").rglob("*"))
    done = call("--target", "it", "--labeled", "10min", "--fold", "4")
    assert done.returncode == 0
    assert "--utt_list data/lists/it/10min_4 " in done.stderr
    trained = next(line for line in done.stderr.splitlines() if "bin.asr_train" in line)
    assert "--output_dir exp/asr_it_xlsr_53_10min_4 " in trained
    assert "--init ../../xlsr53/asr1/exp/pretrain_xlsr_53/last.pt " in trained
    assert "--train_data dump/raw/it_train_10min_4 " in trained
    assert sorted((ROOT / "egs/mls").rglob("*")) == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--labeled", "5h"], "10min, 1h, 10h or all"),
        (["--labeled", "10min", "--fold", "6"], "--fold is 0 to 5"),
        (["--method", "xlsr_10"], "Common Voice or BABEL"),
        (["--method", "unispeech"], "egs/commonvoice"),
        (["--labeled", "1h", "--finetune_on", "all"], "--labeled_list needs --target"),
    ],
)
def test_run_refuses_with_2(options: list[str], message: str) -> None:
    done = call(*options)
    assert done.returncode == 2 and message in done.stderr
