#!/usr/bin/env bash
# FLEURS: CTC on the characters of one of 102 languages, about ten hours each.
#
#   ./run.sh --target ky                    # XLSR-53, then Kyrgyz
#
# --fleurs FOLDER  holds it_it or data/it_it; default: $FLEURS
# --method NAME    xlsr_53 (default), xlsr_mono (pre-trained on the same audio) or scratch
set -euo pipefail
from=${PWD}
cd "$(dirname -- "${BASH_SOURCE[0]}")"

languages=
while IFS=$'\t' read -r lang _; do
    [ "${lang}" = lang ] || languages+=" ${lang}"
done <local/configs.tsv
# shellcheck disable=SC2034  # read by utils/xlsr_methods.sh
pretrain_languages="" alpha=0.5 finetune_kind=""
method=xlsr_53
data=()
rest=()
. ./path.sh
. "${ASRKIT_ROOT}/utils/xlsr_methods.sh"

while [ $# -gt 0 ]; do
    [[ $# -ge 2 || $1 == --help || $1 == -h ]] || bad_option "option $1 needs a value"
    case "$1" in
    --fleurs)
        path=$(corpus_path "$1" "$2")
        data+=(--fleurs "${path}") && shift 2
        ;;
    --local_data_opts | --local-data-opts) data+=("$2") && shift 2 ;;
    --method) method=$2 && shift 2 ;;
    --help | -h)
        print_comment run.sh
        rest+=("$1") && shift
        ;;
    *) rest+=("$1" "$2") && shift 2 ;;
    esac
done
case "${method}" in
scratch | xlsr_mono | xlsr_53) ;;
*) bad_option "--method is xlsr_53, xlsr_mono or scratch here, not '${method}'" ;;
esac
# shellcheck disable=SC2034  # as above
method_options=(--token_type char --inference_modes "greedy lexicon lexicon_lm" --tune_lm true --max_bad 0.01
    --local_data_opts "${data[*]}")
run_method --method "${method}" "${rest[@]}"
