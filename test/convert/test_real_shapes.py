"""The shapes of every published size, without memory: each tensor finds its place in asrkit."""

from pathlib import Path

import hf_tiny
import pytest
import torch

from asrkit.build import resolve
from asrkit.config import from_mapping, load_yaml
from asrkit.convert import structure
from asrkit.convert.experiment import check, options_of
from asrkit.convert.names import from_asrkit, to_asrkit
from asrkit.convert.source import Given, Said, Source

LARGE = {
    "feat_extract_norm": "layer", "do_stable_layer_norm": True, "conv_bias": True,
    "num_attention_heads": 16, "hidden_size": 1024, "intermediate_size": 4096,
    "num_hidden_layers": 24, "codevector_dim": 768, "proj_codevector_dim": 768,
}  # fmt: skip
HUGE = LARGE | {"num_hidden_layers": 48, "codevector_dim": 1024, "proj_codevector_dim": 1024}
# sizes, and the number of parameters in pre-training where it is published
SIZES = {
    "base": ({}, 95_044_608),
    "large_2020": ({**LARGE, "feat_extract_norm": "group", "do_stable_layer_norm": False,
                    "conv_bias": False}, None),
    "xlsr_53, xls_r_300m, mms_300m": (LARGE, 317_390_592),
    "xls_r_1b, mms_1b": ({**HUGE, "hidden_size": 1280, "intermediate_size": 5120}, None),
    "xls_r_2b": ({**HUGE, "hidden_size": 1920, "intermediate_size": 7680}, None),
}  # fmt: skip


@pytest.mark.parametrize("name", SIZES)
def test_pretraining_checkpoint(name):
    changes, published = SIZES[name]
    settings = hf_tiny.transformers.Wav2Vec2Config(**changes)
    with torch.device("meta"):
        model = hf_tiny.transformers.Wav2Vec2ForPreTraining(settings)
    # transformers makes its codebooks as FloatTensor, in real memory, whatever it holds
    theirs = {key: tensor.to("meta") for key, tensor in model.state_dict().items()}
    bare = {key.removeprefix("wav2vec2."): tensor for key, tensor in theirs.items()}
    state, unknown = to_asrkit(bare, "huggingface", name)
    assert unknown == []
    said = Said(
        heads=settings.num_attention_heads,
        norm_first=settings.do_stable_layer_norm,
        normalize=True,
        strides=list(settings.conv_stride),
    )
    source = Source(
        path=Path(name),
        kind="test",
        encoder_conf=structure.encoder_conf(state, said, Given(), name),
        quantizer_conf=structure.quantizer_conf(state, 2, None, name),
        objective="contrastive",
        objective_conf={"final_size": settings.proj_codevector_dim},
        state=state,
    )
    structure.grouped_codebook(state, 2)
    check(source, options_of(source, Path("exp/x")))
    assert published in (None, sum(tensor.numel() for tensor in state.values()))
    back = from_asrkit(state)
    prefixed = {key.removeprefix("wav2vec2."): tuple(t.shape) for key, t in theirs.items()}
    assert {key: tuple(t.shape) for key, t in back.items()} == prefixed


@pytest.mark.parametrize(
    ("name", "preset", "normalize"),
    [
        ("base", "finetune_ctc_base", False),
        ("large_2020", "finetune_ctc_large_2020", False),
        ("xlsr_53, xls_r_300m, mms_300m", "finetune_ctc_large", True),
    ],
)
def test_presets_fine_tune_the_released_networks(name, preset, normalize):
    """What --init compares (heads, norms, sizes) is the same in conf/*.yaml and the release."""
    settings = hf_tiny.transformers.Wav2Vec2Config(**SIZES[name][0])
    with torch.device("meta"):
        model = hf_tiny.transformers.Wav2Vec2Model(settings)
    state, _ = to_asrkit(model.state_dict(), "huggingface", name)
    said = Said(
        heads=settings.num_attention_heads,
        norm_first=settings.do_stable_layer_norm,
        normalize=normalize,
    )
    released = structure.encoder_conf(state, said, Given(), name)
    path = Path(__file__).parents[2] / f"egs/TEMPLATE/asr1/conf/{preset}.yaml"
    options = resolve(from_mapping(load_yaml(path.read_text()), preset))
    ours = {key: options.encoder_conf[key] for key in released}
    assert ours == released


def test_published_fairseq_names_of_data2vec_base():
    settings = hf_tiny.transformers.Data2VecAudioConfig()
    with torch.device("meta"):
        model = hf_tiny.transformers.Data2VecAudioModel(settings)
    state, unknown = to_asrkit(hf_tiny.fairseq_state(model, False), "fairseq", "x")
    assert unknown == []
    found = structure.sizes(state, "x")
    assert found["positional"] == [95, 16, 5] and found["layers"] == 12
    assert not found["conv_bias"] and found["conv_norm"] == "layer"
