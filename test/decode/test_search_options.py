"""Weights, languages and files that asr_infer searches with."""

from __future__ import annotations

import json
from pathlib import Path
from unittest.mock import Mock

import pytest

from asrkit.arguments import UsageError, parse
from asrkit.bin.asr_infer import get_parser
from asrkit.decode.beam import DecodeError
from asrkit.decode.search_options import Chosen, choose_search, restricted_languages
from asrkit.infer import Speech2Text
from asrkit.model_io import ModelError
from asrkit.tokens import TokenList


def chosen(exp: Path, *argv: str, token_file: str = "text.phn") -> Chosen:
    """For a model in exp/x."""
    tokens = TokenList.build("ab")
    model = Mock(spec=Speech2Text, folder=exp / "exp/x", token_file=token_file, tokens=tokens)
    return choose_search(parse(get_parser(), list(argv)), model)


def ngrams(exp: Path, *names: str) -> Path:
    """Where stage 9 leaves lexicon and n-grams of Italian, with these files."""
    folder = exp / "exp/ngram/it"
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).touch()
    return folder


def test_weights_of_tune_lm(tmp_path: Path) -> None:
    path = tmp_path / "tuned.json"
    path.write_text(json.dumps({"unit": "wer", "lm_weight": 1.5, "word_score": -3, "trials": []}))
    ngrams(tmp_path, "lexicon.txt", "word.bin")
    found = chosen(tmp_path, "x.wav", "--lang", "it", "--weights", str(path))
    assert found.task is not None and found.weights == path
    assert (found.task.options["lm_weight"], found.task.options["word_score"]) == (1.5, -3.0)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"lm_weight": "x", "word_score": 0}'])
def test_what_is_no_file_of_tune_lm_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "tuned.json").write_text(content)
    with pytest.raises(DecodeError, match=r"tuned\.json: no weights of tune_lm"):
        chosen(tmp_path, "x.wav", "--weights", str(tmp_path / "tuned.json"))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DecodeError, match=r"none\.json"):
        chosen(tmp_path, "x.wav", "--weights", str(tmp_path / "none.json"))


def test_the_record_says_how_was_decoded(tmp_path: Path) -> None:
    """Also where that was not asked for: without a lexicon, greedily."""
    record = chosen(tmp_path, "--data_dir", "x", "--output_dir", str(tmp_path)).record()
    assert record == {"decode": "greedy", "restrict_langs": False, "tuned": None}
    assert json.loads(json.dumps(record)) == record


@pytest.mark.parametrize("option", ["--lexicon", "--lm"])
def test_a_lexicon_or_ngram_that_is_not_there_is_no_reason_to_decode_without(
    option: str, tmp_path: Path
) -> None:
    with pytest.raises(DecodeError, match=rf"{option}: no file .*none"):
        chosen(tmp_path, "x.wav", option, str(tmp_path / "none"))


def test_a_language_without_lexicon_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert chosen(tmp_path, "x.wav", "--lang", "tlh").task is None
    assert "ngram/tlh/lexicon.txt (stage 9): best path instead" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "unused"),
    [
        ("--lm {lm}", "--lm has no use without --lexicon, or --decode free"),
        ("--decode greedy --lm {lm}", "--lm"),
        ("--decode greedy --lexicon {lexicon}", "--lexicon"),
        ("--decode greedy --beam_size 9", "--beam_size"),
        ("--decode greedy --weights {weights}", "--weights"),
        ("--decode greedy --lang it", "--lang"),
        ("--beam_size_token 9", "--beam_size_token"),
        ("--decode free --lexicon {lexicon}", "--lexicon"),
        ("--decode free --word_score 1", "--word_score"),
        ("--decode free --lm_weight 1", "--lm_weight"),
        ("--decode free --weights {weights}", "--weights"),
        ("--decode lexicon --lexicon {lexicon} --lm {lm}", "--lm"),
        ("--lexicon {lexicon} --lm_weight 1", "--lm_weight"),
        ("--lexicon {lexicon} --lm {lm} --lang it", "--lang"),
        ("--lexicon {lexicon} --lm {lm} --weights {weights} --lm_weight 1", "--lm_weight"),
    ],
)
def test_what_the_search_does_not_use_is_refused(tmp_path: Path, argv: str, unused: str) -> None:
    files = {name: tmp_path / name for name in ("lm", "lexicon", "weights")}
    for file in files.values():
        file.touch()
    if "--weights" in argv:
        (tmp_path / "weights").write_text(json.dumps({"lm_weight": 1, "word_score": 0}))
    with pytest.raises(UsageError, match=rf"^{unused} has|^{unused} and"):
        chosen(tmp_path, "x.wav", *argv.format(**files).split())


