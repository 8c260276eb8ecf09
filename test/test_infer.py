"""What a recogniser takes for a waveform."""

import hf_tiny
import numpy as np
import pytest
import torch
from hf_tiny import VOCAB, convert

from asrkit.infer import Speech2Text


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    source = hf_tiny.save(hf_tiny.make("Wav2Vec2ForCTC"), folder / "hf", vocab=VOCAB)
    convert("--source", source, "--out", folder / "ours")
    return Speech2Text(folder / "ours")


WAVE = torch.rand(5000, generator=torch.Generator().manual_seed(1)) - 0.5


def test_forms_of_one_waveform(model):
    wanted = model.log_probs([WAVE])[0]
    assert wanted.shape == (15, 9)
    assert model.log_probs([30 * WAVE])[0].shape == (15, 9)  # as normalized to variance 1
    for wave in (WAVE[None], WAVE.numpy(), WAVE.double(), WAVE.numpy()[None].astype(np.float64)):
        assert torch.equal(model.log_probs([wave])[0], wanted)
    assert model.log_probs([WAVE[:0]])[0].shape == (0, 9)


@pytest.mark.parametrize(
    ("wave", "message"),
    [
        (WAVE[:, None], r"is \[S\].*not \[5000, 1\]"),
        (torch.stack([WAVE, WAVE]), r"not \[2, 5000\]"),
        (WAVE[None, None], r"not \[1, 1, 5000\]"),
        (torch.tensor(0.5), r"not \[\]"),
        ((WAVE * 32768).short(), r"not torch\.int16; divide by 32768"),
        (WAVE * 32768, r"not scaled to \[-1, 1\]"),
        (WAVE.where(WAVE < 0.4, torch.nan), "no numbers"),
        (-WAVE / 0, "no numbers"),
    ],
)
def test_what_is_no_waveform(model, wave, message):
    with pytest.raises(ValueError, match=message):
        model.log_probs([wave])
