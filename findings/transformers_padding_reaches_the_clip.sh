#!/usr/bin/env bash
# transformers 5.23.0: with attention_mask, padding changes a clip's own frames in Hubert with conv_pos_batch_norm, Wav2Vec2Conformer, and
# Wav2Vec2Bert with adapter layers.
#
# Guess: where the front end normalizes each frame alone (feat_extract_norm "layer") and attention_mask is given, a clip in a padded batch has
# the hidden states that it has alone, in each class, as in Wav2Vec2 with do_stable_layer_norm.
# Seen: so in Wav2Vec2. In Hubert padding is set to zero before the batch norm, whose shift makes it something else, and the position
# convolution carries it into the last frames. In Wav2Vec2Conformer and in the adapter layers of Wav2Vec2Bert convolutions run over padding
# that no mask has zeroed. A warning there is none. Source: modeling_hubert.py, modeling_wav2vec2_conformer.py, modeling_wav2vec2_bert.py.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "${dir}"' EXIT
python3 -m venv "${dir}/venv"
"${dir}/venv/bin/pip" install -q torch==2.11.0 transformers==5.23.0 numpy==2.4.6
"${dir}/venv/bin/python" - <<'PY'
import torch
import transformers as hf

print("transformers", hf.__version__)
small = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64)
waves = dict(
    **small, conv_dim=[32, 32], conv_stride=[10, 8], conv_kernel=[20, 16], num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=4,
    feat_extract_norm="layer", conv_bias=True, do_stable_layer_norm=True,
)


def change(model, inputs, mask, frames):
    """The largest change of the second clip's own frames by what is behind it."""
    torch.manual_seed(1)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm1d):  # as training leaves them
            torch.nn.init.normal_(module.running_mean)
            torch.nn.init.normal_(module.bias)
    name, length = model.main_input_name, int(mask[1].sum())
    with torch.no_grad():
        padded = model.eval()(**{name: inputs}, attention_mask=mask).last_hidden_state[1]
        alone = model(**{name: inputs[1:, :length]}, attention_mask=mask[1:, :length]).last_hidden_state[0]
    return float((padded[:frames] - alone[:frames]).abs().max())


torch.manual_seed(0)
mask = torch.ones(2, 16000, dtype=torch.long)
mask[1, 9000:] = 0
samples = torch.randn(2, 16000) * mask
bert = hf.Wav2Vec2BertConfig(**small, feature_projection_input_dim=16, add_adapter=True, num_adapter_layers=2, output_hidden_size=32)
frames = torch.ones(2, 100, dtype=torch.long)
frames[1, 61:] = 0
found = {
    "Wav2Vec2": change(hf.Wav2Vec2Model(hf.Wav2Vec2Config(**waves)), samples, mask, 110),
    "Hubert": change(hf.HubertModel(hf.HubertConfig(**waves)), samples, mask, 110),
    "Hubert, conv_pos_batch_norm": change(hf.HubertModel(hf.HubertConfig(**waves, conv_pos_batch_norm=True)), samples, mask, 110),
    "Wav2Vec2Conformer": change(hf.Wav2Vec2ConformerModel(hf.Wav2Vec2ConformerConfig(**waves)), samples, mask, 110),
    "Wav2Vec2Bert, 2 adapter layers": change(hf.Wav2Vec2BertModel(bert), torch.randn(2, 100, 16) * frames[..., None], frames, 16),
}
for name, value in found.items():
    print(f"{name}: {value:.1e}")
same, moved = list(found)[:2], list(found)[2:]
raise SystemExit(not (all(found[name] < 1e-5 for name in same) and all(found[name] > 1e-2 for name in moved)))
PY
