"""m-CPC whole: pre-training by speaker, then a convolution on frozen features."""

import json
from pathlib import Path

import pytest
import torch
from tones import corpus

from asrkit.bin import asr_train
from asrkit.train import checkpoint

CONF = Path(__file__).parents[2] / "egs/TEMPLATE/asr1/conf"


@pytest.mark.slow
def test_the_templates_configurations_learn_tones(tmp_path):
    tones = corpus(tmp_path / "tones")
    common = [
        "--train_data", str(tones / "train"), "--valid_data", str(tones / "valid"),
        "--encoder_conf", "{width: 32}", "--num_workers", "0", "--log_interval", "10",
    ]  # fmt: skip
    argv = [
        "--config", str(CONF / "pretrain_cpc.yaml"), *common, "--output_dir", str(tmp_path / "pre"),
        "--max_update", "20", "--min_sample_size", "6000", "--max_sample_size", "8000",
        "--batch_bins", "64000", "--objective_conf", "{steps: 4, ffn_size: 64}",
        "--set", "optimizer_conf.lr=2e-3",
    ]  # fmt: skip
    assert asr_train.main(argv) == 0
    argv = [
        "--config", str(CONF / "finetune_cpc.yaml"), *common, "--output_dir", str(tmp_path / "ft"),
        "--max_update", "200", "--token_list", str(tones / "tokens.txt"),
        "--token_file", "text.phn", "--init", str(tmp_path / "pre" / "last.pt"),
        "--set", "optimizer_conf.lr=2e-2",
    ]  # fmt: skip
    assert asr_train.main(argv) == 0
    rows = [json.loads(line) for line in (tmp_path / "ft" / "train.jsonl").open()]
    assert [row for row in rows if row["split"] == "valid"][-1]["token_error_rate"] < 0.05
    before = checkpoint.load(tmp_path / "pre" / "last.pt")["model"]
    after = checkpoint.load(tmp_path / "ft" / "last.pt")["model"]
    for name, value in after.items():
        if name.startswith("encoder."):
            assert torch.equal(value, before[name]), name
