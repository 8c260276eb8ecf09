#!/usr/bin/env bash
# The systems of the XLSR paper (Tables 1-3) as calls of asr.sh, for run.sh of the corpora.
#
# run.sh sets the variables below, sources this file and calls run_method "$@":
#   languages           fine-tuned on and tested, one after the other or (--finetune_on all) together
#   pretrain_languages  what XLSR-10 is pre-trained on
#   alpha               of XLSR-10: languages are sampled by hours^alpha
#   finetune_kind       "" or _babel: conf/finetune_ctc_{base,large}<kind>.yaml, else without
#   method_options      further options of asr.sh, an array
#   tag_suffix          optional: part of the names of fine-tuned models, for example _10h
#   from                the folder that run.sh was called from, for corpus_path
# shellcheck disable=SC2154  # the variables are set by run.sh

. "${ASRKIT_ROOT}/utils/print_comment.sh"
. "${ASRKIT_ROOT}/utils/tranusr_methods.sh"

# method_help: the options that every run.sh with these systems has; after its own, before asr.sh's.
method_help() {
    cat <<'END'
--target LANGS       one language, or several in turn; default: each of the recipe's languages in turn
--finetune_on all    one model of all languages (#ft = N), or of --langs, instead of --finetune_on target (#ft = 1)
--vocabulary NAME    with all: shared or separate
--pretrain_langs LL  of the methods xlsr_10*: other languages to pre-train on; they are part of the models' names
--config_variant V   conf/*_V.yaml: paper_literal, or 2020 for xlsr_10_large
--seed N             other than 0, it is part of the experiments' names
and every option of asr.sh. The defaults below are asr.sh's; run.sh sets some of its own, and --dry_run true
shows every command with what it gets.

END
}

# corpus_path OPTION PATH: the path from the root of the file system, as one word of --local_data_opts.
corpus_path() {
    local path=$2
    [[ ${path} == http*://* ]] || path=$(cd "${from}" && realpath -ms -- "${path}")
    [[ ${path} != *' '* ]] || bad_option "$1 '${path}' holds a space; link it to a name without"
    printf '%s\n' "${path}"
}

# config NAME...: the first that is there: conf/NAME.yaml of this recipe, or the template's; with
# --config_variant V, conf/NAME_V.yaml.
config() {
    local name folder
    for name in "$@"; do
        name+=${config_variant:+_${config_variant}}
        for folder in conf ../../TEMPLATE/asr1/conf; do
            if [ -f "${folder}/${name}.yaml" ]; then
                printf '%s\n' "${folder}/${name}.yaml"
                return
            fi
        done
    done
    echo "$0: no conf/${name}.yaml, neither here nor in the template" >&2
    exit 2
}

# Sets method, langs, pretrain_on, target, finetune_on, vocabulary, config_variant, seed; the rest goes to `options`.
parse_method() {
    method=xlsr_10 langs="" pretrain_on="" target="" finetune_on=target vocabulary=shared config_variant="" seed=0 options=()
    while [ $# -gt 0 ]; do
        case "$1" in
        --help | -h) method_help && exec ./asr.sh --help ;;
        --*) [ $# -ge 2 ] || bad_option "option $1 needs a value" ;;
        *) bad_option "no arguments without -- expected, found: $1" ;;
        esac
        case "$1" in
        --method) method=$2 ;;
        --langs) langs=$2 ;;
        --pretrain_langs | --pretrain-langs) pretrain_on=$2 ;;
        --target) target=$2 ;;
        --finetune_on | --finetune-on) finetune_on=$2 ;;
        --vocabulary) vocabulary=$2 ;;
        --config_variant | --config-variant) config_variant=$2 ;;
        --seed) seed=$2 ;;
        *) options+=("$1" "$2") ;;
        esac
        shift 2
    done
    case "${finetune_on}/${target}" in
    target/*) ;;
    all/) ;;
    all/*) bad_option "--finetune_on all is for all languages together: leave --target out" ;;
    *) bad_option "--finetune_on is target or all, not '${finetune_on}'" ;;
    esac
    [ "${finetune_on}/${vocabulary}" != target/separate ] ||
        bad_option "--vocabulary separate has no use without --finetune_on all: a model of one language has its tokens only"
    [[ ${seed} =~ ^[0-9]+$ ]] || bad_option "--seed is a whole number, not '${seed}'"
}

bad_option() {
    echo "$0: $1" >&2
    exit 2
}

# pretraining METHOD: its options of asr.sh in `system`; the model's size in `size`.
pretraining() {
    local tag=$1${suffix} mono=${target:-mono}
    size=base
    system=()
    case "$1" in
    scratch) size=scratch ;;
    m_cpc)
        size=cpc
        system=(--pretrain_langs en --pretrain_config "$(config pretrain_cpc)" --pretrain_tag "${tag}")
        ;;
    xlsr_mono)
        [ "${finetune_on}" = target ] || bad_option "--method xlsr_mono has one language; leave --finetune_on all out"
        # 16 GPUs where the multilingual models had 64 (section 3.2).
        system=(--pretrain_langs "${mono}" --pretrain_config "$(config pretrain_xlsr_base_mono)"
            --pretrain_tag "xlsr_mono_${mono}${suffix}")
        ;;
    xlsr_english)
        system=(--pretrain_langs en --pretrain_config "$(config pretrain_xlsr_base)" --pretrain_tag "${tag}")
        ;;
    xlsr_10)
        system=(--pretrain_langs "${pretrain_languages}" --language_alpha "${alpha}"
            --pretrain_config "$(config pretrain_xlsr_base)" --pretrain_tag "${tag}")
        ;;
    xlsr_10_unbalanced)
        system=(--pretrain_langs "${pretrain_languages}" --language_alpha 1
            --pretrain_config "$(config pretrain_xlsr_base)" --pretrain_tag "${tag}")
        ;;
    xlsr_10_large)
        size=large
        system=(--pretrain_langs "${pretrain_languages}" --language_alpha "${alpha}"
            --pretrain_config "$(config pretrain_xlsr_large)" --pretrain_tag "${tag}")
        ;;
    xlsr_53)
        size=large
        # Of egs/xlsr53, whatever the seed of the fine-tuning; --pretrained FILE and --pretrained_source
        # (a released checkpoint, which stage 6 converts) take another.
        system=(--pretrain_tag "xlsr_53${config_variant:+_${config_variant}}")
        [[ " ${options[*]} " == *" --pretrained_source "* ]] ||
            system+=(--pretrained ../../xlsr53/asr1/exp/pretrain_xlsr_53/last.pt)
        ;;
    unispeech | unispeech_plus | unidata2vec | unidata2vec_plus | unidata2vec_joint) tranusr_pretraining "$1" ;;
    *) bad_option "no --method '$1'; --help lists them" ;;
    esac
}

# finetuning: the configuration of stage 8.
finetuning() {
    local name=finetune_ctc_${size}
    case "${size}/${finetune_on}" in
    scratch/*) config "scratch_ctc_base${finetune_kind}" scratch_ctc_base ;;
    cpc/*) config finetune_cpc ;;
    */all) config "${name}${finetune_kind}_all" "${name}${finetune_kind}" "${name}_all" "${name}" ;;
    *) config "${name}${finetune_kind}" "${name}" ;;
    esac
}

