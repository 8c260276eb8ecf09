"""Options from YAML, flags and --set; every mistake is named."""

import pytest

from asrkit import config
from asrkit.bin import asr_train

YAML = """
objective: contrastive
objective_conf: {negatives: 50}
encoder: wav2vec2
quantizer: gumbel
optimizer_conf:
  lr: 5e-4
max_update: 7
"""


@pytest.fixture
def write(tmp_path):
    def make(text):
        path = tmp_path / "c.yaml"
        path.write_text(text, encoding="latin-1")
        return str(path)

    return make


def test_scientific_notation_is_a_number(write):
    options, _ = asr_train.options_of(["--config", write(YAML)])
    assert options.optimizer_conf["lr"] == 5e-4
    assert options.optimizer_conf["betas"] == [0.9, 0.98]


def test_order_of_precedence(write):
    argv = ["--config", write(YAML), "--max_update", "9", "--set", "optimizer_conf.lr=1e-3"]
    options, _ = asr_train.options_of(argv)
    assert (options.max_update, options.optimizer_conf["lr"]) == (9, 1e-3)


def test_print_config_is_a_fixed_point(write, tmp_path, capsys):
    assert asr_train.main(["--config", write(YAML), "--print_config"]) == 0
    first = capsys.readouterr().out
    again = tmp_path / "again.yaml"
    again.write_text(first)
    assert asr_train.main(["--config", str(again), "--print_config"]) == 0
    assert capsys.readouterr().out == first
    assert "quantizer_conf:\n  groups" in first


@pytest.mark.parametrize(
    "text,message",
    [
        ("objectiv: ctc", "unknown key 'objectiv'; did you mean 'objective'"),
        (YAML + "max_update: 3", "is given twice"),
        (YAML + "seed: [1]", "seed"),
        ("- 1", "no mapping"),
        ("a: [", "not valid YAML"),
        ("objective: \xe9", "c.yaml: not valid YAML in UTF-8"),
    ],
)
def test_mistakes_in_the_file_exit_2(write, capsys, text, message):
    with pytest.raises(SystemExit) as stop:
        asr_train.main(["--config", write(text)])
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "argv,message",
    [
        (["--objective", "contrastiv"], "did you mean 'contrastive'"),
        (["--set", "encoder_conf.layer=3"], "unknown key 'layer'"),
        (["--set", "encoder_conf"], "key=value"),
        (["--set", "seed=x"], "seed: 'x' is not of type int"),
        (["--encoder_conf", "{dropot: 0.1}"], "did you mean 'dropout'"),
        (
            ["--encoder_conf", "{dropout: high}"],
            "encoder_conf.dropout: 'high' is not of type float",
        ),
        (["--optimizer_conf", "{}"], "lr is missing"),
        (["--objective", "ctc"], "quantizer: given, but objective 'ctc' has no use for it"),
    ],
)
def test_mistakes_in_flags_exit_1(write, capsys, argv, message):
    assert asr_train.main(["--config", write(YAML), *argv]) == 1
    assert message in capsys.readouterr().err


def test_set_reaches_defaults_that_no_file_names(write):
    options, _ = asr_train.options_of(["--config", write(YAML), "--set", "schedule_conf.power=2.0"])
    assert options.schedule_conf["power"] == 2.0


def test_repeated_resolution_changes_nothing(write):
    options, _ = asr_train.options_of(["--config", write(YAML)])
    content = config.to_mapping(options)
    assert config.to_mapping(config.from_mapping(content, "x")) == content


OLD = """
objective: phonetic
base: contrastive
quantizer: gumbel
objective_conf: {unlabelled_weight: 0.5}
optimizer_conf: {lr: 0.001}
unlabelled_data: [here]
"""


def test_names_of_earlier_versions_are_taken(write, capsys):
    options, _ = asr_train.options_of(["--config", write(OLD)])
    assert (options.unlabeled_data, options.objective_conf["unlabeled_weight"]) == (["here"], 0.5)
    said = capsys.readouterr().err
    assert "c.yaml:7: unlabelled_data is deprecated; write unlabeled_data" in said
    assert said.count("unlabelled_weight is deprecated; write unlabeled_weight") == 1
    argv = ["--config", write(OLD.partition("unlabelled_data")[0]), "--unlabelled_data", "a", "b"]
    options, _ = asr_train.options_of([*argv, "--set", "objective_conf.unlabelled_weight=2"])
    assert options.unlabeled_data == ["a", "b"]
    assert options.objective_conf["unlabeled_weight"] == 2
    assert "--unlabelled_data is deprecated" in capsys.readouterr().err
    saved = {"objective_conf": {"unlabelled_weight": 0.5}, "unlabelled_data": ["here"]}
    options = config.from_mapping(saved, "config.yaml")
    assert options.objective_conf == {"unlabeled_weight": 0.5}
    assert capsys.readouterr().err == "", "a saved file is nobody's to change"


def test_an_option_under_both_names_is_refused():
    with pytest.raises(config.ConfigError, match="unlabelled_data is the old name of unlabeled"):
        config.from_mapping({"unlabelled_data": [], "unlabeled_data": ["a"]}, "config.yaml")


def test_old_names_are_not_in_help(capsys):
    with pytest.raises(SystemExit):
        asr_train.options_of(["--help"])
    said = capsys.readouterr().out
    assert "--unlabeled_data" in said and "unlabelled" not in said
