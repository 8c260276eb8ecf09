#!/usr/bin/env bash
# A classifier of languages beside the recognizer, which asr_infer.py --lang auto asks: part of stages 5, 8 and 12 of asr.sh.
# shellcheck disable=SC2154  # the options are set by asr.sh

# check_language: stop with exit 2 where there is nothing to tell apart.
check_language() {
    [ -n "${language_config}" ] || return 0
    if within 8; then need_file "${language_config}"; fi
    [ "${#labeled_langs[@]}" -gt 1 ] || refuse "--language_config tells languages apart: name several with --langs"
}

# language_sets PART: the sets of all languages, in language_data.
language_sets() {
    language_data=("${labeled_langs[@]/%/_$1}")
    language_data=("${language_data[@]/#/${raw}/}")
}

# Stage 5: the languages are the tokens.
list_languages() {
    language_sets train
    local texts=("${language_data[@]/%//utt2lang}")
    step "${language_list%/*}/.done" "${texts[@]}" -- python3 -m asrkit.bin.token_list --text "${texts[@]}" --out "${language_list}"
}

# Stage 8: from the recognizer, or from what that starts from.
train_language() {
    local from=("${init_options[@]}") sets=()
    [ -z "${finetune_config}" ] || from=(--init "${asr_exp}/average.pt" --init_take encoder)
    language_sets train
    sets=(--train_data "${language_data[@]}")
    language_sets valid
    train "${language_exp}" --config "${language_config}" "${from[@]}" "${sets[@]}" --valid_data "${language_data[@]}" \
        --token_list "${language_list}" --token_file utt2lang "${train_options[@]}" "${language_args[@]}"
}

# Stage 12: how often it is right, by the length of what it is given; stage 13 puts it into the results.
score_language() {
    language_sets test
    step "${language_exp}/test/.done" "${language_exp}/last.pt" "${language_data[@]/%//utt2lang}" "${language_data[@]/%//wav.scp}" -- \
        python3 -m asrkit.bin.identify --model "${language_exp}" --data_dir "${language_data[@]}" --seconds 1 2 3-5 whole \
        --output_dir "${language_exp}/test" "${device[@]}"
}
