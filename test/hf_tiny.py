"""Small random models of transformers in every layout, and fairseq's names for their tensors."""

from __future__ import annotations

import json

import pytest
import torch

from asrkit import config as configuration
from asrkit.batch import pad
from asrkit.bin import convert_checkpoint
from asrkit.build import build_objective, resolve
from asrkit.tokens import TokenList
from asrkit.train import checkpoint

transformers = pytest.importorskip("transformers")

VOCAB = {"<s>": 1, "<pad>": 0, "</s>": 2, "<unk>": 3, "|": 4, "a": 5, "b": 6, "c": 8, "d": 7}
KERNELS, STRIDES = [10, 3, 3, 3, 3, 2, 2], [5, 2, 2, 2, 2, 2, 2]
# norm, pre-norm, conv bias, width, heads, channels, [kernel, groups]
LAYOUTS = {
    "base": ("group", False, False, 32, 4, 24, (16, 4)),
    "large_2020": ("group", True, True, 24, 2, 20, (15, 3)),
    "xlsr_53": ("layer", True, True, 40, 5, 16, (128, 8)),
    "odd": ("layer", False, False, 21, 7, 13, (9, 3)),
}


def config(layout, **changes):
    norm, pre_norm, bias, width, heads, channels, (kernel, groups) = LAYOUTS[layout]
    return transformers.Wav2Vec2Config(
        **{
            "hidden_size": width,
            "num_hidden_layers": 2,
            "num_attention_heads": heads,
            "intermediate_size": 4 * width,
            "feat_extract_norm": norm,
            "do_stable_layer_norm": pre_norm,
            "conv_dim": [channels] * 7,
            "conv_kernel": KERNELS,
            "conv_stride": STRIDES,
            "conv_bias": bias,
            "num_conv_pos_embeddings": kernel,
            "num_conv_pos_embedding_groups": groups,
            "num_codevectors_per_group": 12,
            "codevector_dim": 16,
            "proj_codevector_dim": 20,
            "vocab_size": 9,
            **changes,
        }
    )


def make(kind, layout="base", **changes):
    """A model of class ``kind`` with no norm or bias at its idle value, in evaluation mode."""
    torch.manual_seed(1)
    model = getattr(transformers, kind)(config(layout, **changes))
    for parameter in model.parameters():
        if parameter.dim() == 1:
            parameter.data += 0.1 * torch.randn_like(parameter)
    return model.eval()


def data2vec(kind="Data2VecAudioModel", **changes):
    torch.manual_seed(1)
    values = {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 128,
        "conv_dim": [24] * 7,
        "conv_pos_kernel_size": 19,
        "num_conv_pos_embeddings": 5,
        "num_conv_pos_embedding_groups": 4,
        "vocab_size": 9,
    }
    settings = transformers.Data2VecAudioConfig(**(values | changes))
    return getattr(transformers, kind)(settings).eval()


def save(model, folder, normalize=False, vocab=None, **tokenizer):
    """A folder as transformers writes it, with a processor's files."""
    model.save_pretrained(folder)
    extractor = transformers.Wav2Vec2FeatureExtractor(do_normalize=normalize)
    extractor.save_pretrained(folder)
    if vocab is not None:
        (folder / "vocab.json").write_text(json.dumps(vocab), encoding="utf-8")
        (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    return folder


def fairseq_state(model, group):
    """A transformers pre-training or CTC model's tensors under the names fairseq gives them."""
    state = {}
    for name, tensor in model.state_dict().items():
        name = (
            name.removeprefix("wav2vec2.").removeprefix("data2vec_audio.").removeprefix("hubert.")
        )
        for theirs, new in (
            ("masked_spec_embed", "mask_emb"),
            ("quantizer.codevectors", "quantizer.vars"),
            ("project_hid.", "final_proj."),
            ("lm_head.", "proj."),
            ("feature_projection.layer_norm.", "layer_norm."),
            ("feature_projection.projection.", "post_extract_proj."),
            ("encoder.pos_conv_embed.conv.parametrizations.weight.original0",
             "encoder.pos_conv.0.weight_g"),
            ("encoder.pos_conv_embed.conv.parametrizations.weight.original1",
             "encoder.pos_conv.0.weight_v"),
            ("encoder.pos_conv_embed.conv.bias", "encoder.pos_conv.0.bias"),
        ):  # fmt: skip
            if name.startswith(theirs):
                name = new + name[len(theirs) :]
                break
        if name.startswith("feature_extractor"):
            name = name.replace(".conv.", ".0.")
            name = name.replace(".layer_norm.", ".2." if group else ".2.1.")
        if name.startswith("encoder.pos_conv_embed.layers"):
            name = name.replace("pos_conv_embed.layers", "pos_conv").replace(".conv.", ".0.")
        if name.startswith("encoder.layers"):
            name = (
                name.replace("attention.", "self_attn.")
                .replace(".layer_norm.", ".self_attn_layer_norm.")
                .replace("feed_forward.intermediate_dense", "fc1")
                .replace("feed_forward.output_dense", "fc2")
            )
        state[name] = tensor
    return state


def convert(*words):
    args = convert_checkpoint.get_parser().parse_args([str(word) for word in words])
    return convert_checkpoint.convert(args)


def load(folder):
    """The objective of a converted folder, loaded strictly."""
    content = checkpoint.load(folder / "last.pt")
    options = resolve(configuration.from_mapping(content["config"], "config"))
    tokens = TokenList.read(folder / "tokens.txt") if options.token_list else None
    objective = build_objective(options, tokens or TokenList.build([]))
    state = dict(objective.state_dict()) | content["model"]
    checkpoint.load_weights(objective, state, "test")
    return objective.eval()


def hidden(objective, wave):
    with torch.no_grad():
        return objective.encoder(pad([wave])).output.data
