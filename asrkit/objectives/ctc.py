"""Fine-tuning with connectionist temporal classification (XLSR section 3.2; blank is 0)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from asrkit.align import edit_distance
from asrkit.batch import Batch, Padded
from asrkit.decode.greedy import greedy_tokens
from asrkit.encoders.base import Encoder, Hidden
from asrkit.encoders.kernels.dropout import Dropout
from asrkit.encoders.masked import MaskedEncoder
from asrkit.objectives.base import Diagnosis, Output, Recognizer, Stat, refuse_fewer_frames
from asrkit.objectives.ctc_carried import CarriedScores
from asrkit.objectives.ctc_head import ctc_head
from asrkit.objectives.fine_tuned import FineTuned
from asrkit.objectives.masking import SpanMask
from asrkit.phases import Phase
from asrkit.ranges import BelowOne, Count, Natural, NotNegative, Share
from asrkit.tokens import TokenList

STATS = ("loss", "infeasible", "blank", "token_error_rate")
PATIENCE = 500  # updates of the whole model before all blanks are worth a word
ALL_BLANKS = (
    "the model writes nothing but blanks: more updates may help; else raise optimizer_conf.lr, "
    "start from a pre-trained encoder, or check that audio and text belong together and that the "
    "audio was 16 kHz speech"
)


class CtcObjective(FineTuned, Recognizer):
    """Sum over utterances of the negative log-likelihood of ``Batch.text``; weight = utterances.

    freeze_steps: so many first updates, or this share of all, train the head alone; the encoder
    still masks and drops.
    freeze_encoder: the head learns alone throughout, on features as they were pre-trained.
    head_kernel, head_stride: above 1 the head is a convolution (ctc_head.ConvHead).
    intermediate_layers: layers of the encoder, 1 the first, whose outputs, normalized, the head
    classifies, too, in training; intermediate_weight is the share of the mean of their losses in
    the loss (intermediate CTC, Lee and Watanabe 2021).
    final_dropout: on the encoder's output. mask_*: spans of frames replaced by the encoder's mask
    vector, channel_mask_*: spans of channels set to 0, in training only (masking.SpanMask).
    feature_cache_gib: memory, in GiB, to keep the training set's local features in, for an encoder
    whose front end is frozen (FeatureCache); an hour of wav2vec 2.0's takes 0.35 in float32.
    """

    structure = frozenset({"head_stride"})

    def __init__(
        self,
        encoder: Encoder,
        tokens: TokenList,
        *,
        freeze_steps: Phase = 0,
        freeze_encoder: bool = False,
        head_kernel: Count = 1,
        head_stride: Count = 1,
        intermediate_layers: list[Count] = [],  # noqa: B006 (read only)
        intermediate_weight: Share = 0.3,
        final_dropout: BelowOne = 0.0,
        mask_prob: Share = 0.65,
        mask_length: Count = 10,
        min_masks: Natural = 2,
        require_same_masks: bool = False,
        mask_rounding: str = "row",
        channel_mask_prob: Share = 0.25,
        channel_mask_length: Count = 64,
        feature_cache_gib: NotNegative = 0.0,
    ) -> None:
        super().__init__(
            encoder,
            freeze_steps=freeze_steps,
            freeze_encoder=freeze_encoder,
            time_spans=SpanMask(
                mask_prob, mask_length, min_masks, require_same_masks, mask_rounding
            ),
            channel_spans=SpanMask(
                channel_mask_prob, channel_mask_length, 0, require_same_masks, mask_rounding
            ),
            feature_cache_gib=feature_cache_gib,
        )
        if intermediate_layers:
            _refuse_other_layers(encoder, intermediate_layers)
        self.intermediate_layers = intermediate_layers
        self.intermediate_weight = intermediate_weight
        self.tokens = tokens
        self.final_dropout = Dropout(final_dropout)
        self.head = ctc_head(
            encoder.output_size, len(tokens), kernel=head_kernel, stride=head_stride
        )

    def forward(self, batch: Batch) -> Output:
        between = self.intermediate_layers if self.training else []
        hidden = self._encode(batch, every_layer=bool(between))
        log_probs = self._log_probs(hidden.output)
        text = batch.text
        if text is None:
            nothing: Stat = (0.0, 0.0)
            stats = dict.fromkeys(STATS + ("loss_intermediate",) * bool(between), nothing)
            return Output(0 * log_probs.data.sum(), stats, 0)
        loss = ctc_losses(log_probs, text).sum()
        count = len(batch)
        stats = {
            "loss": (loss.detach(), count),
            "infeasible": (infeasible(log_probs.lengths, text), count),
            "blank": blanks(log_probs),
            "token_error_rate": (0.0, 0.0) if self.training else token_errors(log_probs, text),
        }
        if between:
            others = [
                ctc_losses(self._log_probs(_normalized(hidden, layer)), text) for layer in between
            ]
            mean = torch.stack(others).mean(0).sum()
            stats["loss_intermediate"] = (mean.detach(), count)
            loss = (1 - self.intermediate_weight) * loss + self.intermediate_weight * mean
        return Output(loss, stats, count)

    def check_collapse(self, stats: dict[str, float]) -> Diagnosis | None:
        """A model that writes nothing is normal early, and a common end of a bad set-up later."""
        if self.step < self.frozen_updates + PATIENCE or stats.get("blank", 0.0) < 0.9995:
            return None
        return Diagnosis(ALL_BLANKS, fatal=False)

    def log_probs(self, batch: Batch) -> Padded:
        if batch.speech is None:
            raise ValueError("recognition needs speech, and this batch has none")
        hidden = self.encoder(batch.speech).output
        return self._log_probs(hidden)

    def output_lengths(self, lengths: Tensor) -> Tensor:
        frames = self.encoder.context_lengths(self.encoder.output_lengths(lengths))
        return self.head.output_lengths(frames)

    def carried(self) -> CarriedScores | None:
        context = self.encoder.carried()
        if context is None:
            return None
        kernel, stride = self.head.seen
        return CarriedScores(
            context, self._log_probs, kernel=kernel, stride=stride, classes=len(self.tokens)
        )

    def _log_probs(self, hidden: Padded) -> Padded:
        scores = self.head(Padded(self.final_dropout(hidden.data), hidden.lengths))
        return Padded(scores.data.float().log_softmax(-1), scores.lengths)


def _refuse_other_layers(encoder: Encoder, layers: list[int]) -> None:
    """Raises ValueError unless each lies between two layers of the encoder, with its frames."""
    if not isinstance(encoder, MaskedEncoder):
        name = type(encoder).__name__
        raise ValueError(f"intermediate_layers: {name} has no layers of attention")
    refuse_fewer_frames(encoder)
    count = len(encoder.context.layers)
    if wrong := [layer for layer in layers if layer >= count]:
        raise ValueError(
            f"intermediate_layers: {wrong[0]} is none of 1 to {count - 1}, which have a layer above"
        )


def _normalized(hidden: Hidden, layer: int) -> Padded:
    """What a layer puts out, 1 the first, with mean 0 and variance 1 in each frame: in encoders
    that normalize before their layers it is of any size."""
    frames = hidden.layers[layer]
    return Padded(F.layer_norm(frames, frames.shape[-1:]), hidden.output.lengths)


def token_errors(log_probs: Padded, text: Padded) -> tuple[int, int]:
    """(errors of the best path, labels); for evaluation, as it waits for the device."""
    errors = 0
    for guess, row, length in zip(
        greedy_tokens(log_probs), text.data.tolist(), text.lengths.tolist(), strict=True
    ):
        errors += edit_distance(row[:length], guess)
    return errors, int(text.lengths.sum())


def ctc_losses(log_probs: Padded, text: Padded) -> Tensor:
    """[B] negative log-likelihoods of the rows' labels; 0 where no path exists."""
    # cuDNN's CTC refuses some lengths: the native one always (on a GPU neither repeats bit by bit).
    with torch.backends.cudnn.flags(enabled=False):
        return F.ctc_loss(
            log_probs.data.transpose(0, 1),
            text.data,
            log_probs.lengths,
            text.lengths,
            blank=0,
            reduction="none",
            zero_infinity=True,
        )


def infeasible(lengths: Tensor, text: Padded) -> Tensor:
    """How many rows have fewer frames than labels plus adjacent equal pairs: no path exists.

    Such a row gives loss 0 (zero_infinity). Computed where the labels are: no wait for the device.
    """
    device = text.data.device
    labels = text.lengths.to(device, non_blocking=True)
    repeats = (text.data[:, 1:] == text.data[:, :-1]) & text.valid()[:, 1:]
    return (lengths.to(device, non_blocking=True) < labels + repeats.sum(1)).sum()


def blanks(log_probs: Padded) -> Stat:
    """Share of valid frames whose best token is blank: 1 in a collapsed model."""
    with torch.no_grad():
        best = log_probs.data.argmax(-1) == 0
        return (best & log_probs.valid()).sum(), int(log_probs.lengths.sum())
