"""Where an objective's own dropout acts, what its weight counts, and which masks are forced."""

from __future__ import annotations

import pytest
import torch
from phone_toy import PHONES
from phone_toy import TOKENS as WORDS
from small_quantizer import small_quantizer
from torch import Tensor, nn
from torch.nn import functional as F

from asrkit.batch import Batch, Padded, pad
from asrkit.encoders.logmel import LogMelEncoder
from asrkit.objectives.contrastive import ContrastiveObjective
from asrkit.objectives.ctc import CtcObjective, token_errors
from asrkit.objectives.masked_frames import MaskedFrames
from asrkit.objectives.phonetic import PhoneticObjective
from asrkit.objectives.regression import RegressionObjective
from asrkit.tokens import TokenList
from asrkit.transcoder.encoder import TranscoderEncoder
from asrkit.transcoder.objective import TranscoderObjective

TOKENS = TokenList.build("abcd")
P = 0.25


def encoder() -> LogMelEncoder:
    torch.manual_seed(0)
    return LogMelEncoder(
        mels=12,
        conv_layers=[[16, 3, 1], [16, 3, 2]],
        width=16,
        layers=1,
        heads=2,
        positional=[9, 2, 1],
    )


def speech() -> Batch:
    waves = pad([torch.randn(32_000), torch.randn(32_000)])
    labels = pad([torch.tensor([2, 3]), torch.tensor([], dtype=torch.int64)])
    return Batch(["x", "y"], torch.arange(2), waves, labels, labels)


def ctc() -> tuple[CtcObjective, nn.Module, Batch]:
    made = CtcObjective(encoder(), TOKENS, final_dropout=P, mask_prob=0.0, channel_mask_prob=0.0)
    return made, made.head, speech()


def phonetic() -> tuple[PhoneticObjective, nn.Module, Batch]:
    base = RegressionObjective(encoder(), top_k=1)
    made = PhoneticObjective(base, TOKENS, final_dropout=P)
    return made, made.head, speech()


def contrastive() -> tuple[ContrastiveObjective, nn.Module, Batch]:
    quantizer = small_quantizer(16, entries=4)
    made = ContrastiveObjective(encoder(), quantizer, negatives=5, features_dropout=P)
    return made, made.quantizer, speech()


def transcoder() -> tuple[TranscoderObjective, nn.Module, Batch]:
    network = TranscoderEncoder(PHONES, width=16, blocks=1, heads=2, ffn=16, dropout=0.0)
    made = TranscoderObjective(network, WORDS, final_dropout=P)
    posteriors = pad([torch.rand(200, 5).softmax(-1)])
    labels = pad([torch.randint(0, len(WORDS), (200,))])
    return made, made.head, Batch(["x"], torch.arange(1), text=labels, posteriors=posteriors)


@pytest.mark.parametrize("make", [ctc, phonetic, contrastive, transcoder])
def test_dropout_acts_in_training_alone(make) -> None:  # type: ignore[no-untyped-def]
    objective, layer, batch = make()
    seen: list[Tensor] = []

    def note(_: nn.Module, inputs: tuple[Tensor | Padded, ...]) -> None:
        first = inputs[0]
        seen.append(first.data if isinstance(first, Padded) else first)

    layer.register_forward_pre_hook(note)
    objective.train()(batch)
    assert (seen[0] == 0).float().mean().item() == pytest.approx(P, abs=0.04)
    seen.clear()
    objective.eval()(batch)
    assert (seen[0] == 0).float().mean().item() < 0.01


def test_the_weight_of_utterances_counts_unlabeled_ones() -> None:
    base = RegressionObjective(encoder(), top_k=1)
    output = PhoneticObjective(base, TOKENS, normalization="utterances")(speech())
    assert output.weight == 2 and output.stats["labeled"] == (1, 2)


def test_channels_are_masked_by_chance_alone_and_apart_from_frames() -> None:
    keys, features = torch.arange(8), Padded(torch.zeros(8, 16, 16), torch.full((8,), 16))
    rare = {"mask_prob": 1e-6, "channel_mask_prob": 1e-6, "channel_mask_length": 4}
    time, channels = CtcObjective(encoder(), TOKENS, **rare, min_masks=2)._masks(keys, features)
    assert time is not None and channels is not None
    assert time.any(1).all() and not channels.any()
    same = {"mask_prob": 0.5, "mask_length": 4, "channel_mask_prob": 0.5, "channel_mask_length": 4}
    time, channels = CtcObjective(encoder(), TOKENS, **same)._masks(keys, features)
    assert time is not None and channels is not None
    assert time.any() and channels.any() and not torch.equal(time, channels)


def test_padding_of_labels_is_no_error() -> None:
    best = torch.tensor([[2, 0, 3, 4], [5, 5, 0, 0]])
    scores = Padded(F.one_hot(best, 6).float(), torch.tensor([4, 4]))
    labels = pad([torch.tensor([2, 3, 4]), torch.tensor([5])])
    assert token_errors(scores, labels) == (0, 4)


def test_a_row_with_one_masked_frame_is_given_none() -> None:
    mask = torch.tensor([[True, False, True], [False, True, False]])
    assert MaskedFrames.of(mask, torch.device("cpu")).counts.tolist() == [2, 0]
