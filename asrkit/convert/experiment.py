"""Writes a converted network as an experiment that asr_train --init and asr_infer take."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from asrkit import config
from asrkit.build import build_objective, resolve
from asrkit.config import ConfigError
from asrkit.convert.mms import adapter_files
from asrkit.convert.source import ConvertError, Source
from asrkit.files import atomic, atomic_folder, sha256, write_json
from asrkit.options import Options
from asrkit.tokens import TokenList
from asrkit.train import checkpoint
from asrkit.train.contents import refuse_broken

RECORD = "converted.json"


def options_of(source: Source, out: Path) -> Options:
    """The resolved configuration of an experiment with this network."""
    options = Options(
        objective=source.objective,
        objective_conf=dict(source.objective_conf),
        encoder=source.encoder,
        encoder_conf=dict(source.encoder_conf),
        quantizer=None if source.quantizer_conf is None else "gumbel",
        quantizer_conf=dict(source.quantizer_conf or {}),
        tune=dict(source.tune),
        output_dir=str(out),
        optimizer_conf={"lr": 3e-5},
    )
    if source.symbols is not None:
        options.token_list, options.token_file = str(out / "tokens.txt"), source.token_file
    try:
        return resolve(options)
    except ConfigError as error:
        raise ConvertError(f"{source.path}: {error}") from None


def check(source: Source, options: Options) -> None:
    """Every tensor has its place and shape: builds the model without memory, loads strictly."""
    if source.objective == "ctc" and source.symbols is None:
        tokens, state = TokenList.build([]), dict(source.state)
        width = source.encoder_conf["width"]
        state |= {"head.weight": torch.empty(2, width), "head.bias": torch.empty(2)}
    else:
        tokens, state = TokenList(source.symbols or ["<blank>", "<unk>"]), source.state
    with torch.device("meta"):
        objective = build_objective(options, tokens)
    with warnings.catch_warnings():  # loading into a model without memory copies nothing
        warnings.simplefilter("ignore", UserWarning)
        try:
            checkpoint.load_weights(objective, state, str(source.path))
            refuse_broken(source.state, str(source.path))
        except checkpoint.CheckpointError as error:
            raise ConvertError(str(error)) from None


def _digest(path: Path, language: str | None) -> dict[str, str]:
    """SHA-256 of the file, or of the weights and settings in the folder: of one language's adapters
    if it holds those of many."""
    files = [path] if path.is_file() else sorted(p for p in path.iterdir() if p.is_file())
    others = {file for name, file in adapter_files(path).items() if name != language}
    files = [file for file in files if file not in others]
    found = {}
    for file in files:
        if file == path or file.suffix in (".bin", ".safetensors", ".json"):
            found[file.name] = sha256(file)
    return found


def _own(tensor: Tensor) -> Tensor:
    """The tensor with memory of its own, as saving a part writes the whole."""
    whole = tensor.untyped_storage().nbytes() == tensor.numel() * tensor.element_size()
    return tensor if whole and tensor.is_contiguous() else tensor.contiguous().clone()


def write_experiment(source: Source, out: Path) -> dict[str, Any]:
    """config.yaml, tokens.txt, last.pt and a record of the source in ``out``; returns the record.

    Refuses a folder that holds anything.
    """
    options = options_of(source, out)
    check(source, options)
    record = {
        "source": source.origin or source.path.name,
        "kind": source.kind,
        "sha256": _digest(source.path, source.language),
        **({"language": source.language} if source.language else {}),
        "parameters": sum(tensor.numel() for tensor in source.state.values()),
        "left_out": source.dropped,
        "notes": source.notes,
    }
    content = config.to_mapping(options)
    model = {name: _own(tensor) for name, tensor in source.state.items()}
    with atomic_folder(out) as folder:
        if source.symbols is not None:
            TokenList(source.symbols).write(folder / "tokens.txt")
        with atomic(folder / "config.yaml") as file:
            file.write(config.dump_yaml(content))
        write_json(folder / RECORD, record, readable=True)
        checkpoint.save(folder / "last.pt", {"model": model, "config": content, "step": 0})
    return record
