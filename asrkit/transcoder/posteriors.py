"""A phone recognizer's frames to the rows that a Transcoder reads (TranUSR 2.3; Graves 2006)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from asrkit.tokens import BLANK, SPACE, UNK, TokenList

POOLS = ("mean", "peak")
MINIMUM_SHARED = 0.5  # of the phones of the smaller list must be in the other


class PosteriorError(ValueError):
    """A recognizer and a Transcoder that do not belong together."""


class Run(NamedTuple):
    """A phone, by its number among the acoustic model's tokens, its first frame and the one behind
    its last."""

    phone: int
    start: int
    end: int


class PhoneColumns:
    """Maps the tokens of an acoustic model to the columns of a Transcoder.

    tokens: the acoustic model's, V with the blank. phones: the Transcoder's, P = len(phones) - 1
    columns, ``<unk>`` first. A phone that the Transcoder does not know becomes ``<unk>``; blank and
    ``<space>`` have no column. lost: such phones. pool: rows are the ``mean`` over a run of frames
    with one best phone, or the frame where it is likeliest (``peak``).
    """

    def __init__(self, tokens: TokenList, phones: TokenList, *, pool: str = "mean") -> None:
        if pool not in POOLS:
            raise PosteriorError(f"pool is one of {', '.join(POOLS)}, not {pool!r}")
        self.pool, self.phones, self.size = pool, phones, len(phones) - 1
        own = {t: phones.own_form(t) for t in tokens.symbols}
        spoken = [t for t in tokens.symbols if t not in (BLANK, UNK, SPACE)]
        self.lost = [phone for phone in spoken if own[phone] is None]
        shared = len(spoken) - len(self.lost)
        if shared < MINIMUM_SHARED * min(len(spoken), len(phones) - 2):
            raise PosteriorError(
                f"the acoustic model's {len(spoken)} phones and the Transcoder's {len(phones) - 2}"
                f" share {shared} (not {' '.join(self.lost[:10])}); were they made of the same"
                " language and token type?"
            )
        columns = np.array(phones.encode(own[t] or UNK for t in tokens.symbols)) - 1
        self._columns = np.where(np.isin(tokens.symbols, [BLANK, SPACE]), -1, columns)
        self._project = np.zeros((len(tokens), self.size), np.float32)
        kept = np.flatnonzero(self._columns >= 0)
        self._project[kept, self._columns[kept]] = 1

    def __call__(self, log_probs: np.ndarray) -> np.ndarray:
        """Log-probabilities [T, V] to float32 [L, P], rows that sum to 1; a row for every run of
        frames whose best token is the same phone. A blank between two equal phones parts them."""
        return self.read(log_probs)[0]

    def read(self, log_probs: np.ndarray) -> tuple[np.ndarray, list[Run]]:
        """The rows, and the run of frames that each is of."""
        if log_probs.ndim != 2 or log_probs.shape[1] != len(self._columns):
            raise PosteriorError(
                f"scores are [T, {len(self._columns)}] for this token list, not {log_probs.shape}"
            )
        if not len(log_probs):
            return np.zeros((0, self.size), np.float32), []
        if np.isnan(log_probs).any():
            raise PosteriorError("the scores hold NaN; the model or its input is broken")
        best = log_probs.argmax(1)
        begins = np.flatnonzero(np.append(True, best[1:] != best[:-1]))
        ends = np.append(begins[1:], len(best))
        phones = best[begins]
        probabilities = np.exp(log_probs.astype(np.float32))
        if self.pool == "mean":
            rows = np.add.reduceat(probabilities, begins) / (ends - begins)[:, None]
        else:
            runs = zip(begins, ends, phones, strict=True)
            rows = probabilities[[b + probabilities[b:e, p].argmax() for b, e, p in runs]]
        spoken = self._columns[phones] >= 0
        rows = rows[spoken] @ self._project
        rows = (rows / rows.sum(1, keepdims=True)).astype(np.float32)
        columns = (part[spoken].tolist() for part in (phones, begins, ends))
        return rows, [Run(*run) for run in zip(*columns, strict=True)]

    def names(self, rows: np.ndarray) -> list[str]:
        """The likeliest phone of every row [L, P]."""
        return [self.phones.symbols[number + 1] for number in rows.argmax(1)]


def check_rows(rows: Sequence[np.ndarray], size: int) -> None:
    """Raises PosteriorError unless all are [L, size]."""
    for row in rows:
        if row.ndim != 2 or row.shape[1] != size:
            raise PosteriorError(
                f"posteriors are [L, {size}] for this Transcoder, not {row.shape}; they were"
                " dumped for another phone list"
            )
