"""What auto stands for: the largest micro-batch that fits, whole parts of the published update."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tones import ctc_args, write_dump, write_tokens

from asrkit import config
from asrkit.batch import Batch
from asrkit.bin import asr_train
from asrkit.build import build_objective, resolve
from asrkit.config import ConfigError
from asrkit.data.index import DataIndex
from asrkit.data.source import SpeechSource
from asrkit.objectives.base import Objective
from asrkit.options import AUTO, Options
from asrkit.tokens import TokenList
from asrkit.train import micro_batches
from asrkit.train.batch_size import update_seconds
from asrkit.train.distributed import World
from asrkit.train.micro_batches import CPU_BINS, FILE, largest, settle, whole_parts
from asrkit.transcoder.source import PhoneSource


class Card:
    """A made-up GPU: memory is linear in rows; trials are counted."""

    def __init__(self, room: float, row: float, rest: float, bend: float = 0.0) -> None:
        self.room, self.row, self.rest, self.bend = room, row, rest, bend
        self.trials: list[int] = []

    def __call__(self, rows: int) -> float | None:
        self.trials.append(rows)
        share = (self.rest + self.row * rows + self.bend * rows**2) / self.room
        return share if share <= 1.2 else None  # the memory that is set aside, then none


@pytest.mark.parametrize("seed", range(40))
def test_the_largest_that_fits(seed: int) -> None:
    rng = np.random.default_rng(seed)
    room, most = int(rng.integers(1, 100)), int(rng.integers(1, 500))
    row, rest = float(rng.uniform(0.01, 3)), float(rng.uniform(0, 40))
    card = Card(room, row, rest)
    rows = largest(card, most)
    fit = max(0, min(most, int((room - rest) / row + 1e-9)))
    if fit == 0:
        assert rows == 0
    else:
        assert rows <= fit and rows >= fit - 1
    assert len(card.trials) <= 4


def test_memory_that_grows_faster_than_rows() -> None:
    card = Card(room=100, row=1, rest=10, bend=0.02)
    rows = largest(card, 200)
    assert (10 + rows + 0.02 * rows**2) <= 100
    assert rows >= 0.7 * 46  # the largest is 46


@pytest.mark.parametrize(
    ("share", "room"), [(100, 30), (100, 100), (100, 170), (89_600_000, 12_800_001)]
)
def test_whole_parts(share: int, room: int) -> None:
    bins = whole_parts(share, room, clip=1)
    assert 1 <= bins <= max(room, 1)
    parts = round(share / bins)
    assert abs(parts * bins - share) < parts  # but for what does not divide


@pytest.fixture
def index(tmp_path: Path) -> DataIndex:
    write_dump(tmp_path / "train", 4)
    return DataIndex.open([tmp_path / "train"])


def settled(options: Options, index: DataIndex, remembered: dict[str, int]) -> Options:
    objective = torch.nn.Identity()  # no trial is made on a CPU
    source = SpeechSource(options)
    return settle(source, objective, index, World(ngpu=0), remembered, 2)  # type: ignore


def test_a_cpu_takes_any_shape_and_the_share_of_one_gpu(index: DataIndex) -> None:
    options = Options(batch_bins=AUTO, accum_grad=0, reference_batch_seconds=5600)
    found = settled(options, index, {})
    assert (found.batch_bins, found.batch_shapes, found.accum_grad) == (CPU_BINS, 0, 64)
    assert update_seconds(found, 1) == 5600


def test_a_run_that_goes_on_keeps_what_it_began_with(index: DataIndex) -> None:
    options = Options(batch_bins=AUTO, accum_grad=0, reference_batch_seconds=1600)
    found = settled(options, index, {"batch_bins": 12_800_000, "batch_shapes": 32})
    assert (found.batch_bins, found.batch_shapes, found.accum_grad) == (12_800_000, 32, 2)
    given = dataclasses.replace(options, batch_bins=160_000, batch_shapes=0)
    assert settled(given, index, {"batch_bins": 1, "batch_shapes": 32}).batch_bins == 160_000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"batch_bins": 640000', "not readable JSON"),
        ('{"batch_bins": "640k"}', "batch_bins: '640k' is not of type int"),
        ('{"batch_bins": 0}', "batch_bins: 0 is below 1"),
        ("[640000]", "is not of type"),
    ],
)
def test_a_number_that_was_lowered_wrongly_is_told_with_its_file(
    tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(ConfigError, match=f"{tmp_path / FILE}.*{said}"):
        micro_batches.read(tmp_path)


def test_phones_have_no_auto() -> None:
    with pytest.raises(ConfigError, match="number of phones"):
        settle(PhoneSource(Options(batch_bins=AUTO)), None, None, World(ngpu=0), {}, 2)  # type: ignore


def test_a_run_remembers(tmp_path: Path) -> None:
    write_dump(tmp_path / "train", 4)
    write_dump(tmp_path / "valid", 2, seed=1)
    write_tokens(tmp_path / "tokens.txt")
    argv = [*ctc_args(tmp_path, tmp_path / "exp"), "--batch_bins", "auto", "--accum_grad", "0"]
    argv += ["--reference_batch_seconds", "100", "--max_update", "1"]
    assert asr_train.main(argv) == 0
    path = tmp_path / "exp" / FILE
    assert json.loads(path.read_text()) == {"batch_bins": CPU_BINS, "batch_shapes": 0}
    saved = config.read_yaml(tmp_path / "exp" / "config.yaml")
    assert saved["batch_bins"] == saved["batch_shapes"] == AUTO
    path.write_text('{"batch_bins": 160000, "batch_shapes": 3}')
    argv[argv.index("--max_update") + 1] = "2"
    assert asr_train.main([*argv, "--resume", "true"]) == 0
    assert "full micro-batches have" in (tmp_path / "exp" / "train.log").read_text()


class Memory:
    """torch.cuda's counters for a model on the CPU: a GPU whose memory is used up row by row."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, gib: float) -> None:
        self.free, self.taken, self.seen = int(gib * 2**30), 0, 0
        for name in ("empty_cache", "reset_peak_memory_stats"):
            monkeypatch.setattr(torch.cuda, name, lambda *_: None)
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (self.free, self.free))
        monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _: 0)
        monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda _: self.taken)

    def watch(self, objective: Objective) -> None:
        def count(_: object, args: tuple[Batch, ...]) -> None:
            rows, size = args[0].speech.data.shape  # type: ignore[union-attr]
            self.seen, self.taken = rows, 2**28 + rows * size * 1000
            if self.taken > self.free:
                raise torch.cuda.OutOfMemoryError("made up")

        objective.register_forward_pre_hook(count)


