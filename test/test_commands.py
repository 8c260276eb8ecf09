"""asrkit <command>: a table of every program, and nothing that makes it slow."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from asrkit import __version__
from asrkit.commands import COMMANDS, main, programs

ROOT = Path(__file__).resolve().parents[1]
# What runs or writes a network, or resamples audio; loading torch takes two seconds.
NEED_TORCH = set(
    """asr_train asr_infer transcode average_checkpoints convert_checkpoint pack cluster_quality
    language_similarity dump_posteriors calibrate tune_transcoder format_audio serve
    align export label_data label_prior identify""".split()
)
LINES = {command: line for group in COMMANDS.values() for command, (_, line) in group.items()}


@pytest.fixture(autouse=True)
def _argv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["asrkit"])  # main changes it


def test_every_program_is_a_command_once() -> None:
    files = {path.stem for path in (ROOT / "asrkit/bin").glob("*.py")} - {"__init__"}
    modules = [module for group in COMMANDS.values() for module, _ in group.values()]
    assert sorted(modules) == sorted(files)
    assert len(programs()) == len(files)  # no name twice under two headings


def test_one_line_each() -> None:
    for command, line in LINES.items():
        assert re.fullmatch(r"[a-z]+( [a-z]+)?", command)
        assert line and line[0].isupper() and line[-1] != "."
        assert len(f"  {command:22} {line}") <= 80, command


def test_a_group_is_no_command() -> None:
    groups = {command.split()[0] for command in LINES if " " in command}
    assert groups.isdisjoint(LINES)


def test_help_lists_all_in_groups(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    printed = capsys.readouterr().out
    for heading, commands in COMMANDS.items():
        assert f"\n{heading}:\n" in printed
        for command, (_, line) in commands.items():
            assert re.search(rf"^  {command} +{re.escape(line)}$", printed, re.M)
    assert main(["lm", "--help"]) == 0
    printed = capsys.readouterr().out
    assert "lm train" in printed and "data fix" not in printed


@pytest.mark.parametrize("words", [[], ["data"]])
def test_no_command_is_a_wrong_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and "data validate" in printed.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["trian"], "unknown command 'trian'; did you mean 'train'?"),
        (["data", "vaildate", "x"], "'data vaildate'; did you mean 'data validate'?"),
        (["data", "--vaild"], "unknown command 'data --vaild'; did you mean 'data validate'?"),
        (["--what"], "unknown command '--what'; asrkit --help lists all"),
        (["xyzzy", "--help"], "unknown command 'xyzzy'; asrkit --help lists all"),
    ],
)
def test_unknown_commands(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and message in printed.err
    assert printed.err.count("\n") == 1


@pytest.mark.parametrize("command", programs())
def test_help_of_a_command_says_its_name(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([*command.split(), "--help"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: asrkit {command} ")


def test_exit_codes_and_words_are_passed_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "validate", str(tmp_path / "absent")]) == 1
    assert str(tmp_path / "absent") in capsys.readouterr().err
    with pytest.raises(SystemExit) as stopped:
        main(["data", "split", "--parts", "0"])
    assert stopped.value.code == 2
    assert "asrkit data split: error: " in capsys.readouterr().err


def run(*command: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def test_python_m_asrkit_and_a_program_by_its_module() -> None:
    assert run(sys.executable, "-m", "asrkit", "--version").stdout == f"asrkit {__version__}\n"
    assert run(sys.executable, "-m", "asrkit", "nothing").returncode == 2
    done = run(sys.executable, "-m", "asrkit.bin.unpack", "--help")
    assert done.returncode == 0 and done.stdout.startswith("usage: unpack.py ")


def test_help_answers_at_once() -> None:
    """Least of three, as the first one may write bytecode; processor time, as others work here."""

    def seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert run(sys.executable, "-m", "asrkit", "--help").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(seconds() for _ in range(3)) < 0.3
    code = (
        "import sys; from asrkit.commands import main; main(['--help']);"
        "print(*{name.split('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    loaded = set(run(sys.executable, "-c", code).stderr.split())
    assert "asrkit" in loaded
    assert loaded.isdisjoint({"torch", "numpy", "argparse", "yaml", "configargparse"})


def test_programs_that_need_no_torch_do_not_load_it() -> None:
    code = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]:\n"
        "    importlib.import_module(f'asrkit.bin.{name}')\n"
        "    assert 'torch' not in sys.modules, name"
    )
    assert set(programs().values()) >= NEED_TORCH
    light = sorted(set(programs().values()) - NEED_TORCH)
    done = run(sys.executable, "-c", code, *light)
    assert done.returncode == 0, done.stderr
