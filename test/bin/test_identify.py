"""asrkit identify on files and folders, and asrkit infer --lang auto."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile
from languages_toy import HIGH, classify_args, corpus
from random_model import save_small
from tones import write_tokens

from asrkit.bin import asr_infer, asr_train, identify, pack
from asrkit.identify import Speech2Class
from asrkit.infer import Speech2Text
from asrkit.pack.archive import read_manifest
from asrkit.pack.card import model_file
from asrkit.rate import RATE


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    """dump folders, exp/language that tells xx and yy apart, exp/asr_x and lexicons of both."""
    recipe = corpus(tmp_path_factory.mktemp("recipe"))
    exp = recipe / "exp"
    assert asr_train.main(classify_args(recipe, exp / "language", "--max_update", "40")) == 0
    write_tokens(recipe / "tokens.txt")
    save_small(exp / "asr_x", recipe / "tokens.txt", objective="ctc", token_file="text.phn")
    for lang in ("xx", "yy"):
        (exp / "ngram" / lang).mkdir(parents=True)
        (exp / "ngram" / lang / "lexicon.txt").write_text(f"{lang}a\ta\n{lang}b\tb\n{lang}c\tc\n")
    return recipe


@pytest.fixture(scope="module")
def clips(recipe):
    """a.wav of xx, b.wav of yy and nothing.wav, of two seconds."""
    time = np.arange(RATE // 10) / RATE
    for name, speeds in (("a", [2500.0, 5600.0, 12500.0]), ("b", list(HIGH.values()))):
        wave = np.concatenate([np.sin(speeds[n % 3] * time) for n in range(20)])
        soundfile.write(recipe / f"{name}.wav", 0.3 * wave, RATE)
    soundfile.write(recipe / "nothing.wav", np.zeros(2 * RATE), RATE)
    return [str(recipe / f"{name}.wav") for name in ("a", "b", "nothing")]


def folders(recipe) -> list[str]:
    return ["--data_dir", str(recipe / "xx_valid"), str(recipe / "yy_valid")]


def model(recipe) -> list[str]:
    return ["--model", str(recipe / "exp/language")]


def test_files_have_a_line_for_each_stretch(recipe, clips, capsys):
    assert identify.main([*model(recipe), *clips]) == 0
    said = capsys.readouterr()
    rows = [line.split("\t") for line in said.out.splitlines()]
    assert [(row[0], row[3]) for row in rows] == [(clips[0], "xx"), (clips[1], "yy")]
    assert all(0.5 < float(row[4]) <= 1 and float(row[1]) < float(row[2]) for row in rows)
    assert "nothing.wav: nobody speaks" in said.err


def test_a_file_that_is_not_there_is_named_and_the_others_done(recipe, clips, capsys):
    assert identify.main([*model(recipe), "none.wav", clips[0]]) == 1
    said = capsys.readouterr()
    assert "none.wav" in said.err and said.out.count("\n") == 1


def test_folders_are_scored_by_length(recipe, tmp_path, capsys):
    out = tmp_path / "scored"
    argv = [*model(recipe), *folders(recipe), "--seconds", "0.3", "30", "whole"]
    assert identify.main([*argv, "--output_dir", str(out)]) == 0
    table = capsys.readouterr().out
    assert "100.0 (12)" in table and "taken for" in table
    counts = json.loads((out / "classes.json").read_text())
    assert counts["lengths"]["whole"] == {"xx": {"xx": 6}, "yy": {"yy": 6}}
    assert counts["lengths"]["30"] == {} and counts["environment"]["asrkit"]
    told = (out / "utt2lang").read_text().split("\n")
    assert told[0] == "xx_s-000 xx" and told[-2] == "yy_s-005 yy"
    assert (out / "utt2prob").read_text().startswith("xx_s-000 0.")


def test_folders_without_languages_are_classified_only(recipe, tmp_path, capsys):
    bare, out = tmp_path / "bare", tmp_path / "out"
    bare.mkdir()
    (bare / "wav.scp").write_text((recipe / "xx_valid/wav.scp").read_text())
    argv = [*model(recipe), "--data_dir", str(bare)]
    for nothing in ([], ["--output_dir", str(out), "--seconds", "0.3"]):  # would come of it
        assert identify.main([*argv, *nothing]) == 1
        assert "no utt2lang in --data_dir to compare with; give" in capsys.readouterr().err
    assert identify.main([*argv, "--output_dir", str(out)]) == 0
    assert "6 of 6 utterances are not in utt2lang: not scored" in capsys.readouterr().err
    assert sorted(path.name for path in out.iterdir()) == ["utt2lang", "utt2prob"]


def test_classes_are_written_under_the_name_that_they_were_learned_from(
    recipe, tmp_path, monkeypatch, capsys
):
    learned = Speech2Class._scorer

    def of_accents(self, *args):
        scorer = learned(self, *args)
        self.label_file = "utt2accent"
        return scorer

    monkeypatch.setattr(Speech2Class, "_scorer", of_accents)
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "wav.scp").write_text((recipe / "xx_valid/wav.scp").read_text())
    argv = [*model(recipe), "--data_dir", str(bare), "--output_dir", str(bare)]
    assert identify.main(argv) == 0
    assert sorted(path.name for path in bare.iterdir()) == ["utt2accent", "utt2prob", "wav.scp"]
    (bare / "utt2accent").write_text("xx_s-000 mine\n")
    assert identify.main(argv) == 1
    assert "bare: is an input too" in capsys.readouterr().err
    assert (bare / "utt2accent").read_text() == "xx_s-000 mine\n"


def test_an_utterance_in_two_folders_is_refused(recipe, capsys):
    assert identify.main([*model(recipe), *folders(recipe), str(recipe / "xx_valid")]) == 1
    assert "xx_valid/wav.scp: 'xx_s-000' is in a --data_dir before it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "fault"),
    [
        ([], "give audio files, or --data_dir"),
        (["x.wav", "--seconds", "2"], "--seconds has no use without --data_dir"),
        (["--data_dir", "x", "--seconds", "fast"], "'fast' is no length of clips"),
    ],
)
def test_what_cannot_be_is_refused(recipe, argv, fault, capsys):
    assert identify.main([*model(recipe), *argv]) != 0
    assert fault in capsys.readouterr().err


def infer(recipe, *argv: str) -> int:
    return asr_infer.main(["--model", str(recipe / "exp/asr_x"), "--lang", "auto", *argv])


def test_words_are_of_the_language_that_is_spoken(recipe, clips, tmp_path, capsys):
    out = tmp_path / "out"
    argv = ["--format", "json", "--output_dir", str(out), *clips]
    assert infer(recipe, *argv) == 0
    for name, lang in (("a", "xx"), ("b", "yy"), ("nothing", None)):
        content = json.loads((out / f"{name}.json").read_text())
        assert content.get("language") == (lang if content["segments"] else None)
        words = [word["text"] for one in content["segments"] for word in one["words"]]
        assert all(word.startswith(str(lang)) for word in words)
    before = (out / "a.json").stat().st_mtime_ns
    assert infer(recipe, *argv) == 0  # done already
    assert (out / "a.json").stat().st_mtime_ns == before
    capsys.readouterr()
    (recipe / "exp/ngram/yy/lexicon.txt").write_text("yya\ta\n")
    assert infer(recipe, *argv) == 1
    assert "other options" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "fault"),
    [
        (["--lexicon", "x"], "--lexicon has no use with --lang auto"),
        (["--restrict_langs", "true"], "--restrict_langs has no use with --lang auto"),
        (["--decode", "lexicon_lm"], "no n-gram"),
        (["--classifier", "none"], "no classifier of languages none"),
    ],
)
def test_auto_refuses_what_is_of_one_language(recipe, clips, argv, fault, capsys):
    assert infer(recipe, *argv, clips[0]) != 0
    assert fault in capsys.readouterr().err


def test_auto_is_for_files(recipe, tmp_path, capsys):
    argv = ["--data_dir", str(recipe / "xx_valid"), "--output_dir", str(tmp_path / "out")]
    assert infer(recipe, *argv) != 0
    assert "--data_dir has no use with --lang auto" in capsys.readouterr().err


def test_a_pack_takes_auto_with_its_classifier(recipe, clips, tmp_path):
    out = tmp_path / "x.zip"
    argv = ["--model", str(recipe / "exp/asr_x"), "--out", str(out)]
    argv += ["--ngram", str(recipe / "exp/ngram"), "--classifier", str(recipe / "exp/language")]
    assert pack.main(argv) == 0
    manifest = read_manifest(out)
    assert manifest["kind"] == "recognizer" and model_file(sorted(manifest["files"])) == "last.pt"
    assert {f"language/{name}" for name in ("average.pt", "config.yaml", "tokens.txt")} <= set(
        manifest["files"]
    )
    alone = Speech2Text(recipe / "exp/asr_x").transcribe(clips[0], "auto")
    assert Speech2Text(out).transcribe(clips[0], "auto").segments == alone.segments


def test_a_classifier_is_packed_as_one(recipe, clips, tmp_path, capsys):
    out = tmp_path / "language.zip"
    assert pack.main([*model(recipe), "--out", str(out)]) == 0
    assert read_manifest(out)["kind"] == "classifier"
    capsys.readouterr()
    assert identify.main(["--model", str(out), clips[1]]) == 0
    assert "\tyy\t" in capsys.readouterr().out
    both = [*model(recipe), "--out", str(out), "--classifier", str(recipe / "exp/language")]
    assert pack.main(both) == 1
    assert "goes with a recognizer" in capsys.readouterr().err
