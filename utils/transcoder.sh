#!/usr/bin/env bash
# Stages 10 and 11 of asr.sh, and their part of 12 and 13: from phones to words.
# shellcheck disable=SC2154,SC2086  # the options are set by asr.sh; several options in one variable

# transcoder_text LANG: the folder of its text with phones and word labels.
transcoder_text() {
    printf '%s\n' "data/transcoder/$1_${token_list_name}"
}

# transcoder_name: of its experiments and of what it decodes; run.sh, which names the others by the seed, does
# not know it.
transcoder_name() {
    local name=${transcoder_tag}
    if [ -z "${name}" ]; then
        name=$(basename -- "${transcoder_config}" .yaml)
        [ "${seed:-0}" = 0 ] || name+=_seed${seed}
    fi
    [ "${transcoder_noise}" = false ] || name+=_noise
    printf '%s\n' "${name}"
}

# transcoder_exp LANG: the model of stage 10.
transcoder_exp() {
    local heard_by=
    [ "${transcoder_noise}" = false ] || heard_by=_${asr_exp##*/}
    printf '%s\n' "${expdir}/$(transcoder_name)_$1${heard_by}"
}

# transcoder_hyp_exp LANG: the model of stage 11, or of stage 10 if there is none.
transcoder_hyp_exp() {
    if [ -z "${transcoder_hyp_config}" ]; then
        transcoder_exp "$1"
    else
        printf '%s\n' "$(transcoder_exp "$1")_$(basename -- "${transcoder_hyp_config}" .yaml)_${asr_exp##*/}"
    fi
}

# Stop with exit 2 on options that do not go together.
check_transcoder() {
    local mode
    for mode in ${inference_modes}; do
        if [[ ${mode} == transcoder* ]] && [ -z "${transcoder_config}" ]; then
            refuse "--inference_modes ${mode} needs --transcoder_config"
        fi
    done
    need_integer transcoder_words "${transcoder_words}"
    need_integer hypothesis_folds "${hypothesis_folds}"
    if within 10; then need_file "${transcoder_config}"; fi
    if within 11; then need_file "${transcoder_hyp_config}"; fi
    [ -z "${transcoder_hyp_config}" ] || [ -n "${transcoder_config}" ] ||
        refuse "--transcoder_hyp_config needs --transcoder_config, the model to tune"
    [ -z "${transcoder_config}" ] || [ "${token_type}/${vocabulary}" = phn/shared ] ||
        refuse "--transcoder_config needs --token_type phn and --vocabulary shared: it reads phones"
    [ -z "${transcoder_config}" ] || [ "${phone_labels}" = espeak ] ||
        refuse "--transcoder_config needs --phone_labels espeak: its text is read by espeak"
    [ "${hypothesis_folds}" != 1 ] || refuse "--hypothesis_folds is 0, or 2 and more: one part leaves none to learn from"
}

# train_transcoder FOLDER LANG OPTION...: its own options of asr_train.py; those of speech do not fit.
train_transcoder() {
    local text
    text=$(transcoder_text "$2")
    train "$1" --token_list "${text}/words.txt" --phone_list "${token_list}" --ngpu "${ngpu}" \
        ${seed:+--seed "${seed}"} "${@:3}" "${transcoder_args[@]}"
}

# Stage 10 for LANG: text to phones and words, and a model of them.
transcoder_on_text() {
    local text name texts=() words=() noise=() held
    text=$(transcoder_text "$1")
    words=(--text "${raw}/$1_train/text")
    clean_raw "$1"
    mapfile -t texts < <(texts_of "$1")
    [ ${#texts[@]} -eq 0 ] || words+=(--plain "${texts[@]}")
    held=("$1_valid" "$1_test")
    for name in "${valid_set}" "${tests[@]}"; do
        [[ ${name} != "$1"_* ]] || held+=("${name}")
    done
    read -r -a held <<<"$(union "${held[@]}")"
    held=("${held[@]/#/${raw}/}")
    held=("${held[@]/%//text}")
    step "${text}/.done" "${raw}/$1_train/text" "${token_list}" "${texts[@]}" "${held[@]}" -- \
        python3 -m asrkit.bin.transcoder_text "${words[@]}" --held_out "${held[@]}" --lang "$1" --phone_list "${token_list}" \
        --vocabulary "${transcoder_words}" --hyphens "${hyphens}" --cache_dir data/phones "${phones_by[@]}" --out_dir "${text}" "${transcoder_text_args[@]}"
    if [ "${transcoder_noise}" = true ]; then
        name=$(own_valid_set "$1")
        decode "${name}" greedy
        score "${name}" greedy
        noise=(--phone_noise "$(decode_folder "${name}" greedy)/score_per/confusions.json")
    fi
    train_transcoder "$(transcoder_exp "$1")" "$1" --config "${transcoder_config}" \
        --train_data "${text}/train" --valid_data "${text}/valid" "${noise[@]}"
}

# Stage 11 for LANG: hypotheses of recognizers for speech that they did not learn from, and the model tuned on it.
transcoder_on_hypotheses() {
    local part parts=() split=${raw}/${train_set}/split${hypothesis_folds} folder=${asr_exp}/hypotheses/$1
    if [ "${hypothesis_folds}" = 0 ]; then
        hypotheses "$1" "${asr_exp}" "${raw}/${train_set}" "${folder}/train"
        parts=("${folder}/train")
    else
        step "${split}/.done" "${raw}/${train_set}"/{wav.scp,"${token_file}"} -- \
            python3 -m asrkit.bin.split_data --in_dir "${raw}/${train_set}" --parts "${hypothesis_folds}"
    fi
    for ((part = 1; part <= hypothesis_folds; part++)); do
        recognize_fold "${part}" "${split}"
        hypotheses "$1" "${asr_exp}_without${part}of${hypothesis_folds}" "${split}/${part}" "${folder}/part${part}of${hypothesis_folds}"
        parts+=("${folder}/part${part}of${hypothesis_folds}")
    done
    hypotheses "$1" "${asr_exp}" "${raw}/$(own_valid_set "$1")" "${folder}/valid"
    train_transcoder "$(transcoder_hyp_exp "$1")" "$1" --config "${transcoder_hyp_config}" \
        --init "$(transcoder_exp "$1")/average.pt" --train_data "${parts[@]}" --valid_data "${folder}/valid"
}

# recognize_fold PART SPLIT: a recognizer of all parts of the training set but one.
recognize_fold() {
    local others=() other set=${train_set}_without$1of${hypothesis_folds}
    for ((other = 1; other <= hypothesis_folds; other++)); do
        [ "${other}" = "$1" ] || others+=("$2/${other}")
    done
    step "${raw}/${set}/.done" "$2/.done" -- \
        python3 -m asrkit.bin.combine_data --out_dir "${raw}/${set}" "${others[@]}"
    finetune "${asr_exp}_without$1of${hypothesis_folds}" "${set}"
}

# own_valid_set LANG: without a target valid_set holds all languages.
own_valid_set() {
    if [ -n "${target}" ]; then
        printf '%s\n' "${valid_set}"
    else
        printf '%s\n' "$1_valid"
    fi
}

# hypotheses LANG MODEL DATA FOLDER: of LANG alone where DATA may hold others, without a target.
hypotheses() {
    local only=()
    [ -n "${target}" ] || only=(--only_lang "$1")
    step_in_shards "${inference_nj}" "$4/.done" "$2/last.pt" "$3/wav.scp" -- \
        python3 -m asrkit.bin.dump_posteriors --model "$2" --data_dir "$3" --out_dir "$4" \
        --phone_list "${token_list}" --hyphens "${hyphens}" --cache_dir data/phones "${phones_by[@]}" "${only[@]}" "${device[@]}"
}

# transcode SET MODE: words of a test set in <asr_exp>/decode_<name of the Transcoder><rest of mode>/<set>.
transcode() {
    local lang folder lm=() model weights=() tuned
    lang=$(lang_of "$1")
    folder=$(decode_folder "$1" "$2")
    model=$(transcoder_of "${lang}" "$2")
    if [ "$2" = transcoder_lm ]; then
        lm=(--lm "$(ngram_folder "${lang}")/${word_lm}")
        has_ngram "${lm[1]}" "${folder}" || return 0
        if [ "${tune_lm}" = true ]; then
            tuned=${asr_exp}/tune_lm/${lang}/$(transcoder_name)_lm.json
            tune_transcoder "${lang}" "${model}" "${lm[1]}" "${tuned}"
            weights=(--weights "${tuned}")
        fi
    fi
    step_in_shards "${inference_nj}" "${folder}/.done" "${asr_exp}/last.pt" "${model}/last.pt" "${raw}/$1/wav.scp" "${lm[@]:1}" "${weights[@]:1}" -- \
        python3 -m asrkit.bin.transcode --asr_model "${asr_exp}" --transcoder "${model}" \
        --data_dir "${raw}/$1" --output_dir "${folder}" "${lm[@]}" "${weights[@]}" "${device[@]}"
}

# transcoder_of LANG MODE: the model that a mode decodes with.
transcoder_of() {
    if [ "$2" = transcoder_text ]; then
        transcoder_exp "$1"
    else
        transcoder_hyp_exp "$1"
    fi
}

# tune_transcoder LANG MODEL NGRAM FILE: the weights of its search, chosen on the valid set of the language.
tune_transcoder() {
    local valid=${raw}/$1_valid name=${4##*/}
    step "${4%/*}/.done.${name%.json}" "${asr_exp}/last.pt" "$2/last.pt" "${valid}/wav.scp" "${valid}/text" "$3" -- \
        python3 -m asrkit.bin.tune_transcoder --asr_model "${asr_exp}" --transcoder "$2" --data_dir "${valid}" \
        --lang "$1" --hyphens "${hyphens}" --lm "$3" --out "$4" "${device[@]}"
}

# score_transcoder SET MODE FOLDER: WER with the share of unknown words.
score_transcoder() {
    local data=${raw}/$1 folder=$3 lang
    lang=$(lang_of "$1")
    step "${folder}/.done.wer" "${folder}/.done" "${data}/text" -- \
        python3 -m asrkit.bin.score --unit wer --ref "${data}/text" --hyp "${folder}/hyp.text" \
        --langs "${data}/utt2lang" --normalize true --hyphens "${hyphens}" --vocabulary "$(transcoder_text "${lang}")/words.txt" \
        ${score_label:+--label "${score_label}"} --config "$(transcoder_of "${lang}" "$2")/config.yaml" --out "${folder}/score_wer"
}

# transcode_text LANG: words of correct phones ("correct text" of TranUSR's Table 3), in <model>/decode_text/: those
# of T's held-out sentences in <lang>_text, those of the transcripts of each test set under its name.
transcode_text() {
    local text folder model name
    text=$(transcoder_text "$1")
    model=$(transcoder_exp "$1")
    folder=${model}/decode_text/$1_text
    step "${folder}/.done" "${model}/last.pt" "${text}/test/text.phn" -- \
        python3 -m asrkit.bin.transcode --transcoder "${model}" --data_dir "${text}/test" --output_dir "${folder}" "${device[@]}"
    step "${folder}/.done.wer" "${folder}/.done" "${text}/test/text" -- \
        python3 -m asrkit.bin.score --unit wer --ref "${text}/test/text" --hyp "${folder}/hyp.text" --lang "$1" \
        --vocabulary "${text}/words.txt" ${score_label:+--label "${score_label}"} \
        --config "${model}/config.yaml" --out "${folder}/score_wer"
    for name in "${tests[@]}"; do
        [ "$(lang_of "${name}")" = "$1" ] || continue
        folder=${model}/decode_text/${name}
        step "${folder}/.done" "${model}/last.pt" "${raw}/${name}/text.phn" -- \
            python3 -m asrkit.bin.transcode --transcoder "${model}" --phones "${raw}/${name}/text.phn" --output_dir "${folder}" "${device[@]}"
        step "${folder}/.done.wer" "${folder}/.done" "${raw}/${name}/text" -- \
            python3 -m asrkit.bin.score --unit wer --ref "${raw}/${name}/text" --hyp "${folder}/hyp.text" --lang "$1" --normalize true \
            --hyphens "${hyphens}" --vocabulary "${text}/words.txt" ${score_label:+--label "${score_label}"} \
            --config "${model}/config.yaml" --out "${folder}/score_wer"
    done
}
