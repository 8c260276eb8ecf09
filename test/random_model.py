"""An experiment folder as training leaves it, with random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import yaml
from tones import TINY_ENCODER

from asrkit import config
from asrkit.build import build_objective, resolve
from asrkit.options import Options
from asrkit.tokens import TokenList
from asrkit.train import checkpoint
from asrkit.train.folder import write_config

TOKENS = TokenList.build("abcdef")
LOGMEL = {"width": 16, "layers": 2, "heads": 2, "positional": [8, 2, 1], "mels": 16}
LEXICON = "ab\ta b\nacid\ta c d\nbed\tb e d\nface\tf a c e\nfe\tf e\n"  # of TOKENS


def save_random(
    folder: Path,
    encoder: str,
    encoder_conf: dict[str, Any],
    objective_conf: dict[str, Any],
    token_file: str | None = None,
) -> Path:
    """A recognizer by CTC; no norm, bias or scale is at its idle value."""
    torch.manual_seed(0)
    options = resolve(
        Options(
            objective="ctc",
            objective_conf=objective_conf,
            encoder=encoder,
            encoder_conf=encoder_conf,
            token_list="tokens.txt",
            token_file=token_file,
            optimizer_conf={"lr": 1e-3},
        )
    )
    folder.mkdir(parents=True)
    TOKENS.write(folder / "tokens.txt")
    objective = build_objective(options, TOKENS)
    for parameter in objective.parameters():
        if parameter.ndim == 1:
            torch.nn.init.normal_(parameter, mean=0.5)
    content = {"model": objective.state_dict(), "step": 0, "config": config.to_mapping(options)}
    checkpoint.save(folder / "last.pt", content)
    return folder


def save_with_lexicon(folder: Path) -> Path:
    """A recognizer in folder/exp, with a lexicon of Italian where it is looked for."""
    (folder / "ngram" / "it").mkdir(parents=True)
    (folder / "ngram" / "it" / "lexicon.txt").write_text(LEXICON)
    return save_random(folder / "exp", "logmel", LOGMEL, {})


def save_small(folder: Path, tokens: Path, **options: Any) -> None:
    """Any objective on two layers over log-mel channels, with the tokens of a file."""
    encoder_conf = yaml.safe_load(TINY_ENCODER) | {"layers": 2}
    made = resolve(
        Options(
            encoder="logmel",
            encoder_conf=encoder_conf,
            optimizer_conf={"lr": 1e-3},
            token_list=str(tokens),
            **options,
        )
    )
    torch.manual_seed(0)
    symbols = TokenList.read(tokens)
    objective = build_objective(made, symbols)
    content = config.to_mapping(made)
    write_config(folder, content, symbols)
    model = {"model": objective.state_dict(), "step": 0, "config": content}
    checkpoint.save(folder / "last.pt", model)
