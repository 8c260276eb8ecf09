#!/usr/bin/env bash
# FLEURS: CTC on the characters of one of 102 languages, about ten hours each.
#
#   ./run.sh --target ky                    # XLSR-53, then Kyrgyz
set -euo pipefail
cd "$(dirname -- "${BASH_SOURCE[0]}")"
. ./path.sh
. "${ASRKIT_ROOT}/utils/method_options.sh"

fleurs=""  # folder that holds it_it or data/it_it; default: $FLEURS
method=xlsr_53  # xlsr_53, xlsr_mono (pre-trained on the same audio) or scratch
local_data_opts=""  # more options for local/data.sh
passes_to=(./asr.sh)
. "${ASRKIT_ROOT}/utils/parse_options.sh"
. "${ASRKIT_ROOT}/utils/recipe.sh"
. "${ASRKIT_ROOT}/utils/xlsr_methods.sh"

languages=
while IFS=$'\t' read -r lang _; do
    [ "${lang}" = lang ] || languages+=" ${lang}"
done <local/configs.tsv
# shellcheck disable=SC2034  # read by utils/xlsr_methods.sh
pretrain_languages="" alpha=0.5 finetune_kind=""
data=()
if [ -n "${fleurs}" ]; then
    path=$(corpus_path --fleurs "${fleurs}")
    data+=(--fleurs "${path}")
fi
[ -z "${local_data_opts}" ] || data+=("${local_data_opts}")
case "${method}" in
scratch | xlsr_mono | xlsr_53) ;;
*) bad_option "--method is xlsr_53, xlsr_mono or scratch here, not '${method}'" ;;
esac
# shellcheck disable=SC2034  # as above
method_options=(--token_type char --inference_modes "greedy lexicon lexicon_lm" --tune_lm true --max_bad 0.01
    --local_data_opts "${data[*]}")
run_method
