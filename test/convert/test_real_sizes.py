"""Hidden states at the published sizes: random weights, both layouts, against transformers."""

from __future__ import annotations

from pathlib import Path

import hf_tiny
import pytest
import torch
from fairseq_tiny import CONV, save
from hf_tiny import convert, hidden, load

BASE = {"hidden_size": 768, "num_attention_heads": 12, "num_hidden_layers": 12}
LARGE = {"hidden_size": 1024, "num_attention_heads": 16, "num_hidden_layers": 24}
# layout of hf_tiny (norms and bias), sizes. XLS-R 1B and 2B with 8 of their 48 equal layers: the
# whole networks are larger than a laptop's memory.
SIZES = {
    "base": ("base", BASE),
    "large_2020": ("base", LARGE),
    "xlsr_53, xls_r_300m, mms_300m": ("xlsr_53", LARGE),
    "xls_r_1b, mms_1b": ("xlsr_53", {**LARGE, "hidden_size": 1280, "num_hidden_layers": 8}),
    "xls_r_2b": ("xlsr_53", {**LARGE, "hidden_size": 1920, "num_hidden_layers": 8}),
}


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", SIZES)
def test_hidden_states_of_both_layouts(tmp_path: Path, name: str) -> None:
    layout, sizes = SIZES[name]
    width, heads, layers = sizes.values()
    model = hf_tiny.make(
        "Wav2Vec2ForPreTraining", layout, **sizes, intermediate_size=4 * width, conv_dim=[512] * 7,
        num_conv_pos_embeddings=128, num_conv_pos_embedding_groups=16,
        num_codevectors_per_group=320, codevector_dim=256, proj_codevector_dim=256,
    )  # fmt: skip
    options = {
        "encoder_layers": layers, "encoder_embed_dim": width, "encoder_ffn_embed_dim": 4 * width,
        "encoder_attention_heads": heads, "conv_feature_layers": CONV.format(c=512),
        "conv_pos": 128, "conv_pos_groups": 16, "final_dim": 256,
    }  # fmt: skip
    wave = torch.randn(16_000)
    with torch.no_grad():
        wanted = model.wav2vec2(wave[None]).last_hidden_state
    sources = {
        "transformers": hf_tiny.save(model, tmp_path / "hf"),
        "fairseq": save(tmp_path / "x.pt", model, layout, settings=options),
    }
    del model
    for kind, source in sources.items():
        convert("--source", source, "--out", tmp_path / kind)
        objective = load(tmp_path / kind)
        assert (hidden(objective, wave) - wanted).abs().max() < 1e-4, kind
