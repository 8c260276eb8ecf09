"""What each of two processes does for test_stops.py, of which the second alone gets a signal."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import torch
from toy import Mean, make, run, weights

from asrkit.train import log, watch
from asrkit.train.distributed import World
from asrkit.train.trainer import Stopped

MICRO_BATCHES = 40  # of an update
PAUSE = 0.05  # seconds of one
CASES = {"training": MICRO_BATCHES + 3, "validation": 5}  # the one of the signal, counted from 1


class Slow(Mean):
    """Sends SIGTERM to the second process after so many of its forward passes of a kind."""

    kind = ""
    rank = 0

    def __init__(self, dropout: float) -> None:
        super().__init__(dropout)
        self.seen = {"training": 0, "validation": 0}

    def forward(self, batch):
        kind = "training" if self.training else "validation"
        self.seen[kind] += 1
        if kind == self.kind:
            time.sleep(PAUSE)
            if self.rank == 1 and self.seen[kind] == CASES[kind]:
                os.kill(os.getpid(), signal.SIGTERM)
        return super().forward(batch)


def process(rank: int, folder: str, ports: list[int]) -> None:
    """A run to its end; runs that are stopped, and go on to theirs."""
    os.environ |= {"WORLD_SIZE": "2", "RANK": str(rank), "MASTER_ADDR": "127.0.0.1"}
    torch.set_num_threads(1)
    log.draw_curves = lambda *_: None
    watch.EVERY = 0.05
    out, left = Path(folder), iter(ports)
    train(rank, out / "whole", next(left))
    for kind in CASES:
        train(rank, out / kind, next(left), kind)
        train(rank, out / kind, next(left))


def train(rank: int, folder: Path, port: int, kind: str = "") -> None:
    os.environ["MASTER_PORT"] = str(port)
    world = World(ngpu=0)
    trainer, objective = make(
        folder, dropout=0.5, kind=Slow, world=world, accum_grad=MICRO_BATCHES, max_update=3,
        log_interval=1, valid_interval=1,
    )  # fmt: skip
    objective.kind, objective.rank = kind, rank
    if (folder / "last.pt").exists():
        trainer.restore(folder / "last.pt")
    stopped = False
    try:
        with world.together(orderly=Stopped):
            run(trainer, size=2, rank=rank)
    except Stopped as stop:
        stopped = stop.number == signal.SIGTERM
    said = {"stopped": stopped, "step": trainer.step, "seen": objective.seen}
    (folder / f"{'stopped' if kind else 'done'}{rank}.json").write_text(json.dumps(said))
    torch.save(weights(objective), folder / f"rank{rank}")
    world.close()
