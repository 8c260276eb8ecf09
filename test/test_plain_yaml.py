"""YAML as plain values: bounded, finite, and one line of message with file, line and key."""

from __future__ import annotations

import resource
import time
from pathlib import Path
from typing import Any

import pytest

from asrkit import config
from asrkit.bin import asr_train
from asrkit.plain_yaml import DEEPEST, LONGEST, ConfigError, dump_yaml, load_yaml, read_yaml

HEAD = "objective: ctc\n"


def doubled(levels: int, kind: str) -> str:
    """Aliases of aliases, ``levels`` deep: 2^levels values as lists, mappings or merged keys."""
    rows = ["a0: &a0 {k: [1, 2]}"]
    for n in range(1, levels + 1):
        one = f"*a{n - 1}"
        both = {"lists": f"[{one}, {one}]", "mappings": f"{{x: {one}, y: {one}}}"}
        both["merges"] = f"{{<<: [{one}, {one}], k{n}: {one}}}"
        rows.append(f"a{n}: &a{n} {both[kind]}")
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize("kind", ["lists", "mappings", "merges"])
def test_what_aliases_unfold_to_is_bounded(kind: str) -> None:
    """Lists inside each other stop at the depth, wide ones at the number of values."""
    wide = "a: &a [" + "1, " * 500 + "]\nb: &b [" + "*a, " * 500 + "]\nc: [" + "*b, " * 500 + "]\n"
    before, begin = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    for text in (doubled(18, kind), doubled(40, kind), wide):
        with pytest.raises(ConfigError, match=r"^x\.yaml:\d+: [a-z0-9.]+: its aliases unfold to"):
            load_yaml(text, "x.yaml")
    assert time.process_time() - begin < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KiB


def test_an_alias_of_itself_is_refused() -> None:
    for text in ("a: &a [*a]", "a: &a {b: *a}", "&a a: 1\nb: &b\n  <<: *b\n"):
        with pytest.raises(ConfigError, match=r"^YAML:\d: \S+ its aliases unfold to too much$"):
            load_yaml(text)


def test_few_aliases_and_merged_keys_are_what_yaml_says() -> None:
    text = "a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: [*a, 5]\nd: {<<: [{x: 7}, *a], z: 0}\n"
    assert load_yaml(text) == {
        "a": {"x": 1, "y": 2},
        "b": {"x": 1, "y": 3},
        "c": [{"x": 1, "y": 2}, 5],
        "d": {"x": 7, "y": 2, "z": 0},
    }


@pytest.mark.parametrize("open_", ["[", "{a: ", "- ", "? "])
def test_depth_is_bounded(open_: str) -> None:
    begin = time.process_time()
    with pytest.raises(ConfigError, match=f"^YAML:1: nested deeper than {DEEPEST} levels$"):
        load_yaml(open_ * 50_000)
    assert time.process_time() - begin < 5


def test_length_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("a: " + "x" * LONGEST)
    with pytest.raises(ConfigError, match=r"c\.yaml: longer than 262144 characters"):
        read_yaml(path)


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (".nan", "float '.nan' is not among"),
        (".inf", "float '.inf'"),
        ("-.inf", "float '-.inf'"),
        ("1e999", "float '1e999'"),
        ("!!binary aGVsbG8=", "binary 'aGVsbG8='"),
        ("!!set {x, y}", "set is not among"),
        ("!!omap [x: 1]", "omap is not among"),
        ("!!pairs [x: 1]", "pairs is not among"),
        ("!!float word", "float 'word'"),
        ("!!int 1.5", "int '1.5'"),
        ("!!bool maybe", "bool 'maybe'"),
        ("!!python/tuple [1]", "python/tuple is not among"),
        ("!mine x", "!mine 'x' is not among"),
        ("9" * 5000, "int '999"),
        ("9223372036854775808", "int '9223372036854775808'"),
        ("1" + ":1" * 5000, "int '1:1"),
        ("{[1, 2]: 3}", "the key a sequence is not a name"),
        ("{{a: 1}: 3}", "the key a mapping is not a name"),
        ("{1: 3}", "the key '1' is not a name; quote it"),
        ("{null: 3}", "the key 'null' is not a name"),
        ("{? !!set {x} : 1}", "the key a mapping is not a name"),
        ("{x: 1, x: 2}", "key 'x' is given twice"),
        ("{<<: 5}", "<< takes mappings"),
    ],
)
def test_one_line_names_file_line_and_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], value: str, what: str
) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(f"{HEAD}encoder_conf:\n  dropout: {value}\n")
    with pytest.raises(SystemExit) as stop:
        asr_train.main(["--config", str(path)])
    told = capsys.readouterr().err.splitlines()[-1]
    assert stop.value.code == 2
    assert f"c.yaml:3: encoder_conf.dropout: {what}" in told and len(told) < 400


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed: 2024-01-01", "c.yaml:2: seed: '2024-01-01' is not of type int"),
        ("seed: x", "c.yaml:2: seed: 'x' is not of type int"),
        ("\n\nencoder_conf: 5", "c.yaml:4: encoder_conf: 5 is not of type"),
        ("sed: 1", "c.yaml:2: unknown key 'sed'; did you mean 'seed'"),
        ("a: [", "c.yaml:3: not valid YAML"),
        ("a: *b", "c.yaml:2: not valid YAML: found undefined alias 'b'"),
        ("seed: \x01", "c.yaml:1: not valid YAML: unacceptable character #x0001"),
        ("--- x\n--- y", "c.yaml:2: not valid YAML: but found another document"),
    ],
)
def test_mistakes_of_the_file_have_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(f"{HEAD}{text}\n")
    with pytest.raises(SystemExit):
        asr_train.main(["--config", str(path)])
    assert message in capsys.readouterr().err.splitlines()[-1]


def test_flags_and_set_name_the_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        asr_train.main(["--seed", ".nan"])
    assert "error: seed: float '.nan' is not among" in capsys.readouterr().err
    assert asr_train.main(["--optimizer_conf", "{lr: 1}", "--set", "optimizer_conf.lr=.nan"]) == 1
    assert "--set optimizer_conf.lr: float '.nan'" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["2024-01-01", "12:30:45", "no", "007", "1e-3", "=", "\U0001f600"])
def test_names_are_text_whatever_they_look_like(tmp_path: Path, name: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(f"output_dir: {name}\noptimizer_conf: {{lr: 1}}\n", "utf-8")
    options, _ = asr_train.options_of(["--config", str(path)])
    assert options.output_dir == name
    saved = config.dump_yaml(config.to_mapping(options))
    assert config.from_mapping(load_yaml(saved), "saved").output_dir == name


@pytest.mark.parametrize(
    "value",
    [None, True, 1, -7, 1e-3, 1e30, "", "1e-3", "2024-01-01", "12:30", "no", "~", "a\nb", "\u2028"],
)
def test_what_is_written_is_read(value: Any) -> None:
    shared = [value, value]
    content = {"a": value, "b": [shared, {"c": shared}], "<<x": value}
    written = dump_yaml(content)
    assert load_yaml(written) == content and "&" not in written
