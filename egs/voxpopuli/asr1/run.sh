#!/usr/bin/env bash
# VoxPopuli: CTC on the characters of a language's transcribed speech of the European Parliament.
#
#   ./run.sh --target it                       # XLSR-53, then all transcribed Italian
#   ./run.sh --method xlsr_mono --target it    # pre-trained on the unlabeled Italian
set -euo pipefail
cd "$(dirname -- "${BASH_SOURCE[0]}")"
. ./path.sh
. "${ASRKIT_ROOT}/utils/method_options.sh"

voxpopuli=""  # folder that holds raw_audios; default: $VOXPOPULI
method=xlsr_53  # xlsr_53, xlsr_mono or scratch
local_data_opts=""  # more options for local/data.sh
passes_to=(./asr.sh)
. "${ASRKIT_ROOT}/utils/parse_options.sh"
. "${ASRKIT_ROOT}/utils/recipe.sh"
. "${ASRKIT_ROOT}/utils/xlsr_methods.sh"

# shellcheck disable=SC2034  # read by utils/xlsr_methods.sh
languages="cs de en es et fi fr hr hu it lt nl pl ro sk sl" pretrain_languages="" alpha=0.5 finetune_kind=""
data=()
if [ -n "${voxpopuli}" ]; then
    path=$(corpus_path --voxpopuli "${voxpopuli}")
    data+=(--voxpopuli "${path}")
fi
[ -z "${local_data_opts}" ] || data+=("${local_data_opts}")
part=train
case "${method}" in
scratch | xlsr_53) ;;
xlsr_mono)
    part=unlabelled
    data=(--part both "${data[@]}")
    ;;
*) bad_option "--method is xlsr_53, xlsr_mono or scratch here, not '${method}'" ;;
esac
# shellcheck disable=SC2034  # as above
method_options=(--token_type char --inference_modes "greedy lexicon lexicon_lm" --tune_lm true --max_bad 0.01
    --pretrain_part "${part}" --local_data_opts "${data[*]}")
run_method
