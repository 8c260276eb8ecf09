"""A small objective with data in memory: the loop's tests need no audio."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import torch
from torch import Tensor, nn

from asrkit.batch import Batch, pad
from asrkit.keys import key_of
from asrkit.objectives.base import Diagnosis, Objective, Output
from asrkit.options import Options
from asrkit.train import log
from asrkit.train.distributed import World
from asrkit.train.schedule import Polynomial
from asrkit.train.trainer import Trainer


class Mean(Objective):
    """Predicts the mean of a row's samples after dropout: a sum over rows of unequal weight."""

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Dropout(dropout), nn.Linear(8, 1))
        self.poison: int | None = None
        self.sick: str | None = None

    def forward(self, batch: Batch) -> Output:
        assert batch.speech is not None
        x = batch.speech.data
        error = (self.net(x)[:, 0] - x.mean(1)).square()
        loss = (error * batch.speech.lengths.to(x.device)).sum()
        if self.training and self.poison == self.step:
            loss = loss * float("nan")
        weight = float(batch.speech.lengths.sum())
        return Output(loss, {"loss": (loss, weight)}, weight)

    def check_collapse(self, stats: dict[str, float]) -> Diagnosis | None:
        return Diagnosis(self.sick, True) if self.sick else None


class Worsens(Mean):
    """Its validations get better until update 8, and worse from there on."""

    def forward(self, batch: Batch) -> Output:
        output = super().forward(batch)
        return output if self.training else output._replace(stats={"loss": (abs(self.step - 8), 1)})


@dataclasses.dataclass
class Stream:
    """Micro-batch p has 1-3 rows; its rows and weights are a function of p."""

    rank: int = 0
    size: int = 1
    start: int = 0
    per_epoch: int = 5

    def batch(self, position: int) -> Batch:
        generator = torch.Generator().manual_seed(position)
        rows = 1 + position % 3
        speech = pad([torch.randn(4, generator=generator) for _ in range(rows)])
        keys = torch.tensor([key_of(position, row) for row in range(rows)])
        weights = torch.randint(1, 5, (rows,), generator=generator)
        return Batch([str(row) for row in range(rows)], keys, speech._replace(lengths=weights))

    def __iter__(self):
        position = self.start + self.rank
        while True:
            yield self.batch(position)
            position += self.size

    def state(self, consumed: int) -> tuple[int, int]:
        return divmod(self.start + consumed, self.per_epoch)


def options_for(folder, **changes) -> Options:
    values = {
        "output_dir": str(folder),
        "optimizer_conf": {"lr": 0.05},
        "max_update": 12,
        "log_interval": 4,
        "valid_interval": 4,
        "save_interval": 1,
        "num_workers": 0,
    }
    return Options(**(values | changes))


def make(
    folder, *, dropout: float = 0.0, world: World | None = None, kind: type[Mean] = Mean, **changes
):
    """(trainer, objective) with weights that depend on nothing but the seed."""
    folder.mkdir(exist_ok=True, parents=True)
    torch.manual_seed(0)
    options = options_for(folder, **changes)
    objective = kind(dropout)
    optimizer = torch.optim.AdamW(objective.parameters(), lr=0.05)
    world = world or World(ngpu=0)
    trainer = Trainer(objective, optimizer, Polynomial(), options, world, {"max_update": 12})
    return trainer, objective


def weights(objective: Objective) -> Tensor:
    return torch.cat([p.detach().flatten() for p in objective.parameters()])


def run(trainer: Trainer, valid: bool = True, size: int = 1, rank: int = 0) -> None:
    epoch, offset = trainer.start
    stream = Stream(rank=rank, size=size, start=epoch * 5 + offset)
    held_out = [Stream().batch(1000 + i) for i in range(3)] if valid else None
    trainer.run(stream, iter(stream), held_out)


def one_rank(rank: int, folder: str, port: int, changes: dict | None = None) -> None:
    """A process of two, for torch.multiprocessing: trains, and leaves its weights behind.

    changes: of ``make``.
    """
    os.environ |= {"WORLD_SIZE": "2", "RANK": str(rank), "MASTER_ADDR": "127.0.0.1"}
    os.environ["MASTER_PORT"] = str(port)
    log.draw_curves = lambda *_: None
    trainer, objective = make(Path(folder), dropout=0.5, **(changes or {}))
    run(trainer, size=2, rank=rank)
    trainer.world.close()
    torch.save(weights(objective), f"{folder}/rank{rank}")
