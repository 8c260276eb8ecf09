"""A small UniData2vec with data in memory, for the loop: even micro-batches are labeled."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from small_quantizer import small_quantizer
from toy import Stream as ToyStream
from toy import options_for

from asrkit.batch import Batch, pad
from asrkit.encoders.logmel import LogMelEncoder
from asrkit.keys import key_of
from asrkit.objectives.contrastive import ContrastiveObjective
from asrkit.objectives.phonetic import PhoneticObjective
from asrkit.objectives.regression import RegressionObjective
from asrkit.tokens import TokenList
from asrkit.train import log
from asrkit.train.distributed import World
from asrkit.train.schedule import Polynomial
from asrkit.train.trainer import Trainer

KINDS = [("regression", "masked_frames"), ("contrastive", "utterances")]


class Stream(ToyStream):
    def batch(self, position: int) -> Batch:
        generator = torch.Generator().manual_seed(position)
        speech = pad([torch.randn(n, generator=generator) for n in (6400, 8000)])
        sizes = (2, 3) if position % 2 == 0 else (0, 0)
        phones = pad([torch.randint(2, 5, (n,), generator=generator) for n in sizes])
        keys = torch.tensor([key_of(position, row) for row in range(2)])
        return Batch(["a", "b"], keys, speech, phones=phones)


def objective(base: str = "regression", normalization: str = "masked_frames") -> PhoneticObjective:
    encoder = LogMelEncoder(
        mels=8,
        conv_layers=[[8, 3, 1], [8, 3, 2]],
        width=8,
        layers=2,
        heads=2,
        positional=[5, 2, 1],
        dropout=0.1,
        layerdrop=0.3,
    )
    if base == "regression":
        made = RegressionObjective(encoder, top_k=2, ema_start=0.8, ema_end=0.9, ema_steps=10)
        return PhoneticObjective(made, TokenList.build("abc"), normalization=normalization)
    quantizer = small_quantizer(8, entries=4)
    contrastive = ContrastiveObjective(
        encoder, quantizer, compare="context", final_size=8, negatives=5
    )
    return PhoneticObjective(
        contrastive, TokenList.build("abc"), replace_prob=0.5, normalization=normalization
    )


def make(folder: Path, base: str = "regression", normalization: str = "masked_frames", **changes):
    folder.mkdir(exist_ok=True, parents=True)
    torch.manual_seed(0)
    model = objective(base, normalization)
    options = options_for(folder, **({"optimizer_conf": {"lr": 0.01}} | changes))
    learning = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learning, lr=0.01)
    trainer = Trainer(model, optimizer, Polynomial(), options, World(ngpu=0), {"max_update": 12})
    return trainer, model


def run(trainer: Trainer, size: int = 1, rank: int = 0) -> None:
    epoch, offset = trainer.start
    stream = Stream(rank=rank, size=size, start=epoch * 5 + offset)
    trainer.run(stream, iter(stream), None)


def weights(model: torch.nn.Module) -> torch.Tensor:
    return torch.cat([value.flatten().float() for value in model.state_dict().values()])


def one_rank(rank: int, folder: str, ports: list[int]) -> None:
    """A process of two: rank 0 sees labeled micro-batches only, rank 1 unlabeled ones only."""
    os.environ |= {"WORLD_SIZE": "2", "RANK": str(rank), "MASTER_ADDR": "127.0.0.1"}
    log.draw_curves = lambda *_: None
    for (base, kind), port in zip(KINDS, ports, strict=True):
        os.environ["MASTER_PORT"] = str(port)
        out = Path(folder) / base
        trainer, model = make(out, base, kind, max_update=3)
        run(trainer, size=2, rank=rank)
        torch.save(weights(model), out / f"rank{rank}")
        trainer.world.barrier()
        trainer.world.close()
