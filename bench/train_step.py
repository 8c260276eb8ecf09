"""Training steps of asrkit and of transformers, side by side.

    python bench/train_step.py [--device cuda] [--rows "pretrain, paper" ...] [--repeats 5]

Both engines build wav2vec 2.0 Base with the same options, get the same audio, and run forward,
backward and a fused AdamW step; each draws masks and distractors with its own code, inside the
time. Each lives in a process of its own; they take steps in turn, so that a busy machine slows
both. CUDA: bfloat16 autocast. CPU: float32; --precision bf16 rounds the factors of matrix products
in both engines (asrkit/train/precision.py). Layerdrop is 0 so that steps do equal work.
asrkit's process keeps freed memory, as asr_train does on a CPU (asrkit/train/memory.py);
--hf_keep_memory gives transformers the same. Fine-tuning freezes the convolutions in both; in rows
with a cache asrkit remembers what they gave, as its presets do: these are steps of the second epoch
or later (asrkit/encoders/feature_cache.py).
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from asrkit.rate import RATE
from asrkit.train.precision import Precision

Step = Callable[[], Tensor]
Maker = Callable[[argparse.Namespace, "Row"], tuple[Step, list[Tensor]]]
VOCABULARY, LABELS_A_SECOND = 60, 12


class Row(NamedTuple):
    """A line of the table: the task, its dropouts, and GiB for frozen features."""

    task: str
    dropout: float = 0.0  # of hidden states, attention and output
    activation_dropout: float = 0.0
    input_dropout: float = 0.0  # of the projected features and of the quantizer's input
    feature_cache_gib: float = 0.0


ROWS = {
    "pretrain, paper": Row("pretrain", 0.1, input_dropout=0.1),
    "pretrain, no dropout": Row("pretrain"),
    # what transformers.Wav2Vec2Config() has by default
    "finetune, transformers' dropout": Row("finetune", 0.1, 0.1),
    "finetune, transformers' dropout, cache": Row("finetune", 0.1, 0.1, feature_cache_gib=4.0),
    "finetune, preset without its cache": Row("finetune", 0.0, 0.1),
    "finetune, preset": Row("finetune", 0.0, 0.1, feature_cache_gib=4.0),
    "finetune, no dropout": Row("finetune"),
}
MASK = {"prob": 0.65, "channel_prob": 0.25}
MASK_LENGTH, CHANNEL_MASK_LENGTH = 10, 64


def parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=ROWS, metavar="ROW")
    parser.add_argument("--batch", type=int, default=2, help="utterances a step")
    parser.add_argument("--seconds", type=float, default=15.625, help="default: the preset's crop")
    parser.add_argument("--layers", type=int, default=12, help="of the Transformer")
    parser.add_argument("--repeats", type=int, default=5, help="timed steps of each engine")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", default="auto", choices=["auto", "fp32", "bf16"])
    parser.add_argument(
        "--clock",
        default="wall",
        choices=["wall", "cpu"],
        help="cpu: processor time of all threads, for a machine busy with other work",
    )
    parser.add_argument("--compile", action="store_true", help="torch.compile in both engines")
    parser.add_argument("--hf_keep_memory", action="store_true")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def audio(args: argparse.Namespace) -> tuple[Tensor, Tensor]:
    """Noise [B, S] and labels [B, L] (2 .. VOCABULARY - 1), the same in both engines."""
    generator = torch.Generator().manual_seed(0)
    speech = torch.randn(args.batch, int(args.seconds * RATE), generator=generator)
    shape = (args.batch, int(args.seconds * LABELS_A_SECOND))
    return speech, torch.randint(2, VOCABULARY, shape, generator=generator)


def asrkit_step(args: argparse.Namespace, row: Row) -> tuple[Step, list[Tensor]]:
    from asrkit.batch import Batch, pad
    from asrkit.encoders.wav2vec2 import Wav2Vec2Encoder
    from asrkit.objectives.base import Objective
    from asrkit.objectives.contrastive import ContrastiveObjective
    from asrkit.objectives.ctc import CtcObjective
    from asrkit.quantizers.gumbel import GumbelQuantizer
    from asrkit.tokens import TokenList
    from asrkit.train.memory import keep_freed_memory

    keep_freed_memory()
    encoder = Wav2Vec2Encoder(
        layers=args.layers,
        dropout=row.dropout,
        attention_dropout=row.dropout,
        activation_dropout=row.activation_dropout,
        input_dropout=row.input_dropout,
        layerdrop=0.0,
        feature_grad_mult=0.0 if row.task == "finetune" else 0.1,
    )
    objective: Objective
    if row.task == "pretrain":
        quantizer = GumbelQuantizer(encoder.feature_size)
        objective = ContrastiveObjective(encoder, quantizer, features_dropout=row.input_dropout)
    else:
        tokens = TokenList.build(f"p{number}" for number in range(VOCABULARY - 2))
        objective = CtcObjective(
            encoder,
            tokens,
            final_dropout=row.dropout,
            mask_prob=MASK["prob"],
            channel_mask_prob=MASK["channel_prob"],
            feature_cache_gib=row.feature_cache_gib,
        )
    objective.to(args.device).train()
    speech, labels = audio(args)
    batch = Batch(
        ids=[str(number) for number in range(args.batch)],
        keys=torch.arange(args.batch),
        speech=pad(list(speech)),
        text=pad(list(labels)),
    ).to(torch.device(args.device))
    model = torch.compile(objective) if args.compile else objective
    steps = 0

    def step() -> Tensor:
        nonlocal steps
        objective.before_step(steps)
        steps += 1
        output = model(batch)
        return output.loss / output.weight

    return step, list(objective.parameters())


def hf_step(args: argparse.Namespace, row: Row) -> tuple[Step, list[Tensor]]:
    import transformers
    from transformers.models.wav2vec2 import modeling_wav2vec2 as hf

    if args.hf_keep_memory:
        from asrkit.train.memory import keep_freed_memory

        keep_freed_memory()
    config = transformers.Wav2Vec2Config(
        num_hidden_layers=args.layers,
        hidden_dropout=row.dropout,
        attention_dropout=row.dropout,
        activation_dropout=row.activation_dropout,
        feat_proj_dropout=row.input_dropout,
        feat_quantizer_dropout=row.input_dropout,
        final_dropout=row.dropout,
        layerdrop=0.0,
        mask_time_prob=MASK["prob"],
        mask_time_length=MASK_LENGTH,
        mask_feature_prob=MASK["channel_prob"] if row.task == "finetune" else 0.0,
        mask_feature_length=CHANNEL_MASK_LENGTH,
        vocab_size=VOCABULARY,
        ctc_zero_infinity=True,
    )
    speech, labels = (part.to(args.device) for part in audio(args))
    if row.task == "finetune":
        model = transformers.Wav2Vec2ForCTC(config).to(args.device).train()
        model.freeze_feature_encoder()
        run = torch.compile(model) if args.compile else model
        return lambda: run(speech, labels=labels).loss / args.batch, list(model.parameters())
    model = transformers.Wav2Vec2ForPreTraining(config).to(args.device).train()
    run = torch.compile(model) if args.compile else model
    shape = (args.batch, int(model._get_feat_extract_output_lengths(speech.shape[1])))

    def step() -> Tensor:
        mask = hf._compute_mask_indices(shape, MASK["prob"], MASK_LENGTH, min_masks=2)
        negatives = hf._sample_negative_indices(shape, config.num_negatives, mask)
        output = run(
            speech,
            mask_time_indices=torch.from_numpy(mask).to(args.device),
            sampled_negative_indices=torch.from_numpy(negatives).to(args.device),
        )
        loss: Tensor = output.loss / int(mask.sum())
        return loss

    return step, list(model.parameters())


def whole_step(make: Maker, args: argparse.Namespace, row: Row) -> Callable[[], None]:
    """Forward, backward and a step of the optimizer."""
    step, parameters = make(args, row)
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-5, fused=True)
    precision = Precision(args.precision, torch.device(args.device))

    def once() -> None:
        with precision.matmul_precision():
            with precision.autocast():
                loss = step()
            loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    return once


def work(args: argparse.Namespace) -> None:
    """A worker: one step for every line on stdin, its seconds and peak memory on stdout."""
    engine, row = json.loads(args.worker)
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    once = whole_step(asrkit_step if engine == "asrkit" else hf_step, args, ROWS[row])
    cuda = args.device == "cuda"
    clock = time.process_time if args.clock == "cpu" else time.perf_counter
    for _ in sys.stdin:
        start = clock()
        once()
        if cuda:
            torch.cuda.synchronize()
        seconds = clock() - start
        peak = torch.cuda.max_memory_allocated() if cuda else _resident()
        print(json.dumps([seconds, peak / 2**30]), flush=True)


def _resident() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def compare(args: argparse.Namespace, row: str) -> None:
    """Times both engines in turn and prints one row of the table."""
    options = ["--clock", args.clock, "--device", args.device, "--threads", str(args.threads)]
    options += ["--precision", args.precision]
    options += ["--batch", str(args.batch), "--seconds", str(args.seconds)]
    options += ["--layers", str(args.layers)]
    options += ["--compile"] * args.compile + ["--hf_keep_memory"] * args.hf_keep_memory
    workers = {}
    for engine in ("asrkit", "transformers"):
        command = [sys.executable, __file__, "--worker", json.dumps([engine, row])]
        workers[engine] = subprocess.Popen(
            command + options, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
    times: dict[str, list[float]] = {engine: [] for engine in workers}
    peaks: dict[str, float] = {}
    for turn in range(args.repeats + 2):  # two to warm up
        for engine, worker in workers.items():
            assert worker.stdin is not None and worker.stdout is not None
            worker.stdin.write("step\n")
            worker.stdin.flush()
            line = worker.stdout.readline()
            if not line:
                raise SystemExit(f"error: the {engine} worker died; its message is above")
            seconds, peaks[engine] = json.loads(line)
            if turn >= 2:
                times[engine].append(seconds)
    for worker in workers.values():
        worker.communicate()
    rate = {
        engine: args.batch * args.seconds / statistics.median(seconds)
        for engine, seconds in times.items()
    }
    ratios = sorted(
        theirs / ours for ours, theirs in zip(times["asrkit"], times["transformers"], strict=True)
    )
    print(
        f"| {row} | {rate['asrkit']:.2f} | {rate['transformers']:.2f} "
        f"| {statistics.median(ratios):.2f} ({ratios[0]:.2f}-{ratios[-1]:.2f}) "
        f"| {peaks['asrkit']:.2f} | {peaks['transformers']:.2f} |",
        flush=True,
    )


def device_name(device: str) -> str:
    if device == "cuda":
        return torch.cuda.get_device_name()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            names = [line.split(":", 1)[1].strip() for line in lines if "model name" in line]
    except OSError:
        names = []
    return names[0] if names else platform.processor()


def main(argv: list[str] | None = None) -> int:
    args = parse(argv)
    if args.worker:
        work(args)
        return 0
    import transformers

    precision = Precision(args.precision, torch.device(args.device)).name
    print(
        f"wav2vec 2.0 Base, {args.batch} x {args.seconds:g} s a step; {device_name(args.device)}, "
        f"{args.threads} threads, {precision}; torch {torch.__version__}, "
        f"transformers {transformers.__version__}; {args.repeats} steps each, in turn"
        + ("; processor time" if args.clock == "cpu" else "")
        + ("; torch.compile in both" if args.compile else "")
        + ("; transformers keeps freed memory too" if args.hf_keep_memory else "")
        + "\n\n| step | asrkit (audio s / s) | transformers | ratio of paired steps: "
        "median (range) | peak GiB asrkit | transformers |\n|---|---|---|---|---|---|",
        flush=True,
    )
    for row in args.rows:
        compare(args, row)
    return 0


if __name__ == "__main__":
    sys.exit(main())
