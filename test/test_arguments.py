"""What the help and the exit codes of the small programs say."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from asrkit.arguments import at_least, boolean, finite, run_main
from asrkit.bin import asr_infer, filter_data, split_data, subset_data_dir


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
    ],
)
def test_numbers_that_no_program_can_use_are_a_wrong_usage(
    program: ModuleType, option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        program.main([option, value])
    assert stop.value.code == 2
    assert f"argument {option}: a " in capsys.readouterr().err
