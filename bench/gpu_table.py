"""The table of bench/gpu.py: a Markdown line a row, and what the rows say together."""

from __future__ import annotations

import argparse
import os
import platform
from typing import Any

import torch
from gpu_rows import PRESETS
from train_step import device_name

Row = dict[str, Any]
HEAD = "| row | audio s / s | peak GiB | micro-batch | shapes | |\n|---|--:|--:|---|--:|---|"


def line(row: Row) -> str:
    """A row of the table."""
    notes = [f"error: {row['error']}"] if "error" in row else []
    if row.get("transformers"):
        theirs = f"transformers {row['transformers']:.0f}"
        if row.get("transformers_memory"):
            theirs += f" ({row['transformers_memory']:.1f} GiB)"
        notes.append(theirs)
    if "updates" in row:
        notes.append(f"{row['updates']} updates")
    notes += [row["note"]] if "note" in row else []
    speed, memory = row.get("speed"), row.get("memory")
    values = (
        row["row"],
        "" if speed is None else f"{speed:.0f}",
        "" if memory is None else f"{memory:.1f}",
        row.get("batch", ""),
        row.get("shapes", ""),
        "; ".join(notes),
    )
    return "| " + " | ".join(map(str, values)) + " |"


def table(found: list[Row]) -> str:
    """All rows, what they say together, and tables that rows have brought."""
    parts = ["\n".join([HEAD, *map(line, found)]), *ratios(found)]
    parts += ["\n".join(row["table"]) for row in found if "table" in row]
    return "\n\n".join(parts)


def ratios(found: list[Row]) -> list[str]:
    """What the rows say together, a sentence each; of rows that are there."""
    speeds = {row["row"]: row["speed"] for row in found if row.get("speed")}
    told = []
    for preset in PRESETS:
        whole, batch = speeds.get(f"train/{preset}"), speeds.get(f"fixed/{preset}")
        if whole and batch:
            told.append(f"{preset}: end to end / fixed batch {whole / batch:.2f}")
    for task, preset in (("pretrain", "pretrain_xlsr_base"), ("finetune", "finetune_ctc_base")):
        rows = [row for row in found if row["row"].startswith(f"step/{task}/")]
        theirs = max((row.get("transformers") or 0 for row in rows), default=0)
        ours = max((row.get("speed") or 0 for row in rows), default=0)
        if not theirs:
            continue
        text = f"{task}, each at its best batch: asrkit's step {ours / theirs:.2f} x transformers'"
        if whole := speeds.get(f"train/{preset}"):
            text += f"; {preset} end to end {whole / theirs:.2f} x"
        told.append(text)
    return told


def heading(args: argparse.Namespace) -> str:
    cuda = f", CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}"
    try:
        import transformers
    except ImportError:
        theirs = "no transformers"
    else:
        theirs = f"transformers {transformers.__version__}"
    return (
        f"{device_name(args.device)}, {os.cpu_count()} CPU cores; "
        f"Python {platform.python_version()}, torch {torch.__version__}"
        f"{cuda if args.device == 'cuda' else ''}, {theirs}; utterances as long as {args.lengths}"
        + ("; --quick: tiny networks, no measurement" if args.quick else "")
    )
