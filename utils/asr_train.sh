#!/usr/bin/env bash
# Stages 6 to 8 of asr.sh: pre-training, continued pre-training, fine-tuning.
# shellcheck disable=SC2154,SC2086  # the options are set by asr.sh; several options in one variable

# train FOLDER OPTION...: asr_train.py, going on where an earlier run stopped.
train() {
    local folder=$1
    shift
    launch "${expdir}/log/$(basename -- "${folder}").log" \
        python3 -m asrkit.bin.asr_train --output_dir "${folder}" --resume true "$@"
}

# Stage 6.
pretrain() {
    local labels=()
    if [ "${pretrain_labels}" = true ]; then
        labels=(--token_list "${pretrain_token_list}" --token_file "${pretrain_token_file}")
        [ -z "${pretrain_unlabeled_sets}" ] || labels+=(--unlabeled_data "${pretrain_unlabeled_data[@]}")
    fi
    train "${pretrain_exp}" --config "${pretrain_config}" \
        --train_data "${pretrain_train_data[@]}" --valid_data "${pretrain_valid_data[@]}" "${labels[@]}" \
        ${language_alpha:+--language_alpha "${language_alpha}"} "${train_options[@]}" "${pretrain_args[@]}"
}

# Stage 7: which modules it takes over, the configuration says (init_take).
continue_pretraining() {
    local labels=()
    [ "${continue_labels}" = false ] ||
        labels=(--token_list "${continue_token_list}" --token_file "${pretrain_token_file}")
    train "${continue_exp}" --config "${continue_config}" --init "${start_model}" \
        --train_data "${continue_train_data[@]}" --valid_data "${raw}/${target}_valid" "${labels[@]}" \
        "${train_options[@]}" "${continue_args[@]}"
}

# finetune FOLDER SET: stage 8 on SET: one model, or one after each round of self-training.
finetune() {
    finetune_data=("${raw}/$2")
    if [ "${self_training}" = 0 ]; then
        finetune_to "$1"
    else
        self_train "$1" "$2"
    fi
}

# finetune_to FOLDER OPTION...: one model, or one for each learning rate, of which the best on the valid set gets the name.
finetune_to() {
    local rate folders=()
    if [ -z "${learning_rates}" ]; then
        finetune_one "$@"
        return
    fi
    for rate in ${learning_rates}; do
        folders+=("$1_lr${rate}")
        finetune_one "$1_lr${rate}" --set "optimizer_conf.lr=${rate}" "${@:2}"
    done
    run python3 -m asrkit.bin.select_model --out "$1" "${folders[@]}"
}

# finetune_one FOLDER OPTION...
finetune_one() {
    train "$1" --config "${finetune_config}" "${init_options[@]}" \
        --train_data "${finetune_data[@]}" --valid_data "${raw}/${valid_set}" \
        --token_list "${token_list}" --token_file "${token_file}" \
        "${train_options[@]}" "${finetune_args[@]}" "${@:2}"
}
