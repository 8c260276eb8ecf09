"""Weights and languages that asr_infer takes from files."""

from __future__ import annotations

import json
from pathlib import Path
from unittest.mock import Mock

import pytest

from asrkit.arguments import UsageError, parse
from asrkit.bin.asr_infer import _beam, _languages, _read_weights, _record, get_parser, run
from asrkit.decode.beam import DecodeError
from asrkit.infer import Speech2Text
from asrkit.model_io import ModelError


def test_weights_of_tune_lm(tmp_path: Path) -> None:
    path = tmp_path / "tuned.json"
    path.write_text(json.dumps({"unit": "wer", "lm_weight": 1.5, "word_score": -3, "trials": []}))
    args = get_parser().parse_args(["x.wav", "--weights", str(path)])
    _read_weights(args)
    assert (args.lm_weight, args.word_score) == (1.5, -3.0)


def test_without_a_file_the_options_stay() -> None:
    args = get_parser().parse_args(["x.wav", "--lm_weight", "9"])
    _read_weights(args)
    assert args.lm_weight == 9


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"lm_weight": "x", "word_score": 0}'])
def test_what_is_no_file_of_tune_lm_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "tuned.json").write_text(content)
    args = get_parser().parse_args(["x.wav", "--weights", str(tmp_path / "tuned.json")])
    with pytest.raises(DecodeError, match=r"tuned\.json: no weights of tune_lm"):
        _read_weights(args)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    args = get_parser().parse_args(["x.wav", "--weights", str(tmp_path / "none.json")])
    with pytest.raises(DecodeError, match=r"none\.json"):
        _read_weights(args)


def test_the_record_says_how_was_decoded(tmp_path: Path) -> None:
    """Also where that was not asked for: without a lexicon, greedily."""
    model = Mock(spec=Speech2Text, folder=tmp_path / "exp/x")
    args = parse(get_parser(), ["--data_dir", "x", "--output_dir", str(tmp_path)])
    _record(args, _beam(args, model))
    assert json.loads((tmp_path / "decoding.json").read_text())["decode"] == "greedy"


@pytest.mark.parametrize("option", ["--lexicon", "--lm"])
def test_a_lexicon_or_ngram_that_is_not_there_is_no_reason_to_decode_without(
    option: str, tmp_path: Path
) -> None:
    model = Mock(spec=Speech2Text, folder=tmp_path / "exp/x")
    args = parse(get_parser(), ["x.wav", option, str(tmp_path / "none")])
    with pytest.raises(DecodeError, match=rf"{option}: no file .*none"):
        _beam(args, model)


def test_a_language_without_lexicon_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = Mock(spec=Speech2Text, folder=tmp_path / "exp/x", token_file="text.phn")
    assert _beam(parse(get_parser(), ["x.wav", "--lang", "tlh"]), model) is None
    assert "ngram/tlh/lexicon.txt (stage 9): best path instead" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "unused"),
    [
        ("--lm {lm}", "--lm has no use without --lexicon, or --decode free"),
        ("--decode greedy --lm {lm}", "--lm"),
        ("--decode greedy --lexicon {lexicon}", "--lexicon"),
        ("--decode greedy --beam_size 9", "--beam_size"),
        ("--decode greedy --weights w", "--weights"),
        ("--decode greedy --lang it", "--lang"),
        ("--beam_size_token 9", "--beam_size_token"),
        ("--decode free --lexicon {lexicon}", "--lexicon"),
        ("--decode free --word_score 1", "--word_score"),
        ("--decode free --lm_weight 1", "--lm_weight"),
        ("--decode free --weights w", "--weights"),
        ("--decode lexicon --lexicon {lexicon} --lm {lm}", "--lm"),
        ("--lexicon {lexicon} --lm_weight 1", "--lm_weight"),
        ("--lexicon {lexicon} --lm {lm} --lang it", "--lang"),
        ("--lexicon {lexicon} --lm {lm} --weights w --lm_weight 1", "--lm_weight"),
    ],
)
def test_what_the_search_does_not_use_is_refused(tmp_path: Path, argv: str, unused: str) -> None:
    files = {name: tmp_path / name for name in ("lm", "lexicon")}
    for file in files.values():
        file.touch()
    model = Mock(spec=Speech2Text, folder=tmp_path / "exp/x", token_file="text.phn")
    args = parse(get_parser(), ["x.wav", *argv.format(**files).split()])
    with pytest.raises(UsageError, match=rf"^{unused} has|^{unused} and"):
        _beam(args, model)


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
    files = {name: tmp_path / name for name in ("lm", "lexicon")}
    for file in files.values():
        file.touch()
    model = Mock(spec=Speech2Text, folder=tmp_path / "exp/x", token_file="text.phn")
    words = argv.format(**files).split()
    assert (_beam(parse(get_parser(), ["x.wav", *words]), model) is None) == (not argv)


