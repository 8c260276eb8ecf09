"""Memory, throughput and days of pre-training on many GPUs, from counted and measured numbers.

    python bench/scaling.py --tflops 11.6

Counted, on any machine and without a GPU: parameters, the floating-point operations of a forward
pass, and the bytes it keeps for backward, of the true configuration, crop and micro-batch under
bfloat16 autocast, layerdrop off. The tensors are fake ones "on CUDA": shapes and types without
data. Backward is taken as twice the forward pass, which is what matrix products cost.
Measured: the operations a second that training reaches on a GPU, reading and sending included. The
default is what the published runs of wav2vec 2.0 reached on 64 and 128 V100 (docs/scaling.md).
"""

from __future__ import annotations

import argparse
import math
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from asrkit import config
from asrkit.batch import Batch, Padded
from asrkit.build import build_objective, resolve
from asrkit.encoders.base import Encoder
from asrkit.objectives.base import Objective
from asrkit.options import AUTO, Options
from asrkit.rate import RATE
from asrkit.tokens import TokenList
from asrkit.train.micro_batches import MOST_SECONDS

CONF = Path(__file__).resolve().parents[1] / "egs/TEMPLATE/asr1/conf"
SYSTEMS = {
    "XLSR-10 Base": CONF / "pretrain_xlsr_base.yaml",
    "XLSR-10 Large": CONF / "pretrain_xlsr_large.yaml",
    "XLSR-53": CONF / "pretrain_xlsr_53.yaml",
}
GIB = 2**30
TOKENS = TokenList.build("abcdefghijklmnopqrstuvwxyz'")


class Counts(NamedTuple):
    """Of one micro-batch of ``clips`` x ``samples``. learning: parameters with a gradient. blocks:
    those of the encoder's blocks. largest: those that FSDP gathers at once, outside of blocks and
    in one block. front, inner: what of ``forward`` the convolutions and the blocks take."""

    parameters: int
    learning: int
    blocks: int
    largest: int
    clips: int
    samples: int
    forward: float
    front: float
    inner: float
    kept: int
    peak: int


class _OnCuda(FakeTensorMode):
    """Tensors on CUDA are fake; those of the host (lengths, keys, masks) are computed.

    live, peak: bytes of fake tensors that something refers to, now and at most.
    """

    live = peak = 0

    def __init__(self) -> None:
        super().__init__(allow_non_fake_inputs=True)
        self._seen: set[int] = set()

    def _track(self, made: Any) -> Any:
        for leaf in tree_leaves(made):
            if isinstance(leaf, FakeTensor):
                storage = leaf.untyped_storage()
                if storage._cdata not in self._seen:
                    self._seen.add(storage._cdata)
                    weakref.finalize(storage, self._free, storage._cdata, storage.nbytes())
                    self.live += storage.nbytes()
                    self.peak = max(self.peak, self.live)
        return made

    def _free(self, number: int, size: int) -> None:
        self._seen.discard(number)
        self.live -= size

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        device = kwargs.get("device")
        cuda = device is not None and torch.device(device).type == "cuda"
        if cuda or any(isinstance(leaf, FakeTensor) for leaf in tree_leaves((args, kwargs))):
            return self._track(super().__torch_dispatch__(func, types, args, kwargs))
        return func(*args, **kwargs)


def _fused_attention(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None, dropout: float = 0.0
) -> Tensor:
    """What CUDA runs for bfloat16 without a mask: no [T, T] matrix is kept."""
    assert mask is None, "cropped clips need no mask"
    run = torch.ops.aten._scaled_dot_product_flash_attention
    out: Tensor = run(query, key, value, dropout)[0]
    return out


def options_of(path: Path) -> Options:
    namespace = config.parser().parse_args(["--config", str(path)])
    options = resolve(config.options_from(namespace))
    if "layerdrop" in options.encoder_conf:
        options.encoder_conf["layerdrop"] = 0.0  # every layer is counted
    return options


def _ctc_loss(log_probs: Tensor, *_: Any, **__: Any) -> Tensor:
    """torch's has no fake version; what it keeps is little."""
    return log_probs.sum((0, 2))


def _fake_model(options: Options, mode: FakeTensorMode) -> Objective:
    with torch.device("meta"):
        objective = build_objective(options, TOKENS if options.objective == "ctc" else None)
    with mode:
        for module in objective.modules():
            for name, value in module.named_parameters(recurse=False):
                fake = torch.empty(value.shape, device="cuda")
                setattr(module, name, nn.Parameter(fake, requires_grad=value.requires_grad))
    return objective.train()


