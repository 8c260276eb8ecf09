"""Reads the network of fairseq2's checkpoints of wav2vec 2.0: omniASR's, pre-trained or fine-tuned.

Such a file holds tensors alone: the sizes are those of their shapes, the user says what no shape
shows, and the tokens of a recognizer are in a file of sentencepiece that no output row is named in.
"""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from asrkit.convert import structure
from asrkit.convert.fairseq2_names import MARK
from asrkit.convert.names import to_asrkit
from asrkit.convert.source import ConvertError, Given, Said, Source


def is_fairseq2(tensors: dict[str, Tensor]) -> bool:
    return MARK in tensors


def read_fairseq2(path: Path, tensors: dict[str, Tensor], given: Given) -> Source:
    """The network among ``tensors``, without any head. Raises ConvertError on anything asrkit
    cannot hold."""
    where = str(path)
    if not given.encoder_only:
        raise ConvertError(
            f"{where}: of fairseq2's checkpoints (omniASR) the network alone is taken, without "
            "heads: add --encoder_only true, and what no shape shows; of omniASR --heads (the "
            "width / 64), --norm_first true and --normalize true"
        )
    state, unknown = to_asrkit(tensors, "fairseq2", where)
    structure.refuse_unknown(unknown, where, encoder_only=True)
    conf = structure.encoder_conf(state, Said(), given, where)
    source = Source(
        path=path, kind="fairseq2", state=state, encoder_conf=conf, objective="ctc",
        dropped=unknown,
    )  # fmt: skip
    source.fill_mask_embedding()
    source.check_used(given)
    return source
