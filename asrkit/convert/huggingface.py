"""Reads folders of transformers: Wav2Vec2, UniSpeech, Data2VecAudio, Hubert, WavLM,
Wav2Vec2Conformer and Wav2Vec2Bert.

config.json, the weights (model.safetensors or pytorch_model.bin, in one file or several with an
index), preprocessor_config.json (or, since transformers 5, processor_config.json), and for
recognizers vocab.json. No code of a folder is run, and transformers itself is not needed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from asrkit.convert import conformer, mms, structure, vocabulary, w2v_bert
from asrkit.convert.hubert import fold_position
from asrkit.convert.names import Dialect, to_asrkit, without_prefixes
from asrkit.convert.settings import refuse_other_types
from asrkit.convert.source import ConvertError, Given, Said, Source
from asrkit.convert.tokenizer import optional_json, read_json
from asrkit.files import endless, refuse_pointer
from asrkit.foreign import next_command
from asrkit.rate import RATE
from asrkit.train.checkpoint import UNREADABLE, why_unreadable
from asrkit.train.contents import check_tensors

PREFIXES = {
    "wav2vec2": "wav2vec2.",
    "unispeech": "unispeech.",
    "data2vec-audio": "data2vec_audio.",
    "hubert": "hubert.",
    "wavlm": "wavlm.",
    "wav2vec2-conformer": conformer.PREFIX,
    "wav2vec2-bert": w2v_bert.PREFIX,
}
DIALECTS: dict[str, Dialect] = {"wav2vec2-conformer": "conformer", "wav2vec2-bert": "w2v-bert"}
# asrkit's option -> config.json's; both directions
TRAINING = {
    "dropout": "hidden_dropout",
    "attention_dropout": "attention_dropout",
    "activation_dropout": "activation_dropout",
    "input_dropout": "feat_proj_dropout",
    "layerdrop": "layerdrop",
}
CTC = {
    "final_dropout": "final_dropout",
    "mask_prob": "mask_time_prob",
    "mask_length": "mask_time_length",
    "min_masks": "mask_time_min_masks",
    "channel_mask_prob": "mask_feature_prob",
    "channel_mask_length": "mask_feature_length",
}
CONTRASTIVE = {
    "negatives": "num_negatives",
    "temperature": "contrastive_logits_temperature",
    "features_dropout": "feat_quantizer_dropout",
    "diversity_weight": "diversity_loss_weight",
}
_WHOLE = frozenset({"mask_length", "min_masks", "channel_mask_length", "negatives"})
_NUMBERS = [k for t in (TRAINING, CTC, CONTRASTIVE, w2v_bert.TRAINING) for k in t.values()]
# config.json's key -> the only value that asrkit's network has
_FIXED = {
    "hidden_act": "gelu",
    "feat_extract_activation": "gelu",
    "layer_norm_eps": 1e-5,
    "add_adapter": False,
    "feat_proj_layer_norm": True,
}


def load_safetensors(path: Path) -> dict[str, Tensor]:
    """Tensors of one .safetensors file, on the host."""
    _check_ends(path)
    try:
        tensors: dict[str, Tensor] = load_file(path)
    except FileNotFoundError:
        raise ConvertError(f"{path}: no such file") from None
    except SafetensorError as error:
        refuse_pointer(path)
        raise ConvertError(f"{path}: damaged or no safetensors file ({error})") from None
    return tensors


def _check_ends(path: Path) -> None:
    if fault := endless(path):
        raise ConvertError(f"{path}: {fault}")


def _load_bin(path: Path) -> dict[str, Tensor]:
    _check_ends(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise ConvertError(f"{path}: no such file") from None
    except UNREADABLE as error:
        refuse_pointer(path)
        raise ConvertError(f"{path}: refused or damaged ({why_unreadable(error)})") from None
    if not isinstance(content, dict):
        raise ConvertError(f"{path}: holds no tensors by name")
    if others := [name for name, value in content.items() if not isinstance(value, Tensor)]:
        raise ConvertError(
            f"{path}: {others[0]!r} in it is not a tensor; write the folder with save_pretrained()"
        )
    check_tensors(content, str(path))
    return content


def _load(path: Path) -> dict[str, Tensor]:
    """Tensors of one file of either format."""
    return load_safetensors(path) if path.suffix == ".safetensors" else _load_bin(path)


def _weights(folder: Path) -> dict[str, Tensor]:
    """All tensors of the folder, in one file or in the files that an index names."""
    for name, load in (("model.safetensors", load_safetensors), ("pytorch_model.bin", _load_bin)):
        if (folder / name).exists():
            return load(folder / name)
        index = folder / f"{name}.index.json"
        if index.exists():
            table = read_json(index).get("weight_map")
            if not isinstance(table, dict) or not table:
                raise ConvertError(f"{index}: holds no weight_map")
            files = sorted({str(file) for file in table.values()})
            if strange := [file for file in files if Path(file).name != file]:
                raise ConvertError(f"{index}: names a file outside the folder: {strange[0]!r}")
            parts = [load(folder / file) for file in files]
            tensors = {key: tensor for part in parts for key, tensor in part.items()}
            if missing := sorted(table.keys() - tensors.keys()):
                raise ConvertError(f"{index}: {missing[0]} is in none of the files")
            return tensors
    raise ConvertError(f"{folder}: holds neither model.safetensors nor pytorch_model.bin")


def _normalize(folder: Path) -> bool | None:
    """Whether waveforms are normalized, as every file of the folder's processor says; None if none
    does. Raises ConvertError for another sampling rate, and where two files differ."""
    said: dict[str, bool] = {}
    for name in ("preprocessor_config.json", "processor_config.json"):
        found = optional_json(folder / name)
        part = found.get("feature_extractor")  # transformers 5 has one file for all parts
        found = part if isinstance(part, dict) else found
        rate = found.get("sampling_rate", RATE)
        if rate != RATE:
            raise ConvertError(
                f"{folder / name}: made for audio at {rate} Hz; asrkit's at {RATE} Hz"
            )
        if "do_normalize" in found:
            said[name] = found["do_normalize"]
            if not isinstance(said[name], bool | None):
                raise ConvertError(f"{folder / name}: do_normalize is true or false")
    if len(set(said.values())) > 1:
        raise ConvertError(f"{folder}: do_normalize differs: {said}; remove the file that is wrong")
    return next(iter(said.values()), None)


def _said(config: dict[str, Any], kind: str, folder: Path) -> Said:
    get = config.get
    depth, kernel = 1, get("num_conv_pos_embeddings")
    groups = get("num_conv_pos_embedding_groups")
    if kind == "data2vec-audio" and kernel is not None:
        depth, kernel = kernel, get("conv_pos_kernel_size", 0) * kernel
    stacked = kind == "data2vec-audio"
    return Said(
        heads=get("num_attention_heads"),
        norm_first=False if stacked else get("do_stable_layer_norm"),
        normalize=_normalize(folder),
        strides=get("conv_stride"),
        max_distance=get("max_bucket_distance"),
        shown={
            "conv_norm": "layer" if stacked else get("feat_extract_norm"),
            "conv_bias": get("conv_bias"),
            "width": get("hidden_size"),
            "layers": get("num_hidden_layers"),
            "ffn": get("intermediate_size"),
            "channels": get("conv_dim"),
            "kernels": get("conv_kernel"),
            "positional": None if None in (kernel, groups) else [kernel, groups, depth],
            "positional_affine": get("conv_pos_batch_norm"),
            "buckets": get("num_buckets") if kind == "wavlm" else None,
        },
    )


def _check(config: dict[str, Any], folder: Path) -> str:
    """The kind of model; ConvertError for networks that asrkit does not have."""
    kind = str(config.get("model_type"))
    if kind not in PREFIXES:
        raise ConvertError(
            f"{folder}/config.json: model_type {kind!r}; known: {', '.join(PREFIXES)}"
        )
    where = f"{folder}/config.json"
    refuse_other_types(config, _NUMBERS, where)
    if kind == "wav2vec2-bert":
        w2v_bert.check(config, where)
    else:
        fixed = conformer.FIXED if kind == "wav2vec2-conformer" else _FIXED
        structure.only(config, fixed, where)
    return kind


def _options(config: dict[str, Any], table: dict[str, str]) -> dict[str, Any]:
    """Options of ``table`` that config.json gives, as floats and whole numbers."""
    said = {ours: config.get(theirs) for ours, theirs in table.items()}
    found = {ours: value for ours, value in said.items() if value is not None}
    return {key: int(v) if key in _WHOLE else float(v) for key, v in found.items()}


def read_huggingface(folder: Path, given: Given) -> Source:
    """A folder that transformers wrote. Raises ConvertError on anything asrkit cannot hold."""
    where = str(folder)
    if given.dictionary is not None:
        raise ConvertError(f"{where}: has a vocabulary of its own; --dict is for fairseq's files")
    config = read_json(folder / "config.json")
    kind = _check(config, folder)
    if (folder / "adapter_config.json").exists():
        raise ConvertError(f"{where}: {next_command(folder)}")
    tensors = without_prefixes(_weights(folder), (PREFIXES[kind],), where)
    if (language := mms.language_of(folder, given)) is not None:
        tensors = mms.with_language(tensors, folder, language, (PREFIXES[kind],), _load)
    tensors = {
        name: tensor.float() if tensor.is_floating_point() else tensor
        for name, tensor in tensors.items()
    }
    dialect = DIALECTS.get(kind, "huggingface")
    unused: list[str] = []
    if dialect == "conformer":
        tensors, unused = conformer.fold(tensors, where)
    state, unknown = to_asrkit(fold_position(tensors, dialect, where), dialect, where)
    encoder = {name: tensor for name, tensor in state.items() if name.startswith("encoder.")}
    source = Source(
        path=folder, kind=f"transformers {kind}", state=encoder, objective="ctc", encoder_conf={}
    )
    source.language = language
    _add_adapters(source, config, given, where)
    if kind == "unispeech" and "quantizer.codebook" in state:
        source.notes.append("the heads of UniSpeech's pre-training are left out")
        unknown = [name for name in unknown if not name.startswith("ctc_proj.")]
        state = encoder
    structure.refuse_unknown(unknown, where, encoder_only=given.encoder_only)
    source.fill_mask_embedding()
    source.encoder, source.encoder_conf = _encoder(encoder, config, kind, given, folder)
    source.dropped += unused
    if given.encoder_only:
        source.dropped += sorted(state.keys() - encoder.keys() - {*source.dropped})
    elif "head.weight" in state:
        _add_ctc(source, state, config, given, folder)
    elif "quantizer.codebook" in state:
        _add_contrastive(source, state, config, where)
    source.check_used(given)
    return source


def _add_adapters(source: Source, config: dict[str, Any], given: Given, where: str) -> None:
    """Those of a language; the network alone of a model of many languages has none."""
    source.tune = mms.take_adapters(source.state, config, where)
    if source.tune and given.encoder_only and source.language is None:
        source.tune = {}
        source.dropped = sorted(name for name in source.state if ".adapter." in name)
        for name in source.dropped:
            del source.state[name]


def _encoder(
    state: dict[str, Tensor], config: dict[str, Any], kind: str, given: Given, folder: Path
) -> tuple[str, dict[str, Any]]:
    """The encoder's name in choices.py, and its options."""
    where = str(folder)
    if kind == "wav2vec2-bert":
        conf = w2v_bert.encoder_conf(state, config, given, folder)
        return "w2v_bert", conf | _options(config, w2v_bert.TRAINING)
    said = _said(config, kind, folder)
    if kind == "wav2vec2-conformer":
        conf = conformer.encoder_conf(state, said, config, given, where)
        training = TRAINING | {"conv_dropout": "conformer_conv_dropout"}
        return "wav2vec2_conformer", conf | _options(config, training)
    name = structure.encoder_name(state)
    if (name == "wavlm") != (kind == "wavlm"):
        raise ConvertError(f"{where}: model_type {kind!r} with the tensors of {name}")
    return name, structure.encoder_conf(state, said, given, where) | _options(config, TRAINING)


