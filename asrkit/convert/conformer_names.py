"""The names of Conformers' tensors in asrkit and in transformers, as in names.py: w2v-BERT's, and
those of wav2vec 2.0 with Conformer layers beside its convolutions and heads."""

from __future__ import annotations

_SHARED = (
    ("encoder.feature_norm", "feature_projection.layer_norm"),
    ("encoder.projection", "feature_projection.projection"),
    ("encoder.context.layers.{n}.ffn1.norm", "encoder.layers.{n}.ffn1_layer_norm"),
    ("encoder.context.layers.{n}.ffn1.fc1", "encoder.layers.{n}.ffn1.intermediate_dense"),
    ("encoder.context.layers.{n}.ffn1.fc2", "encoder.layers.{n}.ffn1.output_dense"),
    ("encoder.context.layers.{n}.attention_norm", "encoder.layers.{n}.self_attn_layer_norm"),
    ("encoder.context.layers.{n}.attention.query", "encoder.layers.{n}.self_attn.linear_q"),
    ("encoder.context.layers.{n}.attention.key", "encoder.layers.{n}.self_attn.linear_k"),
    ("encoder.context.layers.{n}.attention.value", "encoder.layers.{n}.self_attn.linear_v"),
    ("encoder.context.layers.{n}.attention.out", "encoder.layers.{n}.self_attn.linear_out"),
    ("encoder.context.layers.{n}.conv.norm", "encoder.layers.{n}.conv_module.layer_norm"),
    ("encoder.context.layers.{n}.conv.enter", "encoder.layers.{n}.conv_module.pointwise_conv1"),
    ("encoder.context.layers.{n}.conv.depthwise", "encoder.layers.{n}.conv_module.depthwise_conv"),
    ("encoder.context.layers.{n}.conv.leave", "encoder.layers.{n}.conv_module.pointwise_conv2"),
    ("encoder.context.layers.{n}.ffn2.norm", "encoder.layers.{n}.ffn2_layer_norm"),
    ("encoder.context.layers.{n}.ffn2.fc1", "encoder.layers.{n}.ffn2.intermediate_dense"),
    ("encoder.context.layers.{n}.ffn2.fc2", "encoder.layers.{n}.ffn2.output_dense"),
    ("encoder.context.layers.{n}.final_norm", "encoder.layers.{n}.final_layer_norm"),
    ("head", "lm_head"),
)
W2V_BERT = (
    *_SHARED,
    ("encoder.context.layers.{n}.conv.inner_norm",
     "encoder.layers.{n}.conv_module.depthwise_layer_norm"),
    ("encoder.pooling.{n}.residual.norm", "adapter.layers.{n}.residual_layer_norm"),
    ("encoder.pooling.{n}.residual.conv", "adapter.layers.{n}.residual_conv"),
    ("encoder.pooling.{n}.enter.norm", "adapter.layers.{n}.self_attn_layer_norm"),
    ("encoder.pooling.{n}.enter.conv", "adapter.layers.{n}.self_attn_conv"),
    ("encoder.pooling.{n}.attention.query", "adapter.layers.{n}.self_attn.linear_q"),
    ("encoder.pooling.{n}.attention.key", "adapter.layers.{n}.self_attn.linear_k"),
    ("encoder.pooling.{n}.attention.value", "adapter.layers.{n}.self_attn.linear_v"),
    ("encoder.pooling.{n}.attention.out", "adapter.layers.{n}.self_attn.linear_out"),
    ("encoder.pooling.{n}.ffn.norm", "adapter.layers.{n}.ffn_layer_norm"),
    ("encoder.pooling.{n}.ffn.fc1", "adapter.layers.{n}.ffn.intermediate_dense"),
    ("encoder.pooling.{n}.ffn.fc2", "adapter.layers.{n}.ffn.output_dense"),
)  # fmt: skip
CONFORMER = (
    *_SHARED,
    ("encoder.context.layers.{n}.conv.inner_norm", "encoder.layers.{n}.conv_module.batch_norm"),
    ("encoder.context.layers.{n}.attention.position.project",
     "encoder.layers.{n}.self_attn.linear_pos"),
    ("encoder.context.norm", "encoder.layer_norm"),
)  # fmt: skip
SINGLE = (
    ("encoder.mask_embedding", "masked_spec_embed"),
    ("encoder.context.layers.{n}.attention.position.vectors",
     "encoder.layers.{n}.self_attn.distance_embedding.weight"),
    ("encoder.context.layers.{n}.attention.position.content",
     "encoder.layers.{n}.self_attn.pos_bias_u"),
    ("encoder.context.layers.{n}.attention.position.distance",
     "encoder.layers.{n}.self_attn.pos_bias_v"),
    ("quantizer.codebook", "quantizer.codevectors"),
)  # fmt: skip
# Linear here, convolutions of one frame there: [D', D] and [D', D, 1]
POINTWISE = (".conv.enter.weight", ".conv.leave.weight")