def count(options: Options, clips: int | None = None) -> Counts:
    """Runs one forward pass of the configuration on fake tensors."""
    samples = options.max_sample_size
    bins = MOST_SECONDS * RATE if options.batch_bins == AUTO else options.batch_bins
    clips = clips or max(1, bins // samples)
    mode = _OnCuda()
    objective = _fake_model(options, mode)
    with mode:
        speech = torch.empty(clips, samples, device="cuda")
        labels = torch.ones(clips, 15 * samples // RATE, dtype=torch.int64, device="cuda")
    lengths = torch.full((clips,), samples)
    text = Padded(labels, torch.full((clips,), labels.shape[1]))
    ids = [str(n) for n in range(clips)]
    batch = Batch(ids, torch.arange(clips), Padded(speech, lengths), text)
    objective.before_step(options.max_update)  # nothing is frozen any more
    before, mode.peak = mode.live, mode.live
    own = {p.untyped_storage()._cdata for p in objective.parameters()}
    kept: dict[int, Tensor] = {}

    def keep(value: Tensor) -> Tensor:
        kept[value.untyped_storage()._cdata] = value
        return value

    flops = FlopCounterMode(display=False)
    hooks = torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value)
    fused = mock.patch("torch.nn.functional.scaled_dot_product_attention", _fused_attention)
    ctc = mock.patch("torch.nn.functional.ctc_loss", _ctc_loss)
    with mode, flops, hooks, fused, ctc, _Autocast():
        objective(batch)
    encoders = [(n, m) for n, m in objective.named_modules() if isinstance(m, Encoder)]
    blocks = [b for _, encoder in encoders for b in encoder.blocks()]
    names = [n for n, module in objective.named_modules() if module in blocks]
    sizes = [sum(p.numel() for p in block.parameters()) for block in blocks]
    total = sum(p.numel() for p in objective.parameters())
    by_module, root = flops.get_flop_counts(), type(objective).__name__
    return Counts(
        parameters=total,
        learning=sum(p.numel() for p in objective.parameters() if p.requires_grad),
        blocks=sum(sizes),
        largest=total - sum(sizes) + max(sizes, default=0),
        clips=clips,
        samples=samples,
        forward=float(flops.get_total_flops()),
        front=float(sum(sum(by_module[f"{root}.{n}.conv"].values()) for n, _ in encoders)),
        inner=float(sum(sum(by_module[f"{root}.{n}"].values()) for n in names)),
        kept=sum(v.untyped_storage().nbytes() for key, v in kept.items() if key not in own),
        peak=mode.peak - before,
    )


class _Autocast:
    """torch.autocast for CUDA without its look for a GPU: its copies of weights live to the end."""

    def __enter__(self) -> None:
        torch.autocast_increment_nesting()
        torch.set_autocast_enabled("cuda", True)
        torch.set_autocast_dtype("cuda", torch.bfloat16)

    def __exit__(self, *_: object) -> None:
        torch.set_autocast_enabled("cuda", False)
        torch.autocast_decrement_nesting()
        torch.clear_autocast_cache()


class Plan(NamedTuple):
    """A run on ``gpus``: clips a GPU and micro-batch, micro-batches, audio and time an update."""

    gpus: int
    clips: int
    accumulate: int
    audio: float
    whole_memory: float
    sharded_memory: float
    seconds: float


def plan(counts: Counts, reference: float, gpus: int, *, tflops: float) -> Plan:
    """The published audio an update (seconds), or as near as whole clips come to it."""
    share = reference * RATE / counts.samples / gpus  # clips a GPU
    accumulate = max(1, math.ceil(share / counts.clips))  # as train/micro_batches.py does
    clips = max(1, round(share / accumulate))
    part = clips / counts.clips
    operations = 3 * counts.forward * part * accumulate
    state = 16 * counts.parameters  # float32: weight, gradient, two moments of Adam
    buckets = 4 * counts.parameters  # DDP's copy of the gradients
    kept = counts.kept * part
    return Plan(
        gpus=gpus,
        clips=clips,
        accumulate=accumulate,
        audio=gpus * clips * accumulate * counts.samples / RATE,
        whole_memory=(state + buckets + kept) / GIB,
        sharded_memory=(state / gpus + 8 * counts.largest + kept) / GIB,
        seconds=operations / (tflops * 1e12),
    )


def parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tflops", type=float, default=11.6, help="a GPU's, as training runs")
    parser.add_argument("--gpus", type=int, nargs="+", default=[8, 64, 512])
    parser.add_argument("--config", type=Path, nargs="+", help="default: the three systems")
    args = parser.parse_args(argv)
    if args.tflops <= 0 or min(args.gpus) < 1:
        parser.error("--tflops is above 0, and --gpus are at least 1")
    return args


def report(args: argparse.Namespace, say: Callable[[str], None]) -> None:
    named = {path.stem: path for path in args.config} if args.config else SYSTEMS
    rows = []
    say(
        "| counted, one micro-batch | parameters | audio | forward TFLOP "
        "| an audio second, forward and backward | kept for backward | gradients sent |\n"
        "|---|--:|--:|--:|--:|--:|--:|"
    )
    for name, path in named.items():
        options = options_of(path)
        found = count(options)
        seconds = found.clips * found.samples / RATE
        say(
            f"| {name} | {found.parameters / 1e6:.1f} M "
            f"| {found.clips} x {found.samples / RATE:.1f} s | {found.forward / 1e12:.2f} "
            f"| {3 * found.forward / seconds / 1e12:.3f} TFLOP | {found.kept / GIB:.2f} GiB "
            f"| {4 * found.parameters / 1e9:.2f} GB |"
        )
        reference = options.reference_batch_seconds or seconds
        for gpus in args.gpus:
            run = plan(found, reference, gpus, tflops=args.tflops)
            rows.append((name, options, reference, run))
    say(
        f"\nMeasured: {args.tflops:g} TFLOP/s a GPU.\n\n"
        "| system | GPUs | clips x accumulation | audio an update (published) | GiB a GPU: ddp "
        "| fsdp | s an update | hours of audio a minute | updates | days |\n"
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    )
    for name, options, reference, run in rows:
        say(
            f"| {name} | {run.gpus} | {run.clips} x {run.accumulate} "
            f"| {run.audio:.0f} s ({reference:.0f}) | {run.whole_memory:.1f} "
            f"| {run.sharded_memory:.1f} | {run.seconds:.2f} "
            f"| {run.audio / run.seconds / 60:.1f} | {options.max_update // 1000} k "
            f"| {run.seconds * options.max_update / 86_400:.2g} |"
        )


def main(argv: list[str] | None = None) -> int:
    report(parse(argv), lambda line: print(line, flush=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
