"""Forward, loss and gradients against transformers' Wav2Vec2ForPreTraining: same weights, masks,
negatives and Gumbel noise."""

import numpy as np
import pytest
import torch
from small_quantizer import small_quantizer
from torch.nn import functional as F

from asrkit.batch import Batch, Padded, pad
from asrkit.convert.names import to_asrkit
from asrkit.convert.structure import grouped_codebook
from asrkit.encoders.wav2vec2 import Wav2Vec2Encoder
from asrkit.objectives.contrastive import ContrastiveObjective, Draws
from asrkit.objectives.masked_frames import MaskedFrames

transformers = pytest.importorskip("transformers")

WIDTH, CONV, LAYERS, HEADS = 48, 24, 2, 4
KERNELS, STRIDES = [10, 3, 3, 3, 3, 2, 2], [5, 2, 2, 2, 2, 2, 2]
ENTRIES, FINAL, NEGATIVES = 12, 20, 7


def hf_model(norm, pre_norm, bias):
    config = transformers.Wav2Vec2Config(
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=4 * WIDTH,
        hidden_dropout=0.0,
        activation_dropout=0.0,
        attention_dropout=0.0,
        feat_proj_dropout=0.0,
        feat_quantizer_dropout=0.0,
        layerdrop=0.0,
        feat_extract_norm=norm,
        do_stable_layer_norm=pre_norm,
        conv_dim=[CONV] * 7,
        conv_kernel=KERNELS,
        conv_stride=STRIDES,
        conv_bias=bias,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
        num_codevectors_per_group=ENTRIES,
        codevector_dim=16,
        proj_codevector_dim=FINAL,
        num_negatives=NEGATIVES,
        attn_implementation="eager",
    )
    torch.manual_seed(1)
    model = transformers.Wav2Vec2ForPreTraining(config)
    for name, parameter in model.named_parameters():  # no norm or bias at its idle value
        if parameter.dim() == 1 and "masked" not in name:
            parameter.data += 0.1 * torch.randn_like(parameter)
    return model.train()


def our_model(norm, pre_norm, bias, grad_mult=1.0):
    encoder = Wav2Vec2Encoder(
        conv_layers=[[CONV, k, s] for k, s in zip(KERNELS, STRIDES, strict=True)],
        conv_norm=norm,
        conv_bias=bias,
        width=WIDTH,
        layers=LAYERS,
        heads=HEADS,
        norm_first=pre_norm,
        positional=[16, 4, 1],
        dropout=0.0,
        attention_dropout=0.0,
        input_dropout=0.0,
        layerdrop=0.0,
        feature_grad_mult=grad_mult,
    )
    quantizer = small_quantizer(CONV, entries=ENTRIES, vector_size=16)
    return ContrastiveObjective(
        encoder,
        quantizer,
        final_size=FINAL,
        negatives=NEGATIVES,
        features_dropout=0.0,
        features_weight=0.0,
    )


def from_hf(tensors):
    """transformers' tensors (weights or gradients) under asrkit's names."""
    bare = {name.removeprefix("wav2vec2."): tensor for name, tensor in tensors.items()}
    ours, unknown = to_asrkit(bare, "huggingface", "transformers")
    assert not unknown
    grouped_codebook(ours, 2)
    return ours


def make_batch(lengths):
    torch.manual_seed(2)
    speech = pad([torch.randn(length) for length in lengths])
    return Batch(ids=[str(n) for n in lengths], keys=torch.arange(len(lengths)), speech=speech)


CASES = [
    ("group", False, False, [6000, 6000]),
    ("group", False, True, [7777]),
    ("layer", True, True, [6400, 6400]),
    ("layer", True, False, [8001, 5555, 4999]),
    ("layer", False, True, [5003, 3001]),
    ("group", True, False, [6013, 6013]),
]


