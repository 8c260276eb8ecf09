"""Training steps of shipped presets on one batch of noise: what the network alone can do.

    python bench/preset_step.py pretrain_xlsr_base 48 15.53 [--compile] [--kernels 20] [--padded]

A step is forward, backward, the norm of the gradient, and the optimizer, with the preset's dropouts
and LayerDrop, in the precision of training; the time is the mean of 8 steps after 3. --padded: rows
end up to 1.5 s earlier, so that attention and positions are masked. Fine-tuning is timed past its
frozen phase. --kernels: the kernels that take longest, by torch's profiler.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile

from asrkit import config
from asrkit.batch import Batch, Padded
from asrkit.build import build_objective, choose, resolve
from asrkit.options import Options
from asrkit.rate import RATE
from asrkit.tokens import TokenList
from asrkit.train.precision import Precision
from asrkit.train.run import compile_blocks

CONF = Path(__file__).resolve().parents[1] / "egs/TEMPLATE/asr1/conf"
TOKENS = TokenList.build(f"p{number}" for number in range(58))
LABELS_A_SECOND = 12
WARM_UP, STEPS = 3, 8


def options_of(name: str, sets: list[str]) -> Options:
    parsed = config.parser().parse_args(["--config", str(CONF / f"{name}.yaml")])
    options = resolve(config.options_from(parsed))
    for assignment in sets:
        config.set_value(options, assignment)
    return options


def noise(clips: int, seconds: float, padded: bool) -> Batch:
    generator = torch.Generator().manual_seed(1)
    samples = int(seconds * RATE)
    lengths = torch.full((clips,), samples)
    if padded:
        lengths -= torch.arange(clips) * RATE // 5 % (3 * RATE // 2)
    count = int(seconds * LABELS_A_SECOND)
    labels = Padded(
        torch.randint(2, len(TOKENS), (clips, count), generator=generator),
        torch.full((clips,), count),
    )
    return Batch(
        ids=[str(row) for row in range(clips)],
        keys=torch.arange(clips),
        speech=Padded(torch.randn(clips, samples, generator=generator), lengths),
        text=labels,
        phones=labels,
        langs=torch.zeros(clips, dtype=torch.int64),
    )


def stepper(
    options: Options, batch: Batch, device: torch.device, compiled: bool
) -> Callable[[], None]:
    torch.manual_seed(0)
    objective = build_objective(options, TOKENS, None).to(device).train()
    if compiled:
        compile_blocks(objective)
    parameters = [p for p in objective.parameters() if p.requires_grad]
    named = objective.named_parameters()
    optimizer = choose("optimizer", options.optimizer)(named, **options.optimizer_conf)
    precision = Precision(options.precision, device)
    number = 0

    def step() -> None:
        nonlocal number
        objective.before_step(number)
        torch.manual_seed(number)
        with precision.matmul_precision():
            with precision.autocast():
                output = objective(batch)
            output.loss.backward()
        gradients = [p.grad for p in parameters if p.grad is not None]
        torch._foreach_div_(gradients, max(float(output.weight), 1.0))
        torch.nn.utils.get_total_norm(gradients)
        optimizer.step()
        number += 1
        objective.after_step(number)
        optimizer.zero_grad()

    return step


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("preset", help="name of a YAML in egs/TEMPLATE/asr1/conf")
    parser.add_argument("clips", type=int)
    parser.add_argument("seconds", type=float, help="of a clip")
    parser.add_argument("--device", default="cuda", choices=["cpu", "cuda"])
    parser.add_argument("--compile", action="store_true", help="as --compile true of asr_train")
    parser.add_argument("--padded", action="store_true")
    parser.add_argument("--kernels", type=int, default=0, help="how many to list")
    parser.add_argument("--set", nargs="+", default=[], metavar="A.B=V", help="as of asr_train")
    args = parser.parse_args(argv)
    device = torch.device(args.device)
    cuda = device.type == "cuda"
    options = options_of(args.preset, args.set)
    if "freeze_steps" in options.objective_conf:
        options.objective_conf["freeze_steps"] = 0
    batch = noise(args.clips, args.seconds, args.padded)
    step = stepper(options, batch.to(device), device, args.compile)

    def run(times: int) -> float:
        begin = time.perf_counter()
        for _ in range(times):
            step()
        if cuda:
            torch.cuda.synchronize()
        return time.perf_counter() - begin

    run(WARM_UP)
    seconds = run(STEPS) / STEPS
    assert batch.speech is not None
    audio = float(batch.speech.lengths.sum()) / RATE
    memory = f", {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB" if cuda else ""
    name = torch.cuda.get_device_name() if cuda else "CPU"
    print(
        f"{args.preset}, {args.clips} x {args.seconds} s, {name}: {1000 * seconds:.1f} ms, "
        f"{audio / seconds:.0f} audio s / s{memory}"
    )
    if args.kernels:
        with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as found:
            run(1)
        key = f"self_{device.type}_time_total"
        print(found.key_averages().table(sort_by=key, row_limit=args.kernels))
    return 0


if __name__ == "__main__":
    sys.exit(main())
