"""TranUSR's configurations against the paper, and against the runs that take them over."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from asrkit import config
from asrkit.build import build_objective, choose, resolve
from asrkit.options import Options
from asrkit.tokens import TokenList
from asrkit.train.folder import differences

ROOT = Path(__file__).parents[1] / "egs"
TEMPLATE, DEMO = ROOT / "TEMPLATE/asr1/conf", ROOT / "mini_asterisk/asr1/conf"
# each run, and the one whose encoder (and further parts, by init_take) it takes over
CHAINS = [
    (TEMPLATE / "pretrain_unispeech_plus_base", TEMPLATE / "pretrain_unispeech_base"),
    (TEMPLATE / "pretrain_unidata2vec_plus_base", TEMPLATE / "pretrain_unidata2vec_base"),
    (
        TEMPLATE / "pretrain_unispeech_plus_base_equal_budget",
        TEMPLATE / "pretrain_unispeech_base_equal_budget",
    ),
    (
        TEMPLATE / "finetune_ctc_unispeech_base_equal_budget",
        TEMPLATE / "pretrain_unispeech_base_equal_budget",
    ),
    (TEMPLATE / "finetune_ctc_unidata2vec_base_10h", TEMPLATE / "pretrain_unidata2vec_base"),
    (TEMPLATE / "finetune_ctc_unispeech_base", TEMPLATE / "pretrain_unispeech_base"),
    (TEMPLATE / "finetune_ctc_unidata2vec_base", TEMPLATE / "pretrain_unidata2vec_base"),
    (DEMO / "continue_unispeech_plus", DEMO / "pretrain_unispeech"),
    (DEMO / "continue_unidata2vec_plus", DEMO / "pretrain_unidata2vec"),
    (DEMO / "ctc_few", DEMO / "pretrain_unispeech"),
    (DEMO / "ctc_few", DEMO / "pretrain_unidata2vec"),
]


def read(path: Path) -> Options:
    content = config.load_yaml(path.with_suffix(".yaml").read_text("utf-8"))
    return resolve(config.from_mapping(content, path.name))


def model(options: Options) -> torch.nn.Module:
    with torch.device("meta" if options.encoder == "wav2vec2" else "cpu"):
        return build_objective(options, TokenList.build("abc"))


@pytest.mark.parametrize(("taker", "giver"), CHAINS, ids=lambda path: path.name)
def test_a_run_can_take_over_what_it_says(taker: Path, giver: Path) -> None:
    mine, theirs = read(taker), read(giver)
    one, other = model(mine), model(theirs)
    state = {n.removeprefix("base."): v.shape for n, v in other.state_dict().items()}
    changeable = one.encoder.training_options
    for key, value in mine.encoder_conf.items():
        assert key in changeable or theirs.encoder_conf[key] == value, key
    for part in mine.init_take:
        for name, value in one.get_submodule(part).state_dict().items():
            assert state[f"{part}.{name}"] == value.shape, name


def test_what_the_paper_states() -> None:
    first = read(TEMPLATE / "pretrain_unidata2vec_base")
    assert first.objective_conf["self_weight"] == 0.15
    assert (first.base_conf["beta"], first.base_conf["top_k"]) == (0.25, 8)
    network = first.encoder_conf
    assert (network["width"], network["layers"], network["heads"]) == (768, 12, 8)
    assert (first.optimizer_conf["lr"], first.max_update) == (5e-4, 400_000)
    plus = read(TEMPLATE / "pretrain_unidata2vec_plus_base")
    assert (plus.optimizer_conf["lr"], plus.max_update) == (5e-5, 200_000)
    assert plus.objective_conf["beta"] == 0.25


@pytest.mark.parametrize(
    "name", ["pretrain_{}_base", "pretrain_{}_plus_base", "finetune_ctc_{}_base"]
)
def test_unispeech_with_the_budget_of_unidata2vec(name: str) -> None:
    other = read(TEMPLATE / name.format("unidata2vec"))
    own, equal = (read(TEMPLATE / f"{name.format('unispeech')}{v}") for v in ("", "_equal_budget"))
    for field in ("max_update", "reference_batch_seconds"):
        assert getattr(equal, field) == getattr(other, field) != getattr(own, field)
    changed = differences(config.to_mapping(own), config.to_mapping(equal))
    assert {line.split(":")[0] for line in changed} <= {
        "max_update", "reference_batch_seconds", "schedule_conf.warmup",
        "objective_conf.freeze_steps", "quantizer_conf.temperature_start",
    }  # fmt: skip
    longer = equal.max_update / own.max_update
    if "pretrain" in name:
        assert equal.schedule_conf["warmup"] == longer * own.schedule_conf["warmup"]
    else:
        assert equal.objective_conf["freeze_steps"] == longer * own.objective_conf["freeze_steps"]


def test_ten_hours_differ_where_wav2vec_2_does() -> None:
    one, ten = (read(TEMPLATE / f"finetune_ctc_unidata2vec_base{h}") for h in ("", "_10h"))
    assert differences(config.to_mapping(one), config.to_mapping(ten)) == [
        "objective_conf.channel_mask_prob: 0.25 -> 0.5",
        "encoder_conf.layerdrop: 0.1 -> 0.05",
        "max_update: 13000 -> 20000",
    ]


@pytest.mark.parametrize("variant", ["", "_equal_budget"])
def test_unispeech_plus_starts_at_the_temperature_where_unispeech_ends(variant: str) -> None:
    first = read(TEMPLATE / f"pretrain_unispeech_base{variant}")
    plus = read(TEMPLATE / f"pretrain_unispeech_plus_base{variant}")
    last = 2 * 0.999995**first.max_update
    assert plus.quantizer_conf["temperature_start"] == pytest.approx(last, abs=1e-3)


def test_data2vecs_schedule_and_decay() -> None:
    options = read(TEMPLATE / "pretrain_data2vec_base")
    schedule = choose("schedule", options.schedule)(**options.schedule_conf)
    factors = [schedule.factor(n, 400_000) for n in (0, 12_000, 371_999, 400_000)]
    assert factors == pytest.approx([0.01, 1.0, 1.0, 0.01])
    teacher = model(options).teacher
    assert [teacher.decay(n) for n in (0, 15_000, 30_000)] == pytest.approx(
        [0.999, 0.99945, 0.9999]
    )
    assert options.objective_conf["beta"] == 0
    assert options.reference_batch_seconds == 16 * 3_800_000 / 16_000
