"""Writes an asrkit model as a folder that transformers loads with from_pretrained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from asrkit.convert import conformer, huggingface, tokenizer, w2v_bert
from asrkit.convert.hubert import unfold_position
from asrkit.convert.names import from_asrkit
from asrkit.convert.source import ConvertError
from asrkit.convert.vocabulary import vocabulary_of
from asrkit.files import atomic_folder, write_json
from asrkit.model_io import TrainedModel
from asrkit.rate import RATE
from asrkit.tuning.adapters import Adapter
from asrkit.vocabulary import type_of

_FAMILIES = {
    "wav2vec2": "Wav2Vec2",
    "data2vec-audio": "Data2VecAudio",
    "hubert": "Hubert",
    "wavlm": "WavLM",
    "wav2vec2-conformer": "Wav2Vec2Conformer",
    "wav2vec2-bert": "Wav2Vec2Bert",
}
_CONFORMERS = {"w2v_bert": "wav2vec2-bert", "wav2vec2_conformer": "wav2vec2-conformer"}
_HEADS = ("quantizer.", "target_projection.", "context_projection.")


def read_model(path: Path) -> tuple[dict[str, Tensor], dict[str, Any], list[str] | None]:
    """Weights, resolved configuration and tokens of exp/<name> or one checkpoint in it."""
    model = TrainedModel.open(path)
    state = {name.removeprefix("base."): tensor for name, tensor in model.content["model"].items()}
    return state, vars(model.options), model.tokens.symbols if model.tokens else None


def _kind(config: dict[str, Any], where: Path) -> str:
    """transformers' model_type; ConvertError for networks that transformers does not have."""
    encoder = config["encoder_conf"]
    kind = _network(config["encoder"], encoder, where)
    if Adapter.kind in config["tune"] and not (kind == "wav2vec2" and encoder["norm_first"]):
        raise ConvertError(
            f"{where}: transformers has adapters in Wav2Vec2 with norm_first: true only"
        )
    return kind


def _network(name: str, encoder: dict[str, Any], where: Path) -> str:
    if name in _CONFORMERS:
        return _CONFORMERS[name]
    if name == "wavlm" and encoder["positional"][2] == 1:
        return "wavlm"
    if name != "wav2vec2":
        raise ConvertError(f"{where}: transformers has no encoder {name!r}")
    if encoder["positional"][2] == 1:
        return "hubert" if encoder["positional_affine"] else "wav2vec2"
    if encoder["positional_affine"]:
        raise ConvertError(
            f"{where}: transformers has no affine before stacked position convolutions"
        )
    if encoder["norm_first"] or encoder["conv_norm"] != "layer":
        raise ConvertError(
            f"{where}: transformers has stacked position convolutions in Data2VecAudio only, with "
            "conv_norm: layer and norm_first: false"
        )
    return "data2vec-audio"


