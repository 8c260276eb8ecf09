#!/usr/bin/env bash
# Names of sets, tokens and experiments of asr.sh, which follow from its options.
# shellcheck disable=SC2154,SC2034  # the options are set by asr.sh, which reads the names
# shellcheck disable=SC2086  # lists in one variable, split at spaces on purpose

# union WORD...: the words, each once, in order.
union() {
    local word found=""
    for word in "$@"; do
        [[ " ${found} " == *" ${word} "* ]] || found+=" ${word}"
    done
    printf '%s\n' "${found# }"
}

# Names of sets, tokens and experiments from the options; options that were given win.
name_experiments() {
    local name
    name_sets
    name_pretraining_sets
    name_tokens
    name_models
    : "${results:=${expdir}/RESULTS.md}"
    # For programs that decode.
    device=()
    [ "${gpu_inference}" = false ] || device=(--device cuda)
    # Options of asr_train.py that were given to asr.sh: they never rename an experiment.
    [ "${accum_grad}" != auto ] || accum_grad=0
    train_options=(--ngpu "${ngpu}")
    for name in "${training_options[@]}"; do
        [ -z "${!name}" ] || train_options+=("--${name}" "${!name}")
    done
    [ "${yes}" = false ] || train_options+=(--yes true)
}

# lang_of SET: the language of it_test, or of en_test_other: whose lexicon, n-grams and Transcoder it is decoded with.
lang_of() {
    local lang found=""
    for lang in "${labeled_langs[@]}"; do
        if [[ $1 == "${lang}"_* ]] && [ ${#lang} -gt ${#found} ]; then found=${lang}; fi
    done
    printf '%s\n' "${found:-${1%_*}}"
}

# Languages and sets of fine-tuning, validation and test.
name_sets() {
    local lang
    read -r -a labeled_langs <<<"$(union ${langs} ${target})"
    read -r -a all_langs <<<"$(union "${labeled_langs[@]}" ${pretrain_langs})"
    test_langs=("${labeled_langs[@]}")
    own_train=train
    if [ -n "${target}" ]; then
        test_langs=("${target}")
        own_train=${target}_train
        [ "${labeled_minutes}" = 0 ] || own_train=${target}_train_${labeled_minutes}min
        [ -z "${labeled_list}" ] || own_train=${target}_train_${labeled_list}
        : "${valid_set:=${target}_valid}"
    fi
    speed_sets=
    if [ -n "${speed_perturb_factors}" ]; then
        own_train+=_sp
        speed_sets=${test_langs[*]/%/_train_sp}
    fi
    : "${train_set:=${own_train}}"
    : "${valid_set:=valid}"
    if [ -n "${test_sets}" ]; then
        read -r -a tests <<<"${test_sets}"
    else
        tests=("${test_langs[@]/%/_test}")
    fi
    # Sets that stages 4 and 5 leave in dump/raw with tokens.
    all_sets=()
    [ -n "${target}" ] || all_sets=(train valid)
    for lang in "${labeled_langs[@]}"; do
        all_sets+=("${lang}_train" "${lang}_valid" "${lang}_test")
    done
    read -r -a all_sets <<<"$(union "${all_sets[@]}" "${train_set}" "${valid_set}" "${tests[@]}")"
}

# Sets of stages 6 and 7, as words for --train_data and --valid_data.
name_pretraining_sets() {
    local found name used
    if [ -n "${pretrain_langs}" ] || [ "${pretrain_part}" != train ]; then
        read -r -a found <<<"$(union ${pretrain_langs:-${labeled_langs[*]}})"
        : "${pretrain_sets:=${found[*]/%/_${pretrain_part}}}"
        : "${pretrain_valid_sets:=${found[*]/%/_valid}}"
    fi
    : "${continue_sets:=${target}_${pretrain_part}}"
    read -r -a pretrain_train_data <<<"${pretrain_sets:-train}"
    read -r -a pretrain_valid_data <<<"${pretrain_valid_sets:-valid}"
    read -r -a pretrain_unlabeled_data <<<"${pretrain_unlabeled_sets}"
    pretrain_unlabeled_data=("${pretrain_unlabeled_data[@]/#/${dumpdir}/raw/}")
    read -r -a continue_train_data <<<"${continue_sets}"
    # With other tokens the phones of stage 6 are made beside them (make_token_list).
    if [ "${pretrain_labels}/${token_type}" = true/phn ]; then
        read -r -a all_sets <<<"$(union "${all_sets[@]}" "${pretrain_train_data[@]}" "${pretrain_valid_data[@]}")"
    fi
    # Combinations of all of langs; a model of one target must not change those of another run.
    combined=()
    used=" ${train_set} ${valid_set} ${pretrain_config:+${pretrain_train_data[*]} ${pretrain_valid_data[*]}} "
    for name in train valid; do
        if [ -z "${target}" ] || [[ ${used} == *" ${name} "* ]]; then combined+=("${name}"); fi
    done
    pretrain_train_data=("${pretrain_train_data[@]/#/${dumpdir}/raw/}")
    pretrain_valid_data=("${pretrain_valid_data[@]/#/${dumpdir}/raw/}")
    continue_train_data=("${continue_train_data[@]/#/${dumpdir}/raw/}")
}

# plain_file: the tokens of each language. token_file: the tokens that the model learns.
name_tokens() {
    token_list_name=${token_type}
    [ "${phone_labels}" = espeak ] || token_list_name=${phone_labels}
    [ "${token_type}" != bpe ] || token_list_name=bpe${bpe_size}
    # Subword units of other texts cut another way; letters are letters, and only their list is longer.
    [ "${token_type}/${tokens_from}" != bpe/text ] || token_list_name+=_text
    plain_file=text.${token_list_name}
    [ "${token_type}/${tokens_from}" != char/text ] || token_list_name+=_text
    [ "${vocabulary}" = shared ] || token_list_name+=_separate
    token_file=${plain_file}
    [ "${vocabulary}" = shared ] || token_file+=_separate
    [ -z "${target}" ] || token_list_name+=_${target}
    token_list=data/token_list/${token_list_name}/tokens.txt
    bpe_model=data/token_list/${plain_file#text.}${target:+_${target}}/bpe.model
}

# Experiments of stages 6, 7 and 8, and the n-gram that they are searched with.
name_models() {
    local name from
    word_lm=word.bin
    [ "${own_text_times}" = 1 ] || word_lm=word_own${own_text_times}.bin
    if [ -n "${pretrain_config}" ]; then
        name=$(basename -- "${pretrain_config}" .yaml)
        : "${pretrain_tag:=${name#pretrain_}}"
    elif [ -n "${pretrained}${pretrained_source}" ]; then
        : "${pretrain_tag:=$(basename -- "${pretrained:-${pretrained_source}}" .pt)}"
    fi
    [ ! -d "${pretrained}" ] || pretrained=${pretrained%/}/last.pt
    : "${pretrain_exp:=${expdir}/pretrain_${pretrain_tag}}"
    [ -z "${pretrained_source}" ] || pretrained=${pretrain_exp}/last.pt
    name=${pretrain_langs:-pretrain_${pretrain_tag}}
    # Labels of stage 6 are phones, whatever is fine-tuned on.
    pretrain_token_file=${token_file}
    [ "${token_type}" = phn ] || pretrain_token_file=text.phn
    pretrain_token_list=data/token_list/${pretrain_token_file#text.}_${name// /_}/tokens.txt
    start_model=${pretrained:-${pretrain_exp}/last.pt}
    from=${pretrain_tag}
    if [ -n "${continue_config}" ]; then
        : "${continue_tag:=$(basename -- "${continue_config}" .yaml)_${target}_from_${pretrain_tag}}"
        from=${continue_tag}
    fi
    continue_token_list=data/token_list/${pretrain_token_file#text.}_continue_${continue_tag#continue_}/tokens.txt
    : "${continue_exp:=${expdir}/continue_${continue_tag#continue_}}"
    init_options=() # of stage 8
    if [ -n "${continue_config}" ]; then
        init_options=(--init "${continue_exp}/last.pt" --init_take encoder)
    elif [ -n "${pretrain_config}${pretrained}" ]; then
        init_options=(--init "${start_model}" --init_take encoder)
    fi
    if [ -z "${asr_tag}" ]; then
        asr_tag=$(basename -- "${finetune_config:-none}" .yaml)_${train_set}_${token_list_name%"_${target}"}
        [ -z "${from}" ] || asr_tag+=_from_${from}
        [ "${self_training}" = 0 ] || asr_tag+=_selftrained${self_training}
    fi
    : "${asr_exp:=${expdir}/asr_${asr_tag}}"
    : "${language_exp:=${expdir}/language}"
    language_list=data/token_list/$(basename -- "${language_exp}")/tokens.txt
}