def _add_ctc(
    source: Source, state: dict[str, Tensor], config: dict[str, Any], given: Given, folder: Path
) -> None:
    size = state["head.weight"].shape[0]
    vocab = mms.vocabulary_of(folder, source.language)
    found = vocabulary.read_vocabulary(folder, vocab, size, config, given)
    vocabulary.take_head(source, state, found, folder / "vocab.json")
    source.objective_conf = _options(config, CTC)
    for file in sorted((folder / "language_model").glob("*")):
        if file.suffix in (".arpa", ".bin") or file.name.endswith(".arpa.gz"):
            source.notes.append(
                f"its n-gram of words is left out; asr_infer.py takes it: --lm {file} "
                "--decode lexicon_lm --lexicon FILE"
            )


def _add_contrastive(
    source: Source, state: dict[str, Tensor], config: dict[str, Any], where: str
) -> None:
    groups = config.get("num_codevector_groups")
    if not isinstance(groups, int):
        raise ConvertError(f"{where}/config.json: no num_codevector_groups")
    source.state |= state
    source.quantizer_conf = structure.quantizer_conf(state, groups, None, where)
    structure.grouped_codebook(source.state, groups)
    source.objective = "contrastive"
    source.objective_conf = {
        "final_size": state["context_projection.weight"].shape[0],
        **_options(config, CONTRASTIVE),
    }
