"""What a foreign checkpoint says, in asrkit's terms, whatever file it came from."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from asrkit.files import DataError


class ConvertError(DataError):
    """A checkpoint that cannot be converted without guessing or losing something."""


@dataclasses.dataclass(kw_only=True)
class Given:
    """What the user says about a checkpoint; None where the checkpoint itself is to say it.

    heads, norm_first, normalize: see Wav2Vec2Encoder; no shape shows them. dictionary: fairseq's
    dict.*.txt. token_type: phn, char, bpe or word. blank: the token that is it in transformers.
    language: of which the adapters and the output layer are taken, of a model of several (MMS).
    encoder_only: leave every head out.
    """

    heads: int | None = None
    norm_first: bool | None = None
    normalize: bool | None = None
    dictionary: Path | None = None
    token_type: str | None = None
    blank: str | None = None
    language: str | None = None
    encoder_only: bool = False


@dataclasses.dataclass(kw_only=True)
class Said:
    """What the checkpoint's own configuration says; None where it says nothing.

    strides: of the convolutions. max_distance: of WavLM's relative positions. shown: facts that
    shapes show as well, to be compared (keys are those of ``structure.encoder_conf`` or of
    ``structure.sizes``).
    """

    heads: int | None = None
    norm_first: bool | None = None
    normalize: bool | None = None
    strides: list[int] | None = None
    max_distance: int | None = None
    shown: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(kw_only=True)
class Source:
    """A network ready to be written as an experiment.

    state: tensors under asrkit's names. encoder, objective, *_conf, tune: as in a configuration.
    symbols: the tokens of a recognizer. token_file: names what they are. language: whose they are,
    if the source has several. dropped: tensors left out. notes: what the user should know.
    origin: the name and revision on a hub.
    """

    path: Path
    kind: str
    state: dict[str, Tensor]
    encoder_conf: dict[str, Any]
    objective: str
    encoder: str = "wav2vec2"
    objective_conf: dict[str, Any] = dataclasses.field(default_factory=dict)
    quantizer_conf: dict[str, Any] | None = None
    tune: dict[str, Any] = dataclasses.field(default_factory=dict)
    language: str | None = None
    symbols: list[str] | None = None
    token_file: str | None = None
    dropped: list[str] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)
    origin: str | None = None

    def fill_mask_embedding(self) -> None:
        """Some leave the embedding out of models that were fine-tuned without masks."""
        name = "encoder.mask_embedding"
        if name not in self.state and "encoder.projection.bias" in self.state:
            size = self.state["encoder.projection.bias"].shape
            self.state[name] = torch.rand(size, generator=torch.Generator().manual_seed(0))
            self.notes.append("no mask embedding in it: mask_embedding is initialized at random")

    def check_used(self, given: Given) -> None:
        """Raises ConvertError for what was said of an output layer that is not taken."""
        said = {
            "--dict": given.dictionary, "--token_type": given.token_type, "--blank": given.blank
        }  # fmt: skip
        if self.symbols is None:
            for option in (name for name, value in said.items() if value is not None):
                raise ConvertError(
                    f"{self.path}: no output layer is taken from it; leave {option} out"
                )
