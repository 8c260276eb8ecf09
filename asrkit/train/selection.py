"""Which of several runs is best on its validation set: the learning rate of XLSR, section 3.2."""

from __future__ import annotations

import math
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from asrkit import config
from asrkit.files import DataError, write_json
from asrkit.train.metrics import STOPPED, read_metrics


class Candidate(NamedTuple):
    """A finished run: peak learning rate, metric, its lowest value and the update that had it."""

    folder: Path
    lr: float | None
    metric: str
    value: float
    step: int


def best_of(folder: Path) -> Candidate:
    """The best validation of a run. Raises DataError if it has none, or has not ended."""
    saved = folder / "config.yaml"
    try:
        options = config.from_mapping(config.read_yaml(saved), str(saved))
    except OSError as error:
        raise DataError(f"{folder}: no run ({error.strerror}: config.yaml); train it") from None
    rows = read_metrics(folder / "train.jsonl")
    metric, last = options.best_metric, max((row["step"] for row in rows), default=0)
    if last < options.max_update and rows[-1:] != [{"step": last, "split": STOPPED}]:
        raise DataError(
            f"{folder}: ended at update {last} of {options.max_update}; train it to its end"
        )
    found = [row for row in rows if row["split"] == "valid" and metric in row]
    if not found:
        raise DataError(f"{folder}/train.jsonl: no validation has {metric}; give --valid_data")
    found = [row for row in found if not math.isnan(row[metric])]
    if not found:
        raise DataError(f"{folder}/train.jsonl: {metric} was never a number; train it again")
    best = min(found, key=lambda row: (row[metric], row["step"]))
    lr = options.optimizer_conf.get("lr")
    return Candidate(folder, lr, metric, float(best[metric]), int(best["step"]))


def select_best(folders: Sequence[Path], out: Path) -> list[Candidate]:
    """Makes ``out`` a link to the best of ``folders``; ``<out>_sweep.json`` is the table of all.

    Best first; ties go to the folder named first. Raises DataError where the runs cannot be
    compared, and where ``out`` is a folder of its own.
    """
    if out.exists() and not out.is_symlink():
        raise DataError(f"{out}: is a run of its own; choose another name (--asr_tag)")
    found = [best_of(folder) for folder in folders]
    if len({candidate.metric for candidate in found}) != 1:
        named = ", ".join(f"{c.folder}: {c.metric}" for c in found)
        raise DataError(f"the runs have different best_metric: {named}")
    ranked = sorted(found, key=lambda candidate: candidate.value)
    rows = [{**c._asdict(), "folder": str(c.folder)} for c in ranked]
    sweep = {"chosen": str(ranked[0].folder), "runs": rows}
    write_json(out.with_name(f"{out.name}_sweep.json"), sweep)
    temporary = out.with_name(f".{out.name[:200]}.{secrets.token_hex(4)}")
    os.symlink(os.path.relpath(ranked[0].folder.resolve(), out.parent.resolve()), temporary)
    os.replace(temporary, out)
    return ranked
