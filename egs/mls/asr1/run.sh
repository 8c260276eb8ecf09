#!/usr/bin/env bash
# Multilingual LibriSpeech with limited supervision: CTC on characters, decoded without and with
# a lexicon and a 4-gram.
#
#   ./run.sh --target it                       # XLSR-53 on the 10 hours of Italian
#   ./run.sh --labelled 10min --fold 3         # each language in turn, ten minutes
#
# --mls PATH        folder that holds mls_italian, mls_italian_opus or their .tar.gz; an archive; its address;
#                   default: $MLS
# --labelled NAME   10min, 1h, 10h (default) or all
# --fold N          which ten minutes: 0 to 5; all six together are the hour
# --method NAME     xlsr_53 (default), xlsr_mono (pre-trained on all audio of the language),
#                   xlsr_english or scratch
set -euo pipefail
from=${PWD}
cd "$(dirname -- "${BASH_SOURCE[0]}")"

labelled=10h
fold=0
# shellcheck disable=SC2034  # read by utils/xlsr_methods.sh
languages="nl en fr de it pl pt es" pretrain_languages="" alpha=0.5 finetune_kind=""
data=()
rest=(--method xlsr_53)
. ./path.sh
. "${ASRKIT_ROOT}/utils/xlsr_methods.sh"

while [ $# -gt 0 ]; do
    [[ $# -ge 2 || $1 == --help || $1 == -h ]] || bad_option "option $1 needs a value"
    case "$1" in
    --mls)
        path=$(corpus_path "$1" "$2")
        data+=(--mls "${path}") && shift 2
        ;;
    --local_data_opts | --local-data-opts) data+=("$2") && shift 2 ;;
    --labelled) labelled=$2 && shift 2 ;;
    --fold) fold=$2 && shift 2 ;;
    --help | -h)
        print_comment run.sh
        rest+=("$1") && shift
        ;;
    *) rest+=("$1" "$2") && shift 2 ;;
    esac
done
# shellcheck disable=SC2034  # these two as well
method_options=(--token_type char --inference_modes "greedy lexicon lexicon_lm" --tune_lm true
    --lexicon_words 200000 --ngram_prune "0 0 1 1" --local_data_opts "${data[*]}")
tag_suffix=_${labelled}
case "${labelled}" in
10min)
    [[ ${fold} =~ ^[0-5]$ ]] || bad_option "--fold is 0 to 5, not '${fold}'"
    method_options+=(--labelled_list "10min_${fold}")
    tag_suffix=_10min_${fold}
    ;;
1h | 10h) method_options+=(--labelled_list "${labelled}") ;;
all) ;;
*) bad_option "--labelled is 10min, 1h, 10h or all, not '${labelled}'" ;;
esac
for option in "${rest[@]}"; do
    case "${option}" in
    xlsr_10*) bad_option "${option} is pre-trained on Common Voice or BABEL: see their recipes" ;;
    m_cpc | unispeech* | unidata2vec*) bad_option "${option} is a system of egs/commonvoice" ;;
    esac
done
run_method "${rest[@]}"
