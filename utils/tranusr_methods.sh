#!/usr/bin/env bash
# The methods of TranUSR's tables, for utils/xlsr_methods.sh.
#
# unispeech, unidata2vec            on labelled_sets (L), then fine-tuned on the target
# unispeech_plus, unidata2vec_plus  in between on the target's audio, unlabelled_part (U)
# unidata2vec_joint                 on L and U together: equation 3 in one run
#
# run.sh may set, before run_method:
#   labelled_langs      languages of L; default en
#   labelled_sets       their sets in dump/raw; default: <lang>_train of each
#   unlabelled_part     U is <target>_<unlabelled_part>; default train
# shellcheck disable=SC2154,SC2034  # variables of run.sh and of xlsr_methods.sh

# tranusr_pretraining METHOD: its options of asr.sh in `system`; the model's size in `size`.
tranusr_pretraining() {
    local base=${1%_*} langs=${labelled_langs:-en} names=()
    read -r -a names <<<"${langs}"
    [ "${finetune_on}" = target ] || bad_option "--method $1 is for one target; leave --finetune_on all out"
    size=${base}_base
    system=(--pretrain_labels true --pretrain_langs "${langs}"
        --pretrain_sets "${labelled_sets:-${names[*]/%/_train}}"
        --pretrain_config "$(config "pretrain_${base}_base")" --pretrain_tag "${base}${suffix}")
    [ "${base}" != "$1" ] || return 0
    if [ "$1" = "${base}_joint" ]; then # U is the target's, and so is the model
        system+=(--pretrain_tag "$1_${target}${suffix}" --pretrain_unlabelled_sets "${target}_${unlabelled_part:-train}")
        return
    fi
    system+=(--continue_config "$(config "pretrain_$1_base")" --continue_tag "$1_${target}${suffix}"
        --continue_sets "${target}_${unlabelled_part:-train}")
}

# transcoder_options NAME: of asr.sh for a column of TranUSR's Table 3, in `transcoder`: standard, or without a part.
transcoder_options() {
    local name=transcoder
    case "$1" in
    standard) ;;
    onehot | oneconv | ctc | conformer) name+=_$1 ;;
    *) bad_option "--transcoder is standard, onehot, oneconv, ctc or conformer, not '$1'" ;;
    esac
    transcoder=(--inference_modes "greedy transcoder transcoder_text"
        --transcoder_config "$(config "${name}")" --transcoder_hyp_config "$(config "${name}_hyp")")
}
