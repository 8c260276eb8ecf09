"""Trained models on disk: exp/<name>, or one checkpoint in it, and the network in it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from asrkit import config
from asrkit.build import build_objective, resolve
from asrkit.foreign import next_command
from asrkit.objectives.base import Objective
from asrkit.options import Options
from asrkit.tokens import TokenList
from asrkit.train import checkpoint
from asrkit.train.checkpoint import folder_of
from asrkit.tuning.lora import Lora, folded

CLASSIFIER = "language"  # folder of a model of languages, beside that of a recognizer
MODEL_NAMES = ("average.pt", "best.pt", "last.pt")


class ModelError(ValueError):
    """A folder or checkpoint that cannot be used for what was asked."""


def checkpoint_of(folder: Path) -> Path:
    """The model to use where none is named: the average, else the best, else the last."""
    for name in MODEL_NAMES:
        if (folder / name).exists():
            return folder / name
    known = next_command(folder) or "train a model first"
    raise ModelError(f"{folder}: holds no average.pt, best.pt or last.pt; {known}")


def default_model(folder: Path = Path("exp")) -> Path:
    """The recognizer that is meant where none is named: the demo's, else the only one in
    ``folder``.

    Raises ModelError where there are several.
    """
    demo = folder / "asr_multilingual"
    found = [
        path
        for path in sorted(folder.glob("asr_*"))
        if any((path / name).exists() for name in MODEL_NAMES)
    ]
    if demo in found or not found:
        return demo
    # of several learning rates, a link names the best
    links = [path for path in found if path.is_symlink()]
    if len(found) > 1 and len(links) != 1:
        names = ", ".join(map(str, found))
        raise ModelError(f"--model: which of {names}?")
    return (links or found)[0]


def device_of(name: str) -> torch.device:
    """The device called ``cpu``, ``cuda`` or ``cuda:1``, if it can be used here."""
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ModelError(f"device is {name!r}; it is cpu, cuda or cuda:<number>") from None
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ModelError(
            f"device is {name!r}, but {torch.cuda.device_count()} CUDA devices are visible: use "
            "cpu, or check nvidia-smi and CUDA_VISIBLE_DEVICES"
        )
    return device


@dataclass(frozen=True)
class TrainedModel:
    """file: the checkpoint. content: what it holds. options: resolved, as its network is built.
    LoRA is merged into the weights: what is left computes the same."""

    file: Path
    content: dict[str, Any]
    options: Options

    @classmethod
    def open(cls, path: str | Path) -> TrainedModel:
        """Raises ModelError where there is no model, CheckpointError for a damaged one."""
        file = Path(path)
        if not file.exists():
            known = next_command(file) or "it is a folder that asr_train.py wrote"
            raise ModelError(f"{file}: no such model; {known}")
        file = checkpoint_of(file) if file.is_dir() else file
        content = checkpoint.load(file)
        where = f"{file}: config"
        options = resolve(config.from_mapping(content["config"], where))
        if Lora.kind in options.tune:
            content = folded({**content, "config": config.to_mapping(options)}, str(file))
            options = config.from_mapping(content["config"], where)
        return cls(file, content, options)

    @property
    def folder(self) -> Path:
        return folder_of(self.file)

    @property
    def step(self) -> int:
        return int(self.content["step"])

    @cached_property
    def tokens(self) -> TokenList | None:
        """What it recognizes; None where it was pre-trained only."""
        return TokenList.read(self.folder / "tokens.txt") if self.options.token_list else None

    @cached_property
    def phones(self) -> TokenList | None:
        """What a Transcoder reads; None for models that read speech."""
        return TokenList.read(self.folder / "phones.txt") if self.options.phone_list else None

    def objective(self) -> Objective:
        """The network with its weights, on the host, in evaluation mode."""
        objective = build_objective(self.options, self.tokens, self.phones)
        checkpoint.load_weights(objective, self.content["model"], str(self.file))
        return objective.eval()
