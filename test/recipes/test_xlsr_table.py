"""Every command of docs/methods/xlsr.md prints what it would do, at full size, and does nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from paper_table import ROOT, dry_run, made, rows

ROWS = rows("xlsr")
COMMANDS = list(dict.fromkeys(command for _, command in ROWS))


def test_the_tables_are_whole() -> None:
    assert len(ROWS) == 13 + 5 + 3 + 3 + 5
    recipes = {command.split("/")[1] for command in COMMANDS}
    assert recipes == {"commonvoice", "babel", "xlsr53"}
    methods = set(re.findall(r"--method (\S+)", " ".join(COMMANDS)))
    assert methods == {
        *("m_cpc", "xlsr_english", "xlsr_mono", "xlsr_10", "xlsr_10_unbalanced"),
        *("xlsr_10_large", "xlsr_53", "scratch"),
    }


@pytest.mark.recipe
@pytest.mark.timeout(300)
@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: "_".join(re.findall(r"\w+", c)[1:9:2]))
def test_a_row_is_a_command(command: str) -> None:
    recipe = ROOT / Path(command.split()[0]).parent
    before = made(recipe)
    shown = dry_run(command)
    configs = re.findall(r"asr_train .*?--config (\S+)", shown)
    assert configs or "--stage 12" in command
    for config in configs:
        assert (recipe / config).is_file(), config
    if "xlsr53" not in command:
        assert "asrkit.bin.score" in shown
        assert "asr_train" in shown or "--stage 12" in command
    if "--pretrain_langs" in command:
        langs = re.findall(r'--pretrain_langs "(.*?)"', command)[0].split()
        assert f"--output_dir exp/pretrain_xlsr_10_on_{'_'.join(langs)} " in shown
    if "--learning_rates" in command:
        assert "optimizer_conf.lr=6e-5" in shown
        assert "select_model" in shown
    assert made(recipe) == before


@pytest.mark.recipe
@pytest.mark.parametrize("variant", ["paper_literal", "2020"])
def test_variants_have_configurations_that_fit_together(variant: str) -> None:
    method = "xlsr_10" if variant == "paper_literal" else "xlsr_10_large"
    for corpus, target in (("commonvoice", "it"), ("babel", "as")):
        shown = dry_run(
            f"egs/{corpus}/asr1/run.sh --method {method} --target {target} "
            f"--config_variant {variant} --stage 6 --stop_stage 8"
        )
        names = [Path(c).stem for c in re.findall(r"--config (\S+)", shown)]
        assert len(names) == 2
        assert all(name.endswith(f"_{variant}") for name in names)
        assert f"exp/pretrain_{method}_{variant}/last.pt" in shown
