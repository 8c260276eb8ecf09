"""The Transcoder's speed: training, decoding, and from audio to words with Base-size models.

    python bench/transcoder.py [--device cuda] [--threads 1] [--words 50000] [--repeats 3]

Random weights and phones; sizes of the paper (3 blocks, d = 256, inner 1024). A training step is
forward, backward and a fused Adam step. Decoding writes the likeliest words, or searches 8
hypotheses without language model. From audio to words: wav2vec 2.0 Base, then the Transcoder on 12
phones a second, as random weights recognize none. Real-time factor: seconds for a second of audio.
On a CPU, processor time of all threads is next to wall time, for a machine busy with other work.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from asrkit import config
from asrkit.batch import Batch, pad
from asrkit.build import build_objective, resolve
from asrkit.infer import Speech2Text
from asrkit.options import Options
from asrkit.rate import RATE
from asrkit.tokens import TokenList
from asrkit.train import checkpoint
from asrkit.train.memory import keep_freed_memory
from asrkit.transcoder.model import Phones2Words
from asrkit.transcoder.search import WordSearch

PHONES = TokenList.build(f"p{number}" for number in range(60))
PHONES_A_SECOND, PHONES_A_WORD = 12, 5
SYSTEMS: dict[str, tuple[str, dict[str, object], dict[str, object]]] = {
    "as published": ("transcoder", {}, {}),
    "gated star": ("transcoder", {}, {"gated": True}),
    "one convolution": ("transcoder", {"kernels": [3]}, {}),
    "CTC": ("transcoder", {}, {"loss": "ctc"}),
    "Conformer": ("conformer", {}, {}),
}


class Seconds(NamedTuple):
    wall: float
    processor: float


def parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--words", type=int, default=50_000)
    parser.add_argument("--batch", type=int, default=16, help="sentences a step")
    parser.add_argument("--phones", type=int, default=60, help="phones a sentence")
    parser.add_argument("--seconds", type=float, default=10.0, help="of audio, audio to words")
    parser.add_argument("--repeats", type=int, default=3)
    return parser.parse_args(argv)


def timed(work: Callable[[], object], args: argparse.Namespace) -> Seconds:
    """Medians over the repeats, after one run to warm up."""
    walls, processors = [], []
    for turn in range(args.repeats + 1):
        wall, processor = time.perf_counter(), time.process_time()
        work()
        if args.device == "cuda":
            torch.cuda.synchronize()
        if turn:
            walls.append(time.perf_counter() - wall)
            processors.append(time.process_time() - processor)
    return Seconds(statistics.median(walls), statistics.median(processors))


def options_of(name: str) -> Options:
    encoder, encoder_conf, objective_conf = SYSTEMS[name]
    return resolve(
        Options(
            objective="transcoder",
            objective_conf=dict(objective_conf),
            encoder=encoder,
            encoder_conf=dict(encoder_conf),
            optimizer="adam",
            optimizer_conf={"lr": 1e-5},
            phone_list="phones.txt",
            token_list="tokens.txt",
        )
    )


def sentences(args: argparse.Namespace) -> Batch:
    """One-hot phones; every fifth position ends a random word."""
    generator = torch.Generator().manual_seed(0)
    shape = (args.batch, args.phones)
    phones = torch.randint(1, len(PHONES) - 1, shape, generator=generator)
    labels = torch.randint(2, args.words + 2, shape, generator=generator)
    labels[:, torch.arange(args.phones) % PHONES_A_WORD < PHONES_A_WORD - 1] = 0
    rows = torch.nn.functional.one_hot(phones, len(PHONES) - 1).float()
    ids = [str(number) for number in range(args.batch)]
    batch = Batch(ids, torch.arange(args.batch), text=pad(list(labels)), posteriors=pad(list(rows)))
    return batch.to(torch.device(args.device))


def train(name: str, tokens: TokenList, args: argparse.Namespace) -> Seconds:
    """One training step."""
    torch.manual_seed(0)
    objective = build_objective(options_of(name), tokens, PHONES).to(args.device).train()
    optimizer = torch.optim.Adam(objective.parameters(), lr=1e-5, fused=True)
    batch = sentences(args)

    def step() -> None:
        with torch.autocast(args.device, torch.bfloat16, enabled=args.device == "cuda"):
            output = objective(batch)
        (output.loss / output.weight).backward()
        optimizer.step()
        optimizer.zero_grad()

    return timed(step, args)


def save_random(folder: Path, options: Options, tokens: TokenList) -> Path:
    """An experiment folder as training leaves it, with random weights."""
    torch.manual_seed(0)
    folder.mkdir()
    tokens.write(folder / "tokens.txt")
    PHONES.write(folder / "phones.txt")
    objective = build_objective(options, tokens, PHONES)
    content = {"model": objective.state_dict(), "step": 0, "config": config.to_mapping(options)}
    checkpoint.save(folder / "last.pt", content)
    return folder


def decode(model: Phones2Words, args: argparse.Namespace, *, batch: int) -> Seconds:
    """``args.batch`` sentences, ``batch`` at a time."""
    rows = list(sentences(args).posteriors.data.cpu().numpy())  # type: ignore[union-attr]
    parts = [rows[at : at + batch] for at in range(0, len(rows), batch)]
    return timed(lambda: [model(part) for part in parts], args)


def report(columns: list[str], seconds: Seconds, phones: int, args: argparse.Namespace) -> None:
    cells = [*columns, f"{phones / seconds.wall:.0f}"]
    if args.device == "cpu":
        cells.append(f"{phones / seconds.processor:.0f}")
    print("|" + "|".join(cells) + "|", flush=True)


def table(title: str, columns: int, args: argparse.Namespace) -> None:
    beside = "|phones / s of processor time" if args.device == "cpu" else ""
    count = columns + 1 + (args.device == "cpu")
    print(f"\n|{title}|phones / s{beside}|\n{'|---' * count}|", flush=True)


def audio_to_words(folder: Path, model: Phones2Words, args: argparse.Namespace) -> None:
    options = resolve(
        Options(objective="ctc", token_list="tokens.txt", optimizer_conf={"lr": 1e-5})
    )
    acoustic = Speech2Text(save_random(folder, options, PHONES), device=args.device)
    wave = torch.randn(int(args.seconds * RATE), generator=torch.Generator().manual_seed(0))
    rng = np.random.default_rng(0)
    rows = rng.dirichlet(np.ones(len(PHONES) - 1), int(args.seconds * PHONES_A_SECOND))
    posteriors = rows.astype(np.float32)
    one = timed(lambda: acoustic.log_probs([wave]), args)
    two = timed(lambda: model([posteriors]), args)
    beside = "|seconds of processor time" if args.device == "cpu" else ""
    print(
        f"\n|audio to words, {args.seconds:g} s|seconds{beside}|\n|---|---{'|---' * bool(beside)}|"
    )
    both = Seconds(one.wall + two.wall, one.processor + two.processor)
    for name, found in (("wav2vec 2.0 Base", one), ("Transcoder", two), ("both", both)):
        beside = f"|{found.processor:.3f}" if args.device == "cpu" else ""
        print(f"|{name}|{found.wall:.3f}{beside}|")
    print(f"\nReal-time factor {both.wall / args.seconds:.3f}", end="")
    if args.device == "cpu":
        print(f", of processor time {both.processor / args.seconds:.3f}", end="")
    print()


def main(argv: list[str] | None = None) -> int:
    args = parse(argv)
    keep_freed_memory()
    torch.set_num_threads(args.threads)
    tokens = TokenList.build(f"w{number}" for number in range(args.words))
    print(
        f"{args.words} words, {args.batch} x {args.phones} phones; {args.device}, {args.threads}"
        f" threads, torch {torch.__version__}; median of {args.repeats}"
    )
    phones = args.batch * args.phones
    table("training step", 1, args)
    for name in SYSTEMS:
        report([name], train(name, tokens, args), phones, args)
    table("decoding|batch|search", 3, args)
    with tempfile.TemporaryDirectory() as home:
        for number, name in enumerate(("as published", "gated star")):
            path = save_random(Path(home, str(number)), options_of(name), tokens)
            model = Phones2Words(path, device=args.device)
            for batch in (args.batch, 1):
                seconds = decode(model, args, batch=batch)
                report([name, str(batch), "no"], seconds, phones, args)
            model.search = WordSearch(tokens, beam_size=8)
            seconds = decode(model, args, batch=args.batch)
            report([name, str(args.batch), "8 hypotheses"], seconds, phones, args)
            model.search = None
            if name == "as published":
                published = model
        audio_to_words(Path(home, "asr"), published, args)
    return 0


if __name__ == "__main__":
    sys.exit(main())