# run_method OPTION...: one system; without --target for each of the languages in turn.
run_method() {
    local system size suffix="" names=() label
    parse_method "$@"
    [ -z "${config_variant}" ] || suffix=_${config_variant}
    [ "${seed}" = 0 ] || suffix+=_seed${seed}
    if [[ ${method} == xlsr_10* && ${pretrain_on:=${pretrain_languages}} != "${pretrain_languages}" ]]; then
        pretrain_languages=${pretrain_on} suffix+=_on_${pretrain_on// /_}
    elif [[ ${method} != xlsr_10* && -n ${pretrain_on} ]]; then
        options+=(--pretrain_langs "${pretrain_on}")
    fi
    if [ "${finetune_on}" = all ]; then
        pretraining "${method}"
        label=all
        [ "${vocabulary}" = shared ] || label+=_${vocabulary}
        # The data folder of any languages is dump/raw/train: the model's name has to tell.
        [ "${langs:=${languages}}" = "${languages}" ] || label+=_${langs// /_}
        call_asr "${label}" --langs "${langs}" --vocabulary "${vocabulary}"
        return
    fi
    [ -z "${langs}" ] || options+=(--langs "${langs}")
    read -r -a names <<<"${target:-${languages}}"
    for target in "${names[@]}"; do
        pretraining "${method}"
        call_asr "${target}" --langs "${target}" --target "${target}"
    done
}

# call_asr LABEL OPTION...
call_asr() {
    local configuration
    configuration=$(finetuning)
    ./asr.sh "${method_options[@]}" "${@:2}" "${system[@]}" --finetune_config "${configuration}" \
        --asr_tag "$1_${method}${tag_suffix:-}${suffix}" --seed "${seed}" "${options[@]}"
}
