#!/usr/bin/env bash
# IARPA BABEL, telephone conversations: Tables 2 and 3 of the XLSR paper, CER and WER, without a
# language model and with a lexicon and a 4-gram.
#
#   ./run.sh --babel /corpora/babel --method xlsr_10 --target tl   # one cell of Table 2
#   ./run.sh --babel /corpora/babel --method scratch               # as, tl, sw, lo, ka, one after the other
#   ./run.sh --babel /corpora/babel --method xlsr_mono             # the same and the nine others of the ten
#   ./run.sh --babel /corpora/babel --finetune_on all              # one model of the ten, separate characters
#
# Without --target RESULTS.md averages over as, tl, sw and lo, as Table 2 does; --results_args has another choice.
# --lexicon, --roman, --train_list, --valid_share and --split_seed are for local/data.sh, whose --help explains them.
set -euo pipefail
cd "$(dirname -- "${BASH_SOURCE[0]}")"
. ./path.sh
. "${ASRKIT_ROOT}/utils/method_options.sh"

babel=""  # folder that holds the releases, each somewhere below it; default: $BABEL
packs=""  # releases elsewhere: "404=/corpora/georgian 101=/corpora/cantonese"
tags=xlsr  # what becomes of tags such as <breath> (local/tags.tsv): xlsr, kaldi, lhotse
valid_split=speaker  # speaker, or utterance: voices of the validation set are trained on
local_data_opts=""  # more options for local/data.sh
method=xlsr_10  # scratch xlsr_mono xlsr_10 xlsr_10_large xlsr_53; best_rq_10
target=""  # any of the 25 languages of local/packs.tsv, one or several in turn
passes_to=(./asr.sh)
. "${ASRKIT_ROOT}/utils/parse_options.sh"
. "${ASRKIT_ROOT}/utils/recipe.sh"
. "${ASRKIT_ROOT}/utils/xlsr_methods.sh"

# The paper's tp is tpi here; its zh is Cantonese, which local/data.sh knows as yue, too.
languages="as tl sw lo ka" pretrain_languages="bn zh ka ht ku ps ta tr tpi vi" average="--langs as tl sw lo"
# shellcheck disable=SC2034  # read by utils/xlsr_methods.sh
alpha=1 finetune_kind=_babel
target=" ${target} "
target=${target/ tp / tpi }
target=${target:1:-1}
case "${method}" in
m_cpc | xlsr_english | xlsr_10_unbalanced | unispeech* | unidata2vec*)
    bad_option "${method} is not a system of the tables for BABEL; see egs/commonvoice"
    ;;
xlsr_mono) languages="as tl sw lo ${pretrain_languages}" ;; # section 3.1: 14 models
esac
if [ "${finetune_on}" = all ]; then
    # The ten are what XLSR-10 has seen; section 3.3: separate character sets.
    languages=${pretrain_languages} average=""
    : "${vocabulary:=separate}"
fi
[ -z "${target}" ] || average=""
# What changes the texts or the split is part of the experiments' names.
tag_suffix=""
case "${tags}" in
xlsr) ;;
kaldi | lhotse) tag_suffix+=_${tags} ;;
*) bad_option "--tags is xlsr, kaldi or lhotse, not '${tags}'" ;;
esac
case "${valid_split}" in
speaker) ;;
utterance) tag_suffix+=_utterance ;;
*) bad_option "--valid_split is speaker or utterance, not '${valid_split}'" ;;
esac
data=(--tags "${tags}" --valid_split "${valid_split}")
if [ -n "${babel}" ]; then # an option of data.sh, not a variable: stage 1 runs again for another folder
    path=$(corpus_path --babel "${babel}")
    data+=(--babel "${path}")
fi
[ -z "${packs}" ] || export BABEL_PACKS="${packs}"
data_options lexicon roman train_list valid_share split_seed
[ -z "${local_data_opts}" ] || data+=("${local_data_opts}")
# shellcheck disable=SC2034  # this one as well
method_options=(--token_type char --inference_modes "greedy lexicon_lm" --tune_lm true
    --score_label "tags: ${tags}" --results_args "${average}" --local_data_opts "${data[*]}")
run_method