def _config_json(kind: str, encoder: dict[str, Any]) -> dict[str, Any]:
    if kind == "wav2vec2-bert":
        return w2v_bert.config_json(encoder)
    layers = encoder["conv_layers"]
    content: dict[str, Any] = {
        "model_type": kind,
        "dtype": "float32",
        "hidden_size": encoder["width"],
        "num_hidden_layers": encoder["layers"],
        "num_attention_heads": encoder["heads"],
        "intermediate_size": 4 * encoder["width"],
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-5,
        "conv_dim": [channels for channels, _, _ in layers],
        "conv_kernel": [kernel for _, kernel, _ in layers],
        "conv_stride": [stride for _, _, stride in layers],
        "conv_bias": encoder["conv_bias"],
        "num_feat_extract_layers": len(layers),
        "feat_extract_activation": "gelu",
        **{theirs: encoder[ours] for ours, theirs in huggingface.TRAINING.items()},
    }
    if kind == "wav2vec2-conformer":
        return (
            content | conformer.config_json(encoder) | {"feat_extract_norm": encoder["conv_norm"]}
        )
    kernel, groups, depth = encoder["positional"]
    content["num_conv_pos_embeddings"] = kernel if depth == 1 else depth
    content["num_conv_pos_embedding_groups"] = groups
    if kind == "data2vec-audio":
        content["conv_pos_kernel_size"] = max(3, kernel // depth)
    else:
        content["feat_extract_norm"] = encoder["conv_norm"]
        content["do_stable_layer_norm"] = encoder["norm_first"]
    if kind == "wavlm":
        content["num_buckets"] = encoder["buckets"]
        content["max_bucket_distance"] = encoder["max_distance"]
    if kind == "hubert":
        content["conv_pos_batch_norm"] = True
    return content


def _heads(state: dict[str, Tensor], config: dict[str, Any], tokens: list[str] | None) -> Any:
    """(class, tensors beside the encoder's, keys of config.json) for what the model has."""
    objective = config["objective_conf"]
    if "head.weight" in state and tokens is not None:
        if state["head.weight"].ndim != 2:
            raise ConvertError(
                "the head is a convolution (objective_conf.head_kernel), unknown to transformers"
            )
        head = {name: state[name] for name in ("head.weight", "head.bias")}
        keys = {theirs: objective[o] for o, theirs in huggingface.CTC.items() if o in objective}
        keys |= {"vocab_size": len(tokens), "pad_token_id": 0, "ctc_loss_reduction": "sum"}
        keys |= {"ctc_zero_infinity": True, "bos_token_id": None, "eos_token_id": None}
        return "ForCTC", head, keys
    if "quantizer.codebook" in state and config["objective"] == "contrastive":
        quantizer = config["quantizer_conf"]
        keys = {theirs: objective[ours] for ours, theirs in huggingface.CONTRASTIVE.items()}
        keys |= {
            "num_codevector_groups": quantizer["groups"],
            "num_codevectors_per_group": quantizer["entries"],
            "codevector_dim": quantizer["vector_size"],
            "proj_codevector_dim": objective["final_size"],
            "mask_time_prob": objective["mask_prob"],
            "mask_time_length": objective["mask_length"],
        }
        head = {name: tensor for name, tensor in state.items() if name.startswith(_HEADS)}
        return "ForPreTraining", head, keys
    return "Model", {}, {}


def _tokenizer(vocab: dict[str, int], phones: bool) -> dict[str, Any]:
    """tokenizer_config.json of characters or units, which are glued together, or of phones (and
    words), between which transformers writes spaces."""
    specials = {key: key if key in vocab else None for key in ("<s>", "</s>")}
    content = {
        "tokenizer_class": tokenizer.PHONEMES if phones else tokenizer.CHARACTERS,
        "pad_token": "<pad>",
        "unk_token": "<unk>",
        "bos_token": specials["<s>"],
        "eos_token": specials["</s>"],
        "word_delimiter_token": "|" if "|" in vocab or not phones else None,
    }
    return content | ({"do_phonemize": False} if phones else {"do_lower_case": False})


def _notes(kind: str, separate: bool) -> list[str]:
    """What transformers makes of tokens that it has no tokenizer for."""
    notes = []
    if kind.startswith("bpe"):
        notes.append(
            "transformers puts the units together to words; it cannot cut texts into units, "
            "which the sentencepiece model does"
        )
    if separate and kind != "phn":
        notes.append("transformers writes the language's name before each token")
    return notes


def _preprocessor(kind: str, encoder: dict[str, Any]) -> dict[str, Any]:
    if kind == "wav2vec2-bert":
        return w2v_bert.preprocessor(encoder)
    return {
        "feature_extractor_type": "Wav2Vec2FeatureExtractor",
        "feature_size": 1,
        "sampling_rate": RATE,
        "padding_value": 0.0,
        "padding_side": "right",
        "do_normalize": encoder["normalize"],
        "return_attention_mask": encoder["conv_norm"] == "layer",
    }


def write_huggingface(path: Path, out: Path) -> dict[str, Any]:
    """exp/<name> to a folder of transformers; returns class, number of parameters, notes, left
    out.

    Raises ConvertError for models that transformers does not have, and for a folder in use.
    """
    state, config, tokens = read_model(path)
    kind = _kind(config, path)
    name, head, keys = _heads(state, config, tokens)
    units, separate = type_of(config["token_file"] or "")
    if name == "ForPreTraining" and kind not in ("wav2vec2", "wav2vec2-conformer"):
        name, head, keys = "Model", {}, {}
    own = {key: tensor for key, tensor in state.items() if key.startswith("encoder.")}
    if not own:
        raise ConvertError(f"{path}: holds no encoder")
    prefix = "" if name == "Model" else huggingface.PREFIXES[kind]
    dialect = huggingface.DIALECTS.get(kind, "huggingface")
    tensors = {prefix + key: tensor for key, tensor in from_asrkit(own, dialect).items()}
    tensors = unfold_position(tensors, prefix)
    if kind == "wav2vec2-conformer":
        tensors = conformer.unfold(tensors, prefix, config["encoder_conf"])
    tensors |= from_asrkit(head, dialect)
    family = _FAMILIES[kind]
    content = {"architectures": [family + name], **_config_json(kind, config["encoder_conf"])}
    if adapters := config["tune"].get(Adapter.kind):
        content["adapter_attn_dim"] = adapters["size"]
    ready = {
        key: (tensor.float() if tensor.is_floating_point() else tensor).contiguous()
        for key, tensor in tensors.items()
    }
    with atomic_folder(out) as folder:
        try:
            save_file(ready, folder / "model.safetensors", {"format": "pt"})
        except SafetensorError as error:  # of a full disk, too
            raise ConvertError(
                f"{out}: cannot be written ({error}); check the free space"
            ) from None
        write_json(
            folder / "preprocessor_config.json",
            _preprocessor(kind, config["encoder_conf"]),
            readable=True,
        )
        if name == "ForCTC" and tokens is not None:
            vocab = vocabulary_of(tokens)
            settings = _tokenizer(vocab, units in ("phn", "word"))
            write_json(folder / "vocab.json", vocab, readable=True)
            write_json(folder / "tokenizer_config.json", settings, readable=True)
        write_json(folder / "config.json", content | keys, readable=True)
    return {
        "class": family + name,
        "parameters": sum(tensor.numel() for tensor in ready.values()),
        "notes": _notes(units, separate) if name == "ForCTC" else [],
        "left_out": sorted(state.keys() - own.keys() - head.keys()),
    }
