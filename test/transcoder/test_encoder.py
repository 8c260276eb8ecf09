"""Encoders of phone posteriors: embedding, padding, one-hot input, shapes and sizes."""

import math

import pytest
import torch

from asrkit.batch import Padded, pad
from asrkit.choices import PHONE_ENCODERS
from asrkit.tokens import TokenList
from asrkit.transcoder.conformer import ConformerEncoder
from asrkit.transcoder.embedding import sinusoids
from asrkit.transcoder.encoder import TranscoderEncoder

PHONES = TokenList.build("abcdef")
SMALL = {"width": 16, "heads": 2, "ffn": 32, "dropout": 0.0}


def posteriors(*lengths: int) -> Padded:
    generator = torch.Generator().manual_seed(0)
    return pad([torch.rand(n, 7, generator=generator).softmax(-1) for n in lengths])


@pytest.fixture(params=PHONE_ENCODERS)
def encoder(request):
    torch.manual_seed(0)
    return PHONE_ENCODERS[request.param](PHONES, **SMALL)


def test_shapes_and_lengths(encoder):
    x = posteriors(9, 4)
    hidden = encoder(x)
    assert (encoder.feature_size, encoder.output_size) == (7, 16)
    assert hidden.output.data.shape == (2, 9, 16)
    assert hidden.output.lengths.tolist() == encoder.output_lengths(x.lengths).tolist() == [9, 4]


def test_a_row_does_not_depend_on_its_batch_in_evaluation(encoder):
    encoder.eval()
    x = posteriors(9, 4, 1)
    together = encoder(x).output.data
    for row, length in enumerate(x.lengths.tolist()):
        alone = encoder(Padded(x.data[row : row + 1, :length], x.lengths[row : row + 1]))
        torch.testing.assert_close(together[row, :length], alone.output.data[0])


def test_every_parameter_takes_part(encoder):
    encoder.train()
    encoder(posteriors(5, 3)).output.data.sum().backward()
    assert [n for n, p in encoder.named_parameters() if p.grad is None] == []


def test_no_phones_at_all_are_no_error(encoder):
    encoder.eval()
    assert encoder(Padded(torch.zeros(1, 1, 7), torch.tensor([0]))).output.data.isfinite().all()


def test_masks_replace_positions_and_channels(encoder):
    encoder.eval()
    x = posteriors(6)
    mask = torch.zeros(1, 6, dtype=torch.bool)
    mask[0, 2] = True
    other = x.data.clone()
    other[0, 2] = 0.5
    masked = encoder(x, mask).output.data
    torch.testing.assert_close(masked, encoder(Padded(other, x.lengths), mask).output.data)
    assert not torch.equal(masked, encoder(x).output.data)


def test_a_certain_phone_is_a_row_of_the_embedding():
    encoder = TranscoderEncoder(PHONES, **SMALL)
    one_hot = torch.nn.functional.one_hot(torch.tensor([3, 0]), 7).float()
    assert torch.equal(encoder.embed(one_hot), encoder.embed.weight.T[[3, 0]])
    assert encoder.embed.bias is None


def test_one_hot_input_sees_the_best_phone_only():
    torch.manual_seed(0)
    hard = TranscoderEncoder(PHONES, **SMALL, hard=True).eval()
    soft = TranscoderEncoder(PHONES, **SMALL).eval()
    soft.load_state_dict(hard.state_dict())
    x = posteriors(6, 3)
    certain = torch.nn.functional.one_hot(x.data.argmax(-1), 7).float() * x.valid()[..., None]
    certain = Padded(certain, x.lengths)
    torch.testing.assert_close(hard(x).output.data, soft(certain).output.data)
    assert not torch.allclose(hard(x).output.data, soft(x).output.data)
    torch.testing.assert_close(hard(certain).output.data, soft(certain).output.data)


def test_the_convolutions_see_word_size_neighborhoods_and_attention_the_rest():
    """Kernels 3 and 5 in 3 blocks; without attention a change reaches 3 * (1 + 2) positions."""
    torch.manual_seed(0)
    encoder = TranscoderEncoder(PHONES, **SMALL).double().eval()
    for block in encoder.stack:
        for attention in block.attentions:
            torch.nn.init.zeros_(attention.out.weight)
    x = posteriors(41)
    x = Padded(x.data.double(), x.lengths)
    changed = x.data.clone()
    changed[0, 20] = changed[0, 20].flip(0)
    difference = encoder(x).output.data - encoder(Padded(changed, x.lengths)).output.data
    reached = difference.abs().sum(-1)[0].nonzero()[:, 0].tolist()
    assert reached == list(range(20 - 9, 20 + 10))


def test_positions_matter_unless_switched_off():
    same = Padded(torch.eye(7)[[2, 2, 2, 2, 2, 2, 2]][None], torch.tensor([7]))
    for position in (True, False):
        torch.manual_seed(0)
        encoder = TranscoderEncoder(PHONES, **SMALL, kernels=[1], position=position).eval()
        rows = encoder(same).output.data[0]
        assert torch.allclose(rows[0], rows[1], atol=1e-6) is not position


def test_sinusoids_of_the_paper():
    """Vaswani et al. 2017: wavelengths from 2 pi to 10,000 * 2 pi."""
    wanted = [[math.sin(n), math.sin(n / 100), math.cos(n), math.cos(n / 100)] for n in range(3)]
    torch.testing.assert_close(sinusoids(3, 4, torch.device("cpu")), torch.tensor(wanted))


def test_sizes_of_the_paper():
    """d 256, inner 1024, 3 blocks of two convolutions and two attentions (section 3)."""
    encoder = TranscoderEncoder(PHONES)
    conv = 256 * 256 * (3 + 5) + 2 * 256
    attention = 2 * 4 * (256 * 256 + 256)
    ffn = 2 * 256 * 1024 + 1024 + 256
    norms = 5 * 2 * 256
    rest = 7 * 256 + 256 + 2 * 256  # embedding, mask embedding, last norm
    found = sum(p.numel() for p in encoder.parameters())
    assert found == 3 * (conv + attention + ffn + norms) + rest


def test_every_layer_is_returned():
    hidden = TranscoderEncoder(PHONES, **SMALL).contextualize(posteriors(4), every_layer=True)
    assert len(hidden.layers) == 4
    assert len(hidden.ffn) == 3


@pytest.mark.parametrize(
    ("made", "options", "message"),
    [
        (TranscoderEncoder, {"kernels": [4]}, "kernels are odd"),
        (TranscoderEncoder, {"kernels": []}, "kernels are odd"),
        (TranscoderEncoder, {"heads": 3}, "not a multiple"),
        (ConformerEncoder, {"kernel": 8}, "kernel is odd"),
    ],
)
def test_impossible_options_are_refused(made, options, message):
    with pytest.raises(ValueError, match=message):
        made(PHONES, **SMALL | options)


def test_posteriors_of_another_width_are_refused(encoder):
    with pytest.raises(ValueError, match="wants \\[B, L, 7\\]"):
        encoder(Padded(torch.rand(1, 3, 5), torch.tensor([3])))