@pytest.mark.parametrize(("norm", "pre_norm", "bias", "lengths"), CASES)
def test_step_equals_transformers(monkeypatch, norm, pre_norm, bias, lengths):
    theirs, ours = hf_model(norm, pre_norm, bias), our_model(norm, pre_norm, bias)
    ours.load_state_dict(from_hf(theirs.state_dict()))
    batch = make_batch(lengths)
    features = ours.encoder.extract(batch.speech)
    draws = ours.draw(batch.keys, features)
    rows, size, _ = features.data.shape
    noise = torch.rand(rows, size, 2 * ENTRIES) * 0.98 + 0.01
    draws = Draws(draws.mask, draws.picks, draws.negatives, draws.picks.take(noise))

    hidden, output, *_ = ours.score(features, draws, features)
    output.loss.backward()

    def gumbel_softmax(logits, tau, hard):
        gumbel = -torch.log(-torch.log(noise.view_as(logits)))
        soft = ((logits + gumbel) / tau).softmax(-1)
        return F.one_hot(soft.argmax(-1), ENTRIES) - soft.detach() + soft

    monkeypatch.setattr(torch.nn.functional, "gumbel_softmax", gumbel_softmax)
    attention_mask = None if norm == "group" else batch.speech.valid().long()
    contexts = []
    theirs.project_hid.register_forward_pre_hook(lambda module, inputs: contexts.append(inputs[0]))
    result = theirs(
        batch.speech.data,
        attention_mask=attention_mask,
        mask_time_indices=draws.mask,
        sampled_negative_indices=full_negatives(draws, size),
    )
    result.loss.backward()

    valid = features.valid()
    expected = contexts[0]
    scale = expected.abs().max()
    assert (hidden.data - expected)[valid].abs().max() < 1e-5 * scale
    assert output.stats["loss_contrastive"][0].item() == pytest.approx(
        result.contrastive_loss.item(), rel=1e-5
    )
    assert output.stats["diversity_penalty"][0].item() * output.weight == pytest.approx(
        result.diversity_loss.item(), rel=1e-5
    )
    assert output.loss.item() == pytest.approx(result.loss.item(), rel=1e-5)
    gradients = from_hf({name: p.grad for name, p in theirs.named_parameters()})
    for name, parameter in ours.named_parameters():
        wanted = gradients.pop(name)
        allowed = 1e-4 * wanted.abs().max() + 1e-6 * scale
        assert (parameter.grad - wanted).abs().max() < allowed, name
    assert not gradients


def full_negatives(draws, size):
    """Negatives as numbers of frames in the flattened batch, as transformers takes them."""
    picks: MaskedFrames = draws.picks
    rows = picks.frames.shape[0]
    out = torch.zeros(rows, size, NEGATIVES, dtype=torch.long)
    for row in range(rows):
        count = int(picks.counts[row])
        frames = picks.frames[row, :count]
        out[row, frames] = frames[draws.negatives[row, :count]] + row * size
    return out


@pytest.mark.parametrize("norm", ["group", "layer"])
def test_evaluation_equals_transformers(norm):
    theirs, ours = hf_model(norm, norm == "layer", False), our_model(norm, norm == "layer", False)
    ours.load_state_dict(from_hf(theirs.state_dict()))
    theirs.eval(), ours.eval()
    batch = make_batch([6500, 6500])
    with torch.no_grad():
        features = ours.encoder.extract(batch.speech)
        draws = ours.draw(batch.keys, features)
        output = ours.score(features, draws, features)[1]
        result = theirs(
            batch.speech.data,
            mask_time_indices=draws.mask,
            sampled_negative_indices=full_negatives(draws, features.data.shape[1]),
        )
    wanted = result.contrastive_loss.item()
    assert output.stats["loss_contrastive"][0].item() == pytest.approx(wanted, rel=1e-5)
    # Their evaluation counts hard choices: our code perplexity.
    code_perplexity = float(output.stats["code_perplexity"][0])
    assert code_perplexity == pytest.approx(result.codevector_perplexity.item(), rel=1e-4)


def test_ctc_equals_transformers():
    from asrkit.objectives.ctc import CtcObjective
    from asrkit.tokens import TokenList

    theirs_pre, ours_pre = hf_model("layer", True, True), our_model("layer", True, True)
    ours_pre.load_state_dict(from_hf(theirs_pre.state_dict()))
    theirs_pre.config.vocab_size, theirs_pre.config.final_dropout = 9, 0.0
    theirs_pre.config.pad_token_id, theirs_pre.config.ctc_loss_reduction = 0, "sum"
    theirs = transformers.Wav2Vec2ForCTC(theirs_pre.config).eval()
    theirs.wav2vec2 = theirs_pre.wav2vec2.eval()
    ours = CtcObjective(ours_pre.encoder, TokenList.build("abcdefg")).eval()
    ours.head.load_state_dict(theirs.lm_head.state_dict())
    batch = make_batch([9000, 7001, 8000])
    text = pad([torch.tensor(row) for row in ([2, 3, 3, 4], [5], [8, 2])])
    batch = Batch(ids=batch.ids, keys=batch.keys, speech=batch.speech, text=text)
    labels = torch.where(text.valid(), text.data, -100)
    result = theirs(batch.speech.data, attention_mask=batch.speech.valid().long(), labels=labels)
    output = ours(batch)
    assert output.loss.item() == pytest.approx(result.loss.item(), rel=1e-5)
    output.loss.backward(), result.loss.backward()
    head = theirs.lm_head.weight.grad
    assert (ours.head.weight.grad - head).abs().max() < 1e-4 * head.abs().max() + 1e-6
    log_probs = ours.log_probs(batch)
    wanted = result.logits.log_softmax(-1)
    valid = Padded(wanted, log_probs.lengths).valid()
    assert (log_probs.data - wanted)[valid].abs().max() < 1e-5
    assert np.array_equal(log_probs.lengths, ours.encoder.output_lengths(batch.speech.lengths))
