#!/usr/bin/env bash
# The methods of TranUSR's tables, for utils/xlsr_methods.sh.
#
# unispeech, unidata2vec            on labeled_sets (L), then fine-tuned on the target
# unispeech_plus, unidata2vec_plus  in between on the target's audio, unlabeled_part (U)
# unidata2vec_joint                 on L and U together: equation 3 in one run
#
# run.sh may set, before run_method:
#   labeled_langs      languages of L; default en
#   labeled_sets       their sets in dump/raw; default: <lang>_train of each
#   unlabeled_part     U is <target>_<unlabeled_part>; default train
# shellcheck disable=SC2154,SC2034  # variables of run.sh and of xlsr_methods.sh

# tranusr_pretraining METHOD TARGET: sets system and size, as pretraining of xlsr_methods.sh does.
tranusr_pretraining() {
    local base=${1%_*} languages_of_l=${labeled_langs:-en} names=()
    read -r -a names <<<"${languages_of_l}"
    [ -n "$2" ] || bad_option "--method $1 is for one target; leave --finetune_on all out"
    size=${base}_base
    system=(--pretrain_labels true --pretrain_langs "${languages_of_l}"
        --pretrain_sets "${labeled_sets:-${names[*]/%/_train}}"
        --pretrain_config "$(config "pretrain_${base}_base")" --pretrain_tag "${base}${name_suffix}")
    [ "${base}" != "$1" ] || return 0
    if [ "$1" = "${base}_joint" ]; then # U is the target's, and so is the model
        system+=(--pretrain_tag "$1_$2${name_suffix}" --pretrain_unlabeled_sets "$2_${unlabeled_part:-train}")
        return
    fi
    system+=(--continue_config "$(config "pretrain_$1_base")" --continue_tag "$1_$2${name_suffix}"
        --continue_sets "$2_${unlabeled_part:-train}")
}

# transcoder_options NAME: sets transcoding, options of asr.sh for a column of TranUSR's Table 3: standard, or without
# a part. Empty for no NAME.
transcoder_options() {
    local name=transcoder
    transcoding=()
    case "$1" in
    "") return ;;
    standard) ;;
    onehot | oneconv | ctc | conformer) name+=_$1 ;;
    *) bad_option "--transcoder is standard, onehot, oneconv, ctc or conformer, not '$1'" ;;
    esac
    transcoding=(--inference_modes "greedy transcoder transcoder_text"
        --transcoder_config "$(find_config "${name}")" --transcoder_hyp_config "$(find_config "${name}_hyp")")
}