def test_a_search_of_tokens_takes_the_ngram_of_tokens(tmp_path: Path) -> None:
    """Stage 9 calls it after the labels; word.bin knows no token."""
    folder = tmp_path / "exp" / "ngram" / "it"
    folder.mkdir(parents=True)
    (folder / "word.bin").touch()
    model = Mock(spec=Speech2Text, folder=tmp_path / "exp/x", token_file="text.phn_separate")
    free = ["x.wav", "--decode", "free", "--lang", "it"]
    with pytest.raises(DecodeError, match=r"no n-gram of tokens at .*phn\.bin"):
        _beam(parse(get_parser(), free), model)
    (folder / "phn.bin").touch()
    beam = _beam(parse(get_parser(), free), model)
    assert beam is not None and beam.options["lm"] == folder / "phn.bin"


def test_languages_of_the_restriction(tmp_path: Path) -> None:
    (tmp_path / "utt2lang").write_text("a it\nb es\n")
    (tmp_path / "wav.scp").write_text("a 1.flac\nb 2.flac\n")
    restrict = ["--restrict_langs", "true"]
    folder = ["--data_dir", str(tmp_path)]
    parse = get_parser().parse_args
    assert _languages(parse(["x.wav"])) is None
    assert _languages(parse(["x.wav", *restrict, "--lang", "it"])) == {"x.wav": "it"}
    assert _languages(parse([*folder, *restrict])) == {"a": "it", "b": "es"}
    assert _languages(parse([*folder, *restrict, "--lang", "es"])) == {"a": "es", "b": "es"}
    with pytest.raises(ModelError, match="needs --lang"):
        _languages(parse(["x.wav", *restrict]))


def test_a_channel_is_of_files(tmp_path: Path) -> None:
    argv = ["--data_dir", str(tmp_path), "--output_dir", str(tmp_path / "out"), "--channel", "1"]
    with pytest.raises(UsageError, match="--channel has no use with --data_dir"):
        run(parse(get_parser(), argv))


def test_a_model_brings_the_weights_that_it_was_tuned_with(tmp_path: Path) -> None:
    (tmp_path / "exp/ngram/it").mkdir(parents=True)
    for name in ("lexicon.txt", "word.bin"):
        (tmp_path / "exp/ngram/it" / name).touch()
    tuned = tmp_path / "exp/x/tune_lm/it/lexicon_lm.json"
    tuned.parent.mkdir(parents=True)
    model = Mock(spec=Speech2Text, folder=tmp_path / "exp/x", token_file="text.phn")

    def weights(*argv: str) -> tuple[object, ...]:
        args = parse(get_parser(), ["x.wav", "--lang", "it", *argv])
        beam = _beam(args, model)
        assert beam is not None
        return beam.options.get("lm_weight"), beam.options["word_score"], args.weights

    assert weights() == (2.0, -1.0, None)
    assert weights("--decode", "lexicon") == (None, -4.0, None)
    tuned.write_text(json.dumps({"lm_weight": 1.5, "word_score": -3}))
    assert weights() == (1.5, -3.0, tuned)
    assert weights("--decode", "lexicon") == (None, -4.0, None)
    assert weights("--word_score", "0") == (2.0, 0.0, None)  # what is given counts, and the default
