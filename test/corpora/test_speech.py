"""The clips that miniature corpora are made of."""

from __future__ import annotations

import numpy as np
import pytest
from corpora import make
from corpora.speech import LANGUAGES, clips


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_language_has_24_prompts_of_real_length(lang: str) -> None:
    found = clips(lang)
    assert len(found) == 24
    assert len({clip.text for clip in found}) == 24
    assert all(clip.path.exists() and clip.text == clip.text.strip() for clip in found)


def test_samples_at_another_rate() -> None:
    clip = clips("it")[0]
    near, far = clip.samples(16000), clip.samples(48000)
    assert len(far) == 3 * len(near)
    assert 16000 <= len(near) <= 64000
    assert 0.01 < float(np.abs(near).max()) <= 1.0


def test_every_miniature_can_be_made_and_nothing_else() -> None:
    assert make.names() == ["babel", "commonvoice", "fleurs", "mls", "voxpopuli"]
