#!/usr/bin/env bash
# Self-training of asr.sh, in stage 8: what a model writes down of unlabeled audio is training data of the next.
# shellcheck disable=SC2154,SC2034  # the options are set by asr.sh; asr_train.sh reads finetune_data

# Stop with exit 2 where there is nothing that a round of self-training could write down.
check_self_training() {
    self_training_options=()
    if [ "${self_training}" = 0 ]; then
        [ -z "${self_training_sets}${self_training_args[*]}${self_training_update}" ] ||
            refuse "--self_training_sets, _args and _update go with --self_training"
        return 0
    fi
    [ -n "${target}" ] || refuse "--self_training needs --target, the language that is written down"
    [ "${use_ngram}" = true ] || refuse "--self_training searches with a lexicon: it needs --use_ngram true"
    [ "${vocabulary}" = shared ] || refuse "--self_training needs --vocabulary shared"
    if [ -z "${self_training_sets}" ]; then
        [ "${labeled_minutes}" != 0 ] || [ -n "${labeled_list}" ] ||
            refuse "--self_training: all of ${target}_train is labeled; give --self_training_sets, or --labeled_minutes"
        self_training_sets=${target}_train
    fi
    if [ -n "${self_training_update}" ]; then
        need_integer self_training_update "${self_training_update}"
        self_training_options=(--max_update "${self_training_update}")
    fi
}

# self_train FOLDER SET: the model of the labels of SET alone is FOLDER_round0; that of the last round has the name.
self_train() {
    local round folder teacher=$1_round0
    finetune_to "${teacher}"
    make_ngram "${target}" "$2"
    for ((round = 1; round <= self_training; round++)); do
        folder=$1_round${round}
        ((round < self_training)) || folder=$1
        label_unlabeled "${teacher}" "$2"
        finetune_to "${folder}" "${self_training_options[@]}"
        teacher=${folder}
    done
}

# label_unlabeled MODEL SET: sets finetune_data to SET and what the model writes down of --self_training_sets. Words are searched
# for in text that the unlabeled audio has no part in.
label_unlabeled() {
    local name set lexicon lm=() ngram
    ngram=$(ngram_folder "$2")
    lexicon=$(lexicon_file "$2")
    if [ "${dry_run}" = true ] || [ -e "${ngram}/${word_lm}" ]; then lm=(--lm "${ngram}/${word_lm}"); fi
    finetune_data=("${raw}/$2")
    for name in ${self_training_sets}; do
        set=${raw}/${name}_by_$(basename -- "$1")
        step "${set}/.done" "$1/last.pt" "${raw}/${name}"/{wav.scp,utt2num_samples} "${raw}/$2/wav.scp" \
            "${lexicon}" "${lm[@]:1}" -- \
            python3 -m asrkit.bin.label_data --model "$1" --in_dir "${raw}/${name}" --out_dir "${set}" \
            --without "${raw}/$2" --lexicon "${lexicon}" "${lm[@]}" --nj "${inference_nj}" \
            "${device[@]}" "${self_training_args[@]}"
        # phones are there already, from the search
        [ "${token_type}" = phn ] || tokenize "${set}"
        finetune_data+=("${set}")
    done
}
