#!/usr/bin/env bash
# IARPA BABEL, telephone conversations: Tables 2 and 3 of the XLSR paper, CER and WER, without a
# language model and with a lexicon and a 4-gram.
#
#   ./run.sh --babel /corpora/babel --method xlsr_10 --target tl   # one cell of Table 2
#   ./run.sh --babel /corpora/babel --method scratch               # as, tl, sw, lo, ka, one after the other
#   ./run.sh --babel /corpora/babel --method xlsr_mono             # the same and the nine others of the ten
#   ./run.sh --babel /corpora/babel --finetune_on all              # one model of the ten, separate characters
#
# --babel FOLDER    holds the releases, each somewhere below it; default: $BABEL
# --packs LIST      releases elsewhere: "404=/corpora/georgian 101=/corpora/cantonese"
# --tags NAME       what becomes of tags such as <breath> (local/tags.tsv): xlsr, kaldi, lhotse
# --valid_split NAME  speaker (default), or utterance: voices of the validation set are trained on
# --lexicon, --roman, --train_list, --valid_share, --split_seed   as local/data.sh --help explains them
# --method NAME     one of: scratch xlsr_mono xlsr_10 (default) xlsr_10_large xlsr_53
# --target LANGS    any of the 25 languages of local/packs.tsv, one or several in turn
# Without --target RESULTS.md averages over as, tl, sw and lo, as Table 2 does; --results_args has another choice.
set -euo pipefail
from=${PWD}
cd "$(dirname -- "${BASH_SOURCE[0]}")"

tags=xlsr method_name="" target_codes="" average="--langs as tl sw lo" multilingual=()
valid_split=speaker
# The paper's tp is tpi here; its zh is Cantonese, which local/data.sh knows as yue, too.
# shellcheck disable=SC2034  # read by utils/xlsr_methods.sh
languages="as tl sw lo ka" pretrain_languages="bn zh ka ht ku ps ta tr tpi vi" alpha=1 finetune_kind=_babel
data=()
rest=()
. ./path.sh
. "${ASRKIT_ROOT}/utils/xlsr_methods.sh"

while [ $# -gt 0 ]; do
    if [[ $1 == --?* ]]; then # as everywhere, --a-b is --a_b
        name=${1#--}
        set -- "--${name//-/_}" "${@:2}"
    fi
    [[ $# -ge 2 || $1 == --help || $1 == -h ]] || bad_option "option $1 needs a value"
    case "$1" in
    --babel)
        # An option of data.sh, not a variable: stage 1 runs again for another folder.
        path=$(corpus_path "$1" "$2")
        data+=(--babel "${path}") && shift 2
        ;;
    --packs) export BABEL_PACKS=$2 && shift 2 ;;
    --tags) tags=$2 && shift 2 ;;
    --valid_split) valid_split=$2 && shift 2 ;;
    --lexicon | --roman | --train_list | --valid_share | --split_seed)
        [[ $2 != *' '* ]] || bad_option "$1 '$2' holds a space; link it to a name without"
        data+=("$1" "$2") && shift 2
        ;;
    --local_data_opts) data+=("$2") && shift 2 ;;
    --help | -h)
        print_comment run.sh
        rest+=("$1") && shift
        ;;
    --method)
        case "$2" in
        m_cpc | xlsr_english | xlsr_10_unbalanced | unispeech* | unidata2vec*)
            bad_option "$2 is not a system of the tables for BABEL; see egs/commonvoice"
            ;;
        esac
        method_name=$2
        rest+=("$1" "$2") && shift 2
        ;;
    --target)
        target_codes=" $2 "
        target_codes=${target_codes/ tp / tpi }
        target_codes=${target_codes:1:-1}
        rest+=("$1" "${target_codes}") && shift 2
        ;;
    --finetune_on)
        # The ten are what XLSR-10 has seen; section 3.3: separate character sets.
        [ "$2" != all ] || languages=${pretrain_languages} average="" multilingual=(--vocabulary separate)
        rest+=("$1" "$2") && shift 2
        ;;
    *) rest+=("$1" "$2") && shift 2 ;;
    esac
done
[ "${method_name}" != xlsr_mono ] || languages="as tl sw lo ${pretrain_languages}" # section 3.1: 14 models
[ -z "${target_codes}" ] || average=""
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
data=(--tags "${tags}" --valid_split "${valid_split}" "${data[@]}")
# shellcheck disable=SC2034  # this one as well
method_options=(--token_type char --inference_modes "greedy lexicon_lm" --tune_lm true
    --score_label "tags: ${tags}" --results_args "${average}" --local_data_opts "${data[*]}")
run_method "${multilingual[@]}" "${rest[@]}"
