"""Small checkpoints as fairseq writes them, of the models of hf_tiny."""

from __future__ import annotations

import argparse

import hf_tiny
import torch
from hf_tiny import hidden, load

CONV = "[({c}, 10, 5)] + [({c}, 3, 2)] * 4 + [({c},2,2)] * 2"


def settings(layout, **changes):
    """What fairseq's options say of a model of hf_tiny."""
    norm, pre_norm, bias, width, heads, channels, (kernel, groups) = hf_tiny.LAYOUTS[layout]
    return {
        "extractor_mode": "default" if norm == "group" else "layer_norm",
        "layer_norm_first": pre_norm,
        "conv_bias": bias,
        "encoder_layers": 2,
        "encoder_embed_dim": width,
        "encoder_ffn_embed_dim": 4 * width,
        "encoder_attention_heads": heads,
        "conv_feature_layers": CONV.format(c=channels),
        "conv_pos": kernel,
        "conv_pos_groups": groups,
        "latent_groups": 2,
        "latent_temp": "(2, 0.1, 0.999995)",
        "final_dim": 20,
        "logit_temp": 0.1,
        "num_negatives": 100,
        "loss_weights": "[0.2, 0]",
        "dropout_features": 0.15,
        "dropout": 0.0,
        "dropout_input": 0.25,
        "encoder_layerdrop": 0.0,
        "feature_grad_mult": 1.0,
        "activation_fn": "gelu",
        **changes,
    }


def save(path, model, layout="base", *, prefix="", style="args", normalize=False, **more):
    """A checkpoint of ``model`` as fairseq writes it."""
    options = settings(layout, **more.pop("settings", {}))
    state = hf_tiny.fairseq_state(model, hf_tiny.LAYOUTS[layout][0] == "group")
    content = {
        "model": {prefix + name: tensor for name, tensor in state.items()},
        "args": None,
        "cfg": None,
        "last_optimizer_state": {"state": {0: {"exp_avg": torch.zeros(3)}}},
        **more,
    }
    if style == "args":
        content["args"] = argparse.Namespace(**options, normalize=normalize, arch="wav2vec2")
    elif style == "cfg":
        content["cfg"] = {
            "model": {"_name": "wav2vec2", **options},
            "task": {"_name": "audio_pretraining", "normalize": normalize},
        }
    torch.save(content, path)
    return path


def check_hidden(folder, encoder):
    wave = torch.randn(7001)
    objective = load(folder)
    with torch.no_grad():
        wanted = encoder(wave[None]).last_hidden_state
    assert (hidden(objective, wave) - wanted).abs().max() < 1e-4
    return objective


DICT = "| 94802\ne 51860\nt 38431\na 33152\no 31495\n"
FINETUNED = {"dropout": 0.05, "layerdrop": 0.1, "mask_prob": 0.5, "final_dropout": 0.0}


def finetuned(path, style="args"):
    model = hf_tiny.make("Wav2Vec2ForCTC", "xlsr_53")
    state = hf_tiny.fairseq_state(model, False)
    state = {
        f"w2v_encoder.{'' if name.startswith('proj.') else 'w2v_model.'}{name}": tensor
        for name, tensor in state.items()
    }
    inner = settings("xlsr_53")
    if style == "args":
        kept = argparse.Namespace(**inner, normalize=True)
        content = {"args": argparse.Namespace(**FINETUNED, normalize=True, w2v_args=kept)}
    else:
        kept = {"model": inner, "task": {"normalize": True}}
        model_cfg = {"_name": "wav2vec_ctc", **FINETUNED, "w2v_args": kept}
        content = {"cfg": {"model": model_cfg, "task": {"normalize": True}}, "args": None}
    torch.save({**content, "model": state}, path)
    return model
