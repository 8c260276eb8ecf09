"""Label priors: what is counted, and what a search takes off."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from decode.toy import TOKENS, scores

from asrkit.decode.beam import BeamDecoder
from asrkit.decode.parallel import BeamTask
from asrkit.decode.prior import LabelPrior
from asrkit.files import DataError
from asrkit.tokens import TokenList
from asrkit.vocabulary import with_language

SHARES = {"<blank>": 0.5, "<unk>": 0.0, "a": 0.3, "b": 0.1, "c": 0.05, "d": 0.05}


def test_shares_are_means_over_all_frames() -> None:
    rows = [torch.from_numpy(scores("-a")), torch.from_numpy(scores("-")), torch.empty(0, 6)]
    found = LabelPrior.estimate(TOKENS, rows)
    assert found.frames == 3
    assert found.shares["<blank>"] == pytest.approx((0.9 + 0.02 + 0.9) / 3)
    assert found.shares["a"] == pytest.approx((0.02 + 0.9 + 0.02) / 3)
    assert sum(found.shares.values()) == pytest.approx(1)
    with pytest.raises(DataError, match="no frame"):
        LabelPrior.estimate(TOKENS, [])


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    prior = LabelPrior(7, SHARES)
    path = prior.write(tmp_path)
    assert LabelPrior.read(path) == prior
    for content in (
        "",
        "[]",
        "{}",
        '{"frames": 1, "shares": {"a": 2}}',
        '{"frames": 1, "shares": 3}',
    ):
        path.write_text(content)
        with pytest.raises(DataError, match=r"label_prior\.json: no label priors"):
            LabelPrior.read(path)


def test_offsets_are_of_the_logarithms() -> None:
    found = LabelPrior(7, SHARES).offsets(TOKENS, 0.5)
    wanted = [-0.5 * math.log(max(SHARES[symbol], 1e-8)) for symbol in TOKENS.symbols]
    assert found == pytest.approx(np.array(wanted), rel=1e-6)
    with pytest.raises(DataError, match="run asrkit lm prior again"):
        LabelPrior(7, SHARES).offsets(TokenList.build(["a", "b"]))


def test_a_search_divides_by_the_priors() -> None:
    """b is written rarely: seen less than a, it is the likelier one after that."""
    frames = np.log(np.array([[0.1, 0.01, 0.5, 0.35, 0.02, 0.02]], dtype=np.float32))
    offsets = LabelPrior(7, SHARES).offsets(TOKENS, 0.5)
    words = {"ah": [("a",)], "bee": [("b",)]}
    plain = BeamDecoder(TOKENS, lexicon=words)
    divided = BeamDecoder(TOKENS, lexicon=words, offsets=offsets)
    assert plain(frames)[0].words == ["ah"]
    assert divided(frames)[0].words == ["bee"]
    assert divided(frames) == plain(frames + offsets)


def test_of_separate_vocabularies_the_part_of_the_language_counts(tmp_path: Path) -> None:
    tokens = TokenList.build([with_language(t, lang) for t in "ab" for lang in ("es", "it")])
    tokens.write(tmp_path / "tokens.txt")
    shares = dict(zip(tokens.symbols, (0.4, 0.1, 0.1, 0.3, 0.09, 0.01), strict=True))
    path = LabelPrior(3, shares).write(tmp_path)
    built = BeamTask(tmp_path / "tokens.txt", {}, "it", path, 1.0).build()
    assert list(built.tokens.symbols[2:]) == ["a", "b"]
    flat = np.log(np.full((1, 4), 0.25, dtype=np.float32))
    found = built(flat)[0]
    assert built.tokens.decode(found.tokens) == ["b"]
    assert found.score == pytest.approx(math.log(0.25 / 0.01), abs=1e-3)
