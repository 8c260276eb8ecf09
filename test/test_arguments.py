"""What the help and the exit codes of the small programs say."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from asrkit.arguments import UsageError, at_least, boolean, finite, parse, refuse_unused, run_main
from asrkit.bin import (
    asr_infer,
    dump_posteriors,
    filter_data,
    make_lexicon,
    normalize_text,
    pack,
    phonemize,
    score,
    split_data,
    subset_data_dir,
    token_list,
    tokenize,
    train_ngram,
    transcode,
    tune_lm,
    tune_transcoder,
)


@pytest.fixture(autouse=True)
def _width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def help_of(parser: argparse.ArgumentParser, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as stop:
        run_main(parser, lambda args: 0, ["--help"])
    assert stop.value.code == 0
    return capsys.readouterr().out


def test_help_tells_every_default_once(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser(prog="x", description="Two\nlines.")
    add = parser.add_argument
    add("files", nargs="*", default=["none"], help="read")
    add("--model", type=Path, default=Path("exp/a"), help="folder")
    add("--keep", type=boolean, default=False, help="as it is")
    add("--beam", type=int, default=50)
    add("--weights", nargs="+", type=float, default=[0.5, 1.0], help="tried")
    add("--share", default="5%", help="removed")
    add("--out", help="written")
    add("--nj", type=int, default=1, help="processes, default one a core")
    add("--hidden", default=3, help=argparse.SUPPRESS)
    said = help_of(parser, capsys)
    lines = [line.strip() for line in said.split("options:")[1].splitlines()]
    assert lines[2:] == [
        "--model MODEL         folder (default: exp/a)",
        "--keep KEEP           as it is (default: false)",
        "--beam BEAM           (default: 50)",
        "--weights WEIGHTS [WEIGHTS ...]",
        "tried (default: 0.5 1.0)",
        "--share SHARE         removed (default: 5%)",
        "--out OUT             written",
        "--nj NJ               processes, default one a core",
    ]
    assert "Two lines." in said and "none" not in said


def test_a_raw_description_keeps_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="x", description="Two\nlines.", formatter_class=raw)
    parser.add_argument("--nj", default=2, help="processes")
    said = help_of(parser, capsys)
    assert "Two\nlines." in said and "processes (default: 2)" in said


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda folder: (folder / "f").mkdir(), "/f: File exists; a file of that name is there"),
        (
            lambda folder: (folder / "f" / "x").read_text(),
            "/f/x: Not a directory; a part of the path",
        ),
        (lambda folder: folder.read_text(), ": Is a directory; a folder of that name is there"),
        (lambda folder: (folder / "f").rename(folder / "d"), "/d: Is a directory; a folder of"),
        (
            lambda folder: (folder / "y").read_text(),
            "/y: No such file or directory; check the path",
        ),
    ],
)
def test_refusals_of_the_system_name_file_and_remedy(
    act: Callable[[Path], object],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "f").write_text("x")
    (tmp_path / "d").mkdir()
    parser = argparse.ArgumentParser()

    def run(args: argparse.Namespace) -> None:
        act(tmp_path)

    assert run_main(parser, run, []) == 1
    message = capsys.readouterr().err
    assert message.startswith(f"error: {tmp_path}") and said in message and "Errno" not in message


def test_too_little_memory_is_a_message(capsys: pytest.CaptureFixture[str]) -> None:
    def run(args: argparse.Namespace) -> None:
        raise MemoryError

    assert run_main(argparse.ArgumentParser(), run, []) == 1
    assert capsys.readouterr().err.startswith("error: needs more memory than there is")


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "x", ""])
def test_finite_numbers(text: str) -> None:
    assert finite("-1.5") == -1.5
    with pytest.raises(argparse.ArgumentTypeError, match="finite"):
        finite(text)


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "nan", ""])
def test_whole_numbers_have_a_least(text: str) -> None:
    assert at_least(1)("1") == 1
    with pytest.raises(argparse.ArgumentTypeError, match="at least 1, not"):
        at_least(1)(text)


@pytest.mark.parametrize(
    ("program", "option", "value"),
    [
        (split_data, "--parts", "0"),  # divided by it
        (split_data, "--parts", "-1"),  # was done, with no part
        (filter_data, "--frame_shift", "0"),  # divided by it
        (filter_data, "--min_seconds", "nan"),  # kept everything
        (subset_data_dir, "--minutes", "nan"),  # took everything
        (subset_data_dir, "--utterances", "-1"),  # took all but one
        (asr_infer, "--lm_weight", "nan"),  # wrote empty hypotheses
        (asr_infer, "--nj", "0"),
        (asr_infer, "--beam_size", "0"),
        (transcode, "--lm_weight", "nan"),
        (transcode, "--max_phones", "0"),
        (tune_transcoder, "--lm_weights", "inf"),
        (dump_posteriors, "--max_seconds", "nan"),
    ],
)
def test_numbers_that_no_program_can_use_are_a_wrong_usage(
    program: ModuleType, option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        program.main([option, value])
    assert stop.value.code == 2
    assert f"argument {option}: a " in capsys.readouterr().err


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    add = parser.add_argument
    add("files", nargs="*")
    add("--lm", type=Path)
    add("--lm_weight", type=float, default=2.0)
    add("--keep", type=boolean, default=False)
    add("--audio", type=boolean, default=True)
    add("--pairs", nargs="+", type=int, default=[1])
    return parser


@pytest.mark.parametrize(
    ("argv", "given"),
    [
        ([], set()),
        (["--lm", "x"], {"lm"}),
        (["--lm_weight", "2.0", "--pairs", "1"], {"lm_weight", "pairs"}),  # defaults, but said
        (["--keep", "true", "--audio", "false"], {"keep", "audio"}),
        (["--keep", "false", "--audio", "true"], set()),  # switches set to their defaults
    ],
)
def test_what_stands_on_the_command_line(argv: list[str], given: set[str]) -> None:
    args = parse(_parser(), argv)
    assert args.given - {"files"} == given
    plain = vars(_parser().parse_args(argv))
    assert {name: value for name, value in vars(args).items() if name != "given"} == plain


def test_an_option_that_nothing_uses_is_refused() -> None:
    args = parse(_parser(), ["--lm_weight", "2"])
    refuse_unused(args, (False, "lm_weight", "at all"), (True, "lm keep", "without it"))
    with pytest.raises(UsageError, match=r"^--lm_weight has no use without --lm; leave it out$"):
        refuse_unused(args, (args.lm is None, "keep lm_weight", "without --lm"))
    with pytest.raises(KeyError, match="--lm_wieght"):
        refuse_unused(args, (False, "lm_wieght", "without --lm"))


FOLDER = ["--data_dir", "d"]
SCORE = ["--ref", "r", "--hyp", "h", "--out", "o", "--unit"]
TRANSCODE = ["--transcoder", "t", "--phones", "p"]
TUNE = ["--scores", "s", "--ref", "r", "--token_list", "t", "--out", "o"]
TUNE_TRANSCODER = ["--transcoder", "t", *FOLDER, "--lang", "it", "--lm", "l", "--out", "o"]
DUMP = ["--model", "m", *FOLDER, "--out_dir", "o", "--phone_list", "p"]


@pytest.mark.parametrize(
    ("program", "argv", "unused"),
    [
        (asr_infer, ["x.wav"], "--output_dir o"),
        (asr_infer, ["x.wav"], "--keep_scores true"),
        (transcode, TRANSCODE, "--asr_model m"),
        (transcode, TRANSCODE, "--pool peak"),
        (transcode, TRANSCODE, "--max_seconds 9"),
        (transcode, TRANSCODE, "--lm_weight 1"),
        (transcode, TRANSCODE, "--weights w"),
        (transcode, TRANSCODE, "--beam_size 9"),
        (transcode, TRANSCODE, "--progress false"),
        (transcode, [*TRANSCODE, "--lm", "l", "--weights", "w"], "--word_score 1"),
        (tune_transcoder, TUNE_TRANSCODER, "--pool peak"),
        (tune_transcoder, TUNE_TRANSCODER, "--max_seconds 9"),
        (tune_lm, TUNE, "--lm_weights 1"),
        (tune_lm, TUNE, "--word_scores 1"),
        (tune_lm, TUNE, "--prior_weights 1"),
        (tune_lm, TUNE, "--lang it"),
        (tune_lm, TUNE, "--utt2lang u"),
        (tune_lm, [*TUNE, "--normalize", "true", "--lang", "it"], "--utt2lang u"),
        (dump_posteriors, [*DUMP, "--labels", "false"], "--cache_dir c"),
        (score, [*SCORE, "per"], "--nlsyms keep"),
        (score, [*SCORE, "wer"], "--separator keep"),
        (score, [*SCORE, "wer"], "--bpe_model b"),
        (score, [*SCORE, "wer", "--lang", "it"], "--langs u"),
        (token_list, ["--text", "t", "--check", "l"], "--out o"),
        (token_list, ["--text", "t", "--check", "l"], "--min_count 2"),
        (subset_data_dir, ["--in_dir", "i", "--out_dir", "o"], "--max_missing 0.1"),
        (subset_data_dir, ["--in_dir", "i", "--out_dir", "o", "--utt_list", "l"], "--seed 1"),
        (train_ngram, ["--check"], "--out o"),
        (train_ngram, ["--out", "x.arpa"], "--quantize 8"),
        (make_lexicon, ["--lang", "it", "--out", "o", "--type", "char"], "--cache_dir c"),
        (filter_data, ["--in_dir", "i", "--out_dir", "o"], "--frame_shift 160"),
        (phonemize, [*FOLDER, "--lang", "it"], "--utt2lang u"),
        (normalize_text, [*FOLDER, "--lang", "it"], "--utt2lang u"),
        (tokenize, [*FOLDER, "--lang", "it"], "--utt2lang u"),
        (tokenize, FOLDER, "--model m"),
        (tokenize, [*FOLDER, "--normalize", "false"], "--lang it"),
        (pack, ["--model", "m", "--out", "o.zip"], "--langs it"),
    ],
)
def test_programs_refuse_what_the_chosen_mode_does_not_consume(
    program: ModuleType,
    argv: list[str],
    unused: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Before they look at any file."""
    monkeypatch.chdir(tmp_path)
    assert program.main([*argv, *unused.split()]) == 1
    assert f"error: {unused.split()[0]} has no use " in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
    program.main(argv)
    assert "has no use" not in capsys.readouterr().err


PRINTS = """
import argparse, sys
from asrkit.arguments import run_main
sys.exit(run_main(argparse.ArgumentParser(), lambda _: print("t\\u0283ao"), []))
"""


def test_what_is_printed_is_utf8_in_every_locale() -> None:
    env = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for locale in ({}, {"PYTHONIOENCODING": "latin-1"}):
        done = subprocess.run([sys.executable, "-c", PRINTS], env=env | locale, capture_output=True)
        assert done.stdout.decode("utf-8") == "t\u0283ao\n" and not done.stderr


def test_a_full_disk_behind_standard_output_is_one_line() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-c", PRINTS], stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    told = done.stderr.decode().splitlines()
    assert len(told) == 1 and told[0].startswith(
        "error: [Errno 28] No space left on device; is the"
    )
