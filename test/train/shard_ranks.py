"""What each of two processes does for test_shards.py; apart, so that spawning imports little."""

from __future__ import annotations

import os
from pathlib import Path

import torch

from asrkit.batch import Batch, pad
from asrkit.build import build_objective, recompute_blocks, resolve
from asrkit.keys import key_of
from asrkit.objectives.base import Objective
from asrkit.options import Options
from asrkit.tokens import TokenList
from asrkit.train import checkpoint
from asrkit.train.base_model import base_of
from asrkit.train.distributed import World
from asrkit.train.optim import adamw
from asrkit.train.schedule import Constant
from asrkit.train.trainer import Trainer

TOKENS = TokenList.build("abcd")
ENCODER = {
    "conv_layers": [[12, 10, 5], [12, 8, 4], [12, 4, 4], [12, 4, 4]], "width": 12, "layers": 2,
    "heads": 2, "positional": [8, 2, 1], "layerdrop": 0.4,
}  # fmt: skip
METHODS = {
    "ctc": {"objective_conf": {"freeze_steps": 2, "channel_mask_length": 3}},
    "regression": {"objective_conf": {"top_k": 2}},
    "contrastive": {
        "objective_conf": {"negatives": 5, "final_size": 8},
        "quantizer": "gumbel",
        "quantizer_conf": {"entries": 6, "vector_size": 8},
    },
    "cpc": {
        "objective_conf": {"steps": 2, "negatives": 5, "heads": 2, "ffn_size": 8},
        "encoder": "cpc",
        "encoder_conf": {"width": 8},
    },
    "tuned": {
        "objective": "ctc",
        "objective_conf": {"freeze_steps": 2, "channel_mask_length": 3},
        "tune": {"lora": {"rank": 3, "dropout": 0.2}, "adapters": {"size": 5}},
        "trainable": ["^head", "feature_norm"],
    },
}


class Stream:
    """Micro-batch p has 1-3 rows of noise and labels, a function of p."""

    def __init__(self, rank: int, size: int, start: int) -> None:
        self.rank, self.size, self.start = rank, size, start

    def batch(self, position: int) -> Batch:
        generator = torch.Generator().manual_seed(position)
        rows = 1 + position % 3
        lengths = torch.randint(6_000, 9_000, (rows,), generator=generator).tolist()
        speech = pad([torch.randn(n, generator=generator) for n in lengths])
        text = pad([torch.randint(2, 6, (4,), generator=generator) for _ in lengths])
        keys = torch.tensor([key_of(position, row) for row in range(rows)])
        return Batch([str(n) for n in range(rows)], keys, speech, text)

    def __iter__(self):
        position = self.start + self.rank
        while True:
            yield self.batch(position)
            position += self.size

    def state(self, consumed: int) -> tuple[int, int]:
        return 0, self.start + consumed


def train(
    world: World,
    folder: Path,
    method: str,
    updates: int,
    parallel: str,
    again: bool = False,
    base: Path | None = None,
) -> Objective:
    """Goes on in ``folder``, if something is there, to ``updates``; again: recomputes blocks.

    base: a checkpoint of the initial weights, which files then leave out.
    """
    world.sharded = parallel == "fsdp" and world.distributed
    given = {
        "encoder": "wav2vec2", "encoder_conf": ENCODER, "output_dir": str(folder),
        "optimizer_conf": {"lr": 0.01}, "max_update": updates, "grad_clip": 0.5, "log_interval": 2,
        "valid_interval": 3, "accum_grad": 4 // world.size, "parallel": parallel,
    }  # fmt: skip
    options = resolve(Options(**({"objective": method} | given | METHODS[method])))
    torch.manual_seed(1)
    objective = build_objective(options, TOKENS)
    if again:
        recompute_blocks(objective)
    left_out = None
    if base is not None:
        left_out = base_of(objective, str(base), checkpoint.load(base)["model"], ["encoder"])
    world.shard(objective)
    optimizer = adamw(objective.named_parameters(), lr=0.01)
    trainer = Trainer(objective, optimizer, Constant(), options, world, {"max_update": updates})
    trainer.base = left_out
    if (folder / "last.pt").exists():
        trainer.restore(folder / "last.pt")
    world.barrier()
    if world.is_main:
        folder.mkdir(exist_ok=True)
    world.barrier()
    stream = Stream(world.rank, world.size, trainer.start[1])
    # three batches for two ranks: the second has one less to look at
    held_out = [stream.batch(900 + n) for n in range(world.rank, 3, world.size)]
    trainer.run(stream, iter(stream), held_out)
    return objective


def write_initial(path: Path, method: str) -> None:
    """The weights that ``train`` begins with."""
    given = {"encoder": "wav2vec2", "encoder_conf": ENCODER, "optimizer_conf": {"lr": 0.01}}
    torch.manual_seed(1)
    objective = build_objective(resolve(Options(**(given | METHODS[method]))), TOKENS)
    checkpoint.save(path, {"model": objective.state_dict(), "step": 0, "config": {}})


def rank(number: int, folder: str, port: int) -> None:
    os.environ |= {"WORLD_SIZE": "2", "RANK": str(number), "MASTER_ADDR": "127.0.0.1"}
    os.environ["MASTER_PORT"] = str(port)
    torch.set_num_threads(1)
    world, out = World(ngpu=0), Path(folder)
    for method in METHODS:
        train(world, out / f"{method}_ddp", method, 6, "ddp")
        objective = train(world, out / f"{method}_fsdp", method, 6, "fsdp")
        held = sum(p.to_local().numel() for p in objective.parameters())
        (out / f"{method}_held_{number}").write_text(str(held))
    for parallel in ("ddp", "fsdp"):
        train(world, out / f"again_{parallel}", "ctc", 6, parallel, again=True)
    # three updates of one kind, three of the other
    for first, second in (("ddp", "fsdp"), ("fsdp", "ddp")):
        mixed = out / f"{first}_{second}"
        train(world, mixed, "ctc", 3, first)
        train(world, mixed, "ctc", 6, second)
    if world.is_main:
        write_initial(out / "initial.pt", "tuned")
    world.barrier()
    for parallel in ("ddp", "fsdp"):  # files of what learns alone
        for updates in (3, 6):
            small = out / f"small_{parallel}"
            train(world, small, "tuned", updates, parallel, base=out / "initial.pt")
    for parallel in ("ddp", "fsdp"):  # whose encoder is still frozen
        frozen = out / f"frozen_{parallel}"
        train(world, frozen, "ctc", 1, parallel)
        if world.is_main:
            (frozen / "before.pt").write_bytes((frozen / "last.pt").read_bytes())
        train(world, frozen, "ctc", 2, parallel)
    world.close()
