#!/usr/bin/env bash
# The systems of the XLSR paper (Tables 1-3) as calls of asr.sh, for run.sh of the corpora.
#
# run.sh reads its options with those of utils/method_options.sh, sets the variables below and calls run_method:
#   languages           fine-tuned on and tested, one after the other or (--finetune_on all) together
#   pretrain_languages  what XLSR-10 is pre-trained on
#   alpha               of XLSR-10: languages are sampled by hours^alpha
#   finetune_kind       "" or _babel: conf/finetune_ctc_{base,large}<kind>.yaml, else without
#   method_options      further options of asr.sh, an array
#   tag_suffix          optional: part of the names of fine-tuned models, for example _10h
# Options that parse_options.sh left in `rest` come last: they win.
# shellcheck disable=SC2154  # the variables are set by run.sh

. "${ASRKIT_ROOT}/utils/tranusr_methods.sh"

# find_config NAME...: the first that is there: conf/NAME.yaml of this recipe, or the template's.
find_config() {
    local name folder
    for name in "$@"; do
        for folder in conf ../../TEMPLATE/asr1/conf; do
            if [ -f "${folder}/${name}.yaml" ]; then
                printf '%s\n' "${folder}/${name}.yaml"
                return
            fi
        done
    done
    bad_option "no conf/${name}.yaml, neither here nor in the template"
}

# config NAME...: as find_config; with --config_variant V, of NAME_V.
config() {
    find_config "${@/%/${config_variant:+_${config_variant}}}"
}

# check_method: stop at options that do not go together.
check_method() {
    case "${finetune_on}" in
    target) ;;
    all) [ -z "${target}" ] || bad_option "--finetune_on all is for all languages together: leave --target out" ;;
    *) bad_option "--finetune_on is target or all, not '${finetune_on}'" ;;
    esac
    [ "${finetune_on}/${vocabulary}" != target/separate ] ||
        bad_option "--vocabulary separate has no use without --finetune_on all: a model of one language has its tokens only"
    [[ ${seed} =~ ^[0-9]+$ ]] || bad_option "--seed is a whole number, not '${seed}'"
}

# reads_languages: is the method pre-trained on the languages of --pretrain_langs?
reads_languages() {
    [[ ${method} == @(xlsr|best_rq)_10* ]]
}

# name_method: sets name_suffix, which variant, seed and --pretrain_langs give all names of the system, and
# pretrained_on, the languages of its pre-training.
name_method() {
    name_suffix=${config_variant:+_${config_variant}}
    pretrained_on=${pretrain_langs:-${pretrain_languages}}
    [ "${seed}" = 0 ] || name_suffix+=_seed${seed}
    if reads_languages && [ "${pretrained_on}" != "${pretrain_languages}" ]; then
        name_suffix+=_on_${pretrained_on// /_}
    fi
}

# pretraining METHOD TARGET: sets system, its options of asr.sh, and size, the model's. TARGET is empty for all.
pretraining() {
    local tag=$1${name_suffix}
    size=base
    system=()
    case "$1" in
    scratch) size=scratch ;;
    m_cpc)
        size=cpc
        system=(--pretrain_langs en --pretrain_config "$(config pretrain_cpc)" --pretrain_tag "${tag}")
        ;;
    xlsr_mono)
        [ -n "$2" ] || bad_option "--method xlsr_mono has one language; leave --finetune_on all out"
        # 16 GPUs where the multilingual models had 64 (section 3.2).
        system=(--pretrain_langs "$2" --pretrain_config "$(config pretrain_xlsr_base_mono)"
            --pretrain_tag "xlsr_mono_$2${name_suffix}")
        ;;
    xlsr_english)
        system=(--pretrain_langs en --pretrain_config "$(config pretrain_xlsr_base)" --pretrain_tag "${tag}")
        ;;
    xlsr_10)
        system=(--pretrain_langs "${pretrained_on}" --language_alpha "${alpha}"
            --pretrain_config "$(config pretrain_xlsr_base)" --pretrain_tag "${tag}")
        ;;
    xlsr_10_unbalanced)
        system=(--pretrain_langs "${pretrained_on}" --language_alpha 1
            --pretrain_config "$(config pretrain_xlsr_base)" --pretrain_tag "${tag}")
        ;;
    xlsr_10_large)
        size=large
        system=(--pretrain_langs "${pretrained_on}" --language_alpha "${alpha}"
            --pretrain_config "$(config pretrain_xlsr_large)" --pretrain_tag "${tag}")
        ;;
    best_rq_10)
        size=logmel_base
        system=(--pretrain_langs "${pretrained_on}" --language_alpha "${alpha}"
            --pretrain_config "$(config pretrain_best_rq_base)" --pretrain_tag "${tag}")
        ;;
    xlsr_53)
        size=large
        # Of egs/xlsr53, whatever the seed of the fine-tuning; --pretrained FILE and --pretrained_source
        # (a released checkpoint, which stage 6 converts) take another.
        system=(--pretrain_tag "xlsr_53${config_variant:+_${config_variant}}")
        [[ " ${rest[*]} " == *" --pretrained_source "* ]] ||
            system+=(--pretrained ../../xlsr53/asr1/exp/pretrain_xlsr_53/last.pt)
        ;;
    unispeech | unispeech_plus | unidata2vec | unidata2vec_plus | unidata2vec_joint) tranusr_pretraining "$1" "$2" ;;
    *) bad_option "no --method '$1'; --help lists them" ;;
    esac
}

# finetuning SIZE: the configuration of stage 8.
finetuning() {
    local name=finetune_ctc_$1
    case "$1/${finetune_on}" in
    scratch/*) config "scratch_ctc_base${finetune_kind}" scratch_ctc_base ;;
    cpc/*) config finetune_cpc ;;
    */all) config "${name}${finetune_kind}_all" "${name}${finetune_kind}" "${name}_all" "${name}" ;;
    *) config "${name}${finetune_kind}" "${name}" ;;
    esac
}

# run_method: the system that the options name; without --target for each of the languages in turn.
run_method() {
    local names=() name label
    check_method
    name_method
    if [ "${finetune_on}" = all ]; then
        label=all
        [ "${vocabulary:-shared}" = shared ] || label+=_${vocabulary}
        # The data folder of any languages is dump/raw/train: so the model's name says which.
        [ "${langs:-${languages}}" = "${languages}" ] || label+=_${langs// /_}
        call_asr "${label}" "" --langs "${langs:-${languages}}" --vocabulary "${vocabulary:-shared}"
        return
    fi
    read -r -a names <<<"${target:-${languages}}"
    for name in "${names[@]}"; do
        call_asr "${name}" "${name}" --langs "${langs:-${name}}" --target "${name}"
    done
}

# call_asr LABEL TARGET OPTION...: one model, whose name begins with LABEL.
call_asr() {
    local configuration
    pretraining "${method}" "$2"
    [[ " ${system[*]} " != *" --pretrain_config "* ]] || pretrains_itself "${method}"
    configuration=$(finetuning "${size}")
    self_training_suffix
    [ -z "${pretrain_langs}" ] || reads_languages || system+=(--pretrain_langs "${pretrain_langs}")
    ./asr.sh "${method_options[@]}" "${@:3}" "${system[@]}" --finetune_config "${configuration}" \
        --asr_tag "$1_${method}${tag_suffix:-}${name_suffix}${rounds_suffix}" --seed "${seed}" "${rest[@]}"
}