CONF = {"layers": 1, "width": 32, "heads": 2, "positional": [16, 4, 1], "feature_grad_mult": 0.0}


@pytest.mark.parametrize(
    ("name", "conf"),
    [
        ("ctc", {"freeze_steps": 10**6, "feature_cache_gib": 0.1}),
        ("contrastive", {"negatives": 5}),
    ],
)
def test_trials(name: str, conf: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    """They end with the largest that fits, with the encoder learning, and leave nothing behind."""
    tokens = TokenList.build("abc")
    encoder = CONF | {"conv_layers": [[16, 10, 5], [16, 8, 8], [16, 8, 8]]}
    encoder["feature_grad_mult"] = 0.0 if name == "ctc" else 0.1
    quantizer = "gumbel" if name == "contrastive" else None
    options = resolve(
        Options(
            objective=name,
            objective_conf=conf,
            encoder_conf=encoder,
            quantizer=quantizer,
            optimizer_conf={"lr": 1e-4},
        )
    )
    objective = build_objective(options, tokens, None)
    memory = Memory(monkeypatch, gib=2)
    memory.watch(objective)
    learned: list[bool] = []
    fits = micro_batches._trial(options, objective, World(ngpu=0), 32_000, len(tokens))

    def noted(rows: int) -> float | None:
        share = fits(rows)
        learned.append(objective.step == micro_batches.LATE)
        return share

    rows = largest(noted, 1000)
    usable = 2 * 2**30 * micro_batches.USABLE - 2**28 - conf.get("feature_cache_gib", 0) * 2**30
    assert usable / 32_000_000 - 2 < rows <= usable / 32_000_000
    assert rows == memory.seen and all(learned)
    assert all(parameter.grad is None for parameter in objective.parameters())
    if name == "ctc":
        assert objective.feature_cache.size == 0
    assert fits(10**4) is None  # out of memory
    assert largest(fits, 3) == 3


@pytest.mark.cuda
@pytest.mark.parametrize("most", [3, 100_000])
def test_trials_on_a_gpu(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many rows as are allowed, or as fit; nothing is left of the trials."""
    monkeypatch.setattr(micro_batches, "USABLE", 0.85 if most == 3 else 0.02)
    tokens = TokenList.build("abc")
    options = resolve(
        Options(encoder_conf=CONF, objective_conf={"freeze_steps": 10}, optimizer_conf={"lr": 1e-4})
    )
    world = World(ngpu=1)
    objective = build_objective(options, tokens, None).to(world.device)
    before = torch.cuda.memory_allocated()
    fits = micro_batches._trial(options, objective, world, 160_000, len(tokens))
    rows = largest(fits, most)
    assert rows == 3 if most == 3 else 3 < rows < most
    assert torch.cuda.memory_allocated() <= before + 2**20
    assert all(parameter.grad is None for parameter in objective.parameters())
