#!/usr/bin/env bash
# Multilingual LibriSpeech with limited supervision: CTC on characters, decoded without and with
# a lexicon and a 4-gram.
#
#   ./run.sh --target it                       # XLSR-53 on the 10 hours of Italian
#   ./run.sh --labeled 10min --fold 3          # each language in turn, ten minutes
set -euo pipefail
cd "$(dirname -- "${BASH_SOURCE[0]}")"
. ./path.sh
. "${ASRKIT_ROOT}/utils/method_options.sh"

mls=""  # folder that holds mls_italian, mls_italian_opus or their .tar.gz; an archive; its address; default: $MLS
labeled=10h  # 10min, 1h, 10h or all
fold=0  # which ten minutes: 0 to 5; all six together are the hour
method=xlsr_53  # xlsr_53, xlsr_mono (pre-trained on all audio of the language), xlsr_english or scratch
local_data_opts=""  # more options for local/data.sh
passes_to=(./asr.sh)
. "${ASRKIT_ROOT}/utils/parse_options.sh"
. "${ASRKIT_ROOT}/utils/recipe.sh"
. "${ASRKIT_ROOT}/utils/xlsr_methods.sh"

# shellcheck disable=SC2034  # read by utils/xlsr_methods.sh
languages="nl en fr de it pl pt es" pretrain_languages="" alpha=0.5 finetune_kind=""
data=()
if [ -n "${mls}" ]; then
    path=$(corpus_path --mls "${mls}")
    data+=(--mls "${path}")
fi
[ -z "${local_data_opts}" ] || data+=("${local_data_opts}")
# shellcheck disable=SC2034  # these two as well
method_options=(--token_type char --inference_modes "greedy lexicon lexicon_lm" --tune_lm true
    --lexicon_words 200000 --ngram_prune "0 0 1 1" --local_data_opts "${data[*]}")
tag_suffix=_${labeled}
[ "${labeled}" = 10min ] || [ "${fold}" = 0 ] || bad_option "--fold has no use without --labeled 10min; leave it out"
case "${labeled}" in
10min)
    [[ ${fold} =~ ^[0-5]$ ]] || bad_option "--fold is 0 to 5, not '${fold}'"
    method_options+=(--labeled_list "10min_${fold}")
    tag_suffix=_10min_${fold}
    ;;
1h | 10h) method_options+=(--labeled_list "${labeled}") ;;
all) ;;
*) bad_option "--labeled is 10min, 1h, 10h or all, not '${labeled}'" ;;
esac
case "${method}" in
xlsr_10*) bad_option "--method ${method} is pre-trained on Common Voice or BABEL: see their recipes" ;;
m_cpc | unispeech* | unidata2vec*) bad_option "--method ${method} is a system of egs/commonvoice" ;;
esac
run_method
