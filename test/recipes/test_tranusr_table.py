"""Every command of docs/methods/tranusr.md prints what it would do, and does nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from paper_table import ROOT, dry_run, made, rows

ROWS = rows("tranusr")
COMMANDS = list(dict.fromkeys(command for _, command in ROWS))
# what the last fine-tuned model is called, and what is trained before it
NAMES = {
    "--method unispeech": "tt_unispeech_espeak",
    "--method unidata2vec --fewshot_hours 10": "tt_unidata2vec_espeak_10h",
    "--method unidata2vec_joint": "tt_unidata2vec_joint_espeak",
    "unispeech_plus --config_variant equal_budget": "tt_unispeech_plus_espeak_equal_budget",
    "--token_type bpe": "fr_unidata2vec_plus_bpe4000_text",
    "--token_type char": "fr_unidata2vec_plus_char_text",
}


def test_the_tables_are_whole() -> None:
    assert len(ROWS) == 9 + 3 + 5
    assert {command.split("/")[1] for command in COMMANDS} == {"commonvoice"}
    methods = set(re.findall(r"--method (\S+)", " ".join(COMMANDS)))
    bases = ("unispeech", "unidata2vec")
    assert methods == {*bases, *(f"{base}_plus" for base in bases), "unidata2vec_joint"}
    parts = set(re.findall(r"--transcoder (\S+)", " ".join(COMMANDS)))
    assert parts == {"standard", "onehot", "oneconv", "ctc", "conformer"}


@pytest.mark.recipe
@pytest.mark.timeout(300)
@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: "_".join(re.findall(r"\w+", c)[4:12]))
def test_a_row_is_a_command(command: str) -> None:
    recipe = ROOT / Path(command.split()[0]).parent
    before = made(recipe)
    shown = dry_run(command)
    configs = re.findall(r"asr_train .*?--config (\S+)", shown)
    assert configs and all((recipe / config).is_file() for config in configs)
    assert "asrkit.bin.score" in shown
    for part, name in NAMES.items():
        if command.endswith(part) or f"{part} --tokens_from" in command:
            assert f"--output_dir exp/asr_{name} " in shown
    if "--transcoder" in command:
        lang = "fr" if "es fr" in command else "it"
        assert f"--plain data/lm_text/{lang}.web.txt.gz" in shown
        assert f"/decode_text/{lang}_test" in shown and f"/decode_text/{lang}_text" in shown
        assert "dump_posteriors" in shown
    if "--tokens_from" in command:
        assert "--plain data/lm_text/fr.web.txt.gz --lang fr" in shown and "--unit wer" in shown
    assert made(recipe) == before


@pytest.mark.recipe
@pytest.mark.timeout(120)
def test_the_ten_hours_are_asked_for() -> None:
    (command,) = [c for c in COMMANDS if "unidata2vec --fewshot_hours" in c]
    shown = dry_run(f"{command} --target it")
    assert "local/data.sh --lang it --fewshot_hours 10" in shown
    assert "finetune_ctc_unidata2vec_base_10h.yaml" in shown
