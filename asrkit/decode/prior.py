"""Label priors: how much a network writes each token, whatever it is given.

CTC learns to write blanks wherever it is not sure, and frequent tokens before rare ones. A search
with words knows better from its lexicon and n-gram; it divides by the priors, raised to a weight,
as decoders of hybrid systems do (for CTC: Miao et al., EESEN, 2015, section 4.2).
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from asrkit.files import DataError, write_json
from asrkit.tokens import TokenList

if TYPE_CHECKING:
    from torch import Tensor

FILE = "label_prior.json"  # beside the model
_LEAST = 1e-8  # of a share: a token that was never written is not made certain by that


@dataclasses.dataclass(frozen=True)
class LabelPrior:
    """shares: token -> mean probability over ``frames`` frames of training audio."""

    frames: int
    shares: Mapping[str, float]

    @classmethod
    def estimate(cls, tokens: TokenList, rows: Iterable[Tensor]) -> LabelPrior:
        """From log-probabilities [T, V] of utterances. Raises DataError if there is no frame."""
        total, frames = np.zeros(len(tokens)), 0
        for row in rows:
            total += row.double().exp().sum(0).numpy()
            frames += len(row)
        if not frames:
            raise DataError("no frame of speech: nothing to take label priors from")
        return cls(frames, dict(zip(tokens.symbols, (total / frames).tolist(), strict=True)))

    @classmethod
    def read(cls, path: Path) -> LabelPrior:
        """Raises DataError for a damaged file."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            shares = {str(name): float(share) for name, share in content["shares"].items()}
            if not all(0 <= share <= 1 for share in shares.values()):
                raise ValueError("a share is not in [0, 1]")
            return cls(int(content["frames"]), shares)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(
                f"{path}: no label priors ({type(error).__name__}: {error}); remove it, and run "
                "asrkit lm prior again"
            ) from None

    def write(self, folder: Path) -> Path:
        """The file in a model's folder."""
        write_json(folder / FILE, dataclasses.asdict(self))
        return folder / FILE

    def offsets(self, tokens: TokenList, weight: float = 1.0) -> np.ndarray:
        """float32 [V], to be added to log-probabilities. Raises DataError for another list."""
        if self.shares.keys() != set(tokens.symbols):
            raise DataError(
                f"{FILE} is of {len(self.shares)} tokens, which are not the {len(tokens)} of the "
                "model: run asrkit lm prior again"
            )
        logs = [math.log(max(self.shares[symbol], _LEAST)) for symbol in tokens.symbols]
        return (-weight * np.array(logs)).astype(np.float32)
