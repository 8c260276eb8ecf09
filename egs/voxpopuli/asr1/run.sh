#!/usr/bin/env bash
# VoxPopuli: CTC on the characters of a language's transcribed speech of the European Parliament.
#
#   ./run.sh --target it                       # XLSR-53, then all transcribed Italian
#   ./run.sh --method xlsr_mono --target it    # pre-trained on the unlabelled Italian
#
# --voxpopuli FOLDER  holds raw_audios; default: $VOXPOPULI
# --method NAME       xlsr_53 (default), xlsr_mono or scratch
set -euo pipefail
from=${PWD}
cd "$(dirname -- "${BASH_SOURCE[0]}")"

# shellcheck disable=SC2034  # read by utils/xlsr_methods.sh
languages="cs de en es et fi fr hr hu it lt nl pl ro sk sl" pretrain_languages="" alpha=0.5 finetune_kind=""
method=xlsr_53
rest=()
data=()
. ./path.sh
. "${ASRKIT_ROOT}/utils/xlsr_methods.sh"

while [ $# -gt 0 ]; do
    [[ $# -ge 2 || $1 == --help || $1 == -h ]] || bad_option "option $1 needs a value"
    case "$1" in
    --voxpopuli)
        path=$(corpus_path "$1" "$2")
        data+=(--voxpopuli "${path}") && shift 2
        ;;
    --method) method=$2 && shift 2 ;;
    --local_data_opts | --local-data-opts) data+=("$2") && shift 2 ;;
    --help | -h)
        print_comment run.sh
        rest+=("$1") && shift
        ;;
    *) rest+=("$1" "$2") && shift 2 ;;
    esac
done
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
run_method --method "${method}" "${rest[@]}"
