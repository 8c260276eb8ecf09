"""The names of wav2vec 2.0's tensors in fairseq2 (omniASR), as in names.py; read, never written."""

from __future__ import annotations

MARK = "encoder_frontend.model_dim_proj.weight"  # in every checkpoint of a network that projects
_LAYER, _THEIRS = "encoder.context.layers.{n}", "encoder.layers.{n}"
MODULES = (
    ("encoder.conv.convs.{n}", "encoder_frontend.feature_extractor.layers.{n}.conv"),
    ("encoder.conv.norms.{n}", "encoder_frontend.feature_extractor.layers.{n}.layer_norm"),
    ("encoder.feature_norm", "encoder_frontend.post_extract_layer_norm"),
    ("encoder.projection", "encoder_frontend.model_dim_proj"),
    ("encoder.context.norm", "encoder.layer_norm"),
    (f"{_LAYER}.attention.query", f"{_THEIRS}.self_attn.q_proj"),
    (f"{_LAYER}.attention.key", f"{_THEIRS}.self_attn.k_proj"),
    (f"{_LAYER}.attention.value", f"{_THEIRS}.self_attn.v_proj"),
    (f"{_LAYER}.attention.out", f"{_THEIRS}.self_attn.output_proj"),
    (f"{_LAYER}.attention_norm", f"{_THEIRS}.self_attn_layer_norm"),
    (f"{_LAYER}.fc1", f"{_THEIRS}.ffn.inner_proj"),
    (f"{_LAYER}.fc2", f"{_THEIRS}.ffn.output_proj"),
    (f"{_LAYER}.ffn_norm", f"{_THEIRS}.ffn_layer_norm"),
)
_POSITION, _CONV = "encoder.context.position.blocks.0", "encoder_frontend.pos_encoder.conv"
SINGLE = (
    ("encoder.mask_embedding", "masker.temporal_mask_embed"),
    (f"{_POSITION}.bias", f"{_CONV}.bias"),
    (f"{_POSITION}.weight_g", f"{_CONV}.weight_g"),
    (f"{_POSITION}.weight_v", f"{_CONV}.weight_v"),
)