@pytest.mark.parametrize(
    "argv",
    [
        "",
        "--decode free --lm {lm} --lm_weight 1 --beam_size 9",
        "--lexicon {lexicon} --word_score 1",
        "--lexicon {lexicon} --lm {lm} --lm_weight 1 --word_score 1 --beam_threshold 9",
    ],
)
def test_what_the_search_does_use_is_not(tmp_path: Path, argv: str) -> None:
    files = {name: tmp_path / name for name in ("lm", "lexicon", "weights")}
    for file in files.values():
        file.touch()
    words = argv.format(**files).split()
    assert (chosen(tmp_path, "x.wav", *words).task is None) == (not argv)


def test_a_search_of_tokens_takes_the_ngram_of_tokens(tmp_path: Path) -> None:
    """Stage 9 calls it after the labels; word.bin knows no token."""
    folder = ngrams(tmp_path, "word.bin")
    free = ["x.wav", "--decode", "free", "--lang", "it"]
    with pytest.raises(DecodeError, match=r"no n-gram of tokens at .*phn\.bin"):
        chosen(tmp_path, *free, token_file="text.phn_separate")
    (folder / "phn.bin").touch()
    task = chosen(tmp_path, *free, token_file="text.phn_separate").task
    assert task is not None and task.options["lm"] == folder / "phn.bin"


def test_languages_of_the_restriction(tmp_path: Path) -> None:
    (tmp_path / "utt2lang").write_text("a it\nb es\n")
    (tmp_path / "wav.scp").write_text("a 1.flac\nb 2.flac\n")
    folder = ["--data_dir", str(tmp_path)]

    def found(*argv: str, restricted: bool = True) -> dict[str, str] | None:
        return restricted_languages(parse(get_parser(), list(argv)), restricted=restricted)

    assert found("x.wav", restricted=False) is None
    assert found("x.wav", "--lang", "it") == {"x.wav": "it"}
    assert found(*folder) == {"a": "it", "b": "es"}
    assert found(*folder, "--lang", "es") == {"a": "es", "b": "es"}
    with pytest.raises(ModelError, match="needs --lang"):
        chosen(tmp_path, "x.wav", "--restrict_langs", "true")


def test_a_model_brings_the_weights_that_it_was_tuned_with(tmp_path: Path) -> None:
    ngrams(tmp_path, "lexicon.txt", "word.bin")
    tuned = tmp_path / "exp/x/tune_lm/it/lexicon_lm.json"
    tuned.parent.mkdir(parents=True)

    def weights(*argv: str) -> tuple[object, ...]:
        found = chosen(tmp_path, "x.wav", "--lang", "it", *argv)
        assert found.task is not None
        return found.task.options.get("lm_weight"), found.task.options["word_score"], found.weights

    assert weights() == (2.0, -1.0, None)
    assert weights("--decode", "lexicon") == (None, -4.0, None)
    tuned.write_text(json.dumps({"lm_weight": 1.5, "word_score": -3}))
    assert weights() == (1.5, -3.0, tuned)
    assert weights("--decode", "lexicon") == (None, -4.0, None)
    assert weights("--prior_weight", "0") == (2.0, -1.0, None)
    assert weights("--word_score", "0") == (2.0, 0.0, None)  # what is given counts, and the default


def test_label_priors_are_those_of_the_model(tmp_path: Path) -> None:
    ngrams(tmp_path, "lexicon.txt", "word.bin")
    asked = ("x.wav", "--lang", "it", "--prior_weight", "0.5")
    with pytest.raises(DecodeError, match=r"no label priors at .*make them: asrkit lm prior"):
        chosen(tmp_path, *asked)
    (tmp_path / "exp/x").mkdir(parents=True)
    path = tmp_path / "exp/x/label_prior.json"
    path.touch()
    found = chosen(tmp_path, *asked)
    assert found.task is not None
    assert (found.task.prior, found.task.prior_weight) == (path, 0.5)
    assert found.record()["prior_weight"] == 0.5
    without = chosen(tmp_path, "x.wav", "--lang", "it")
    assert without.task is not None and without.task.prior is None
    assert "prior_weight" not in without.record()
    with pytest.raises(UsageError, match="--prior_weight has no use with --decode greedy"):
        chosen(tmp_path, "x.wav", "--decode", "greedy", "--prior_weight", "0.5")
    tuned = tmp_path / "tuned.json"
    tuned.write_text(json.dumps({"lm_weight": 1.5, "word_score": -3, "prior_weight": 0.25}))
    found = chosen(tmp_path, "x.wav", "--lang", "it", "--weights", str(tuned))
    assert found.task is not None and found.task.prior_weight == 0.25
