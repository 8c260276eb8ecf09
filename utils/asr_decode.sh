#!/usr/bin/env bash
# Stages 9, 12 and 13 of asr.sh: n-gram language models, decoding, scoring.
# shellcheck disable=SC2154,SC2086,SC2206  # the options are set by asr.sh; several options in one variable

no_lmplz="n-gram models need lmplz: make lmplz, in asrkit's folder, builds it; then run stages 9 to 13 again"

# ngram_folder LANG: where its lexicon and n-grams are; asr_infer.py --lang looks there too. Or of a SET's (make_ngram).
ngram_folder() {
    printf '%s\n' "${expdir}/ngram/$1"
}

# lexicon_file LANG or SET: of phones, or of letters or subword units, which may lie side by side.
lexicon_file() {
    local type=
    [ "${token_type}" = phn ] || type=.${plain_file#text.}
    printf '%s\n' "$(ngram_folder "$1")/lexicon${type}.txt"
}

# texts_of LANG: the plain texts of a language, one a line: those of --lm_text, and what clean_raw made of --lm_raw.
texts_of() {
    local name web=${lm_text}/$1.web.txt.gz
    for name in "${lm_text}/$1".{txt,txt.gz} "${web}"; do
        if [ -s "${name}" ] || { [ "${dry_run}" = true ] && [ "${lm_raw:+${web}}" = "${name}" ]; }; then printf '%s\n' "${name}"; fi
    done
}

# clean_raw LANG: sentences of web text of --lm_raw, if it is given, without those of the valid and test sets.
clean_raw() {
    local name
    [ -n "${lm_raw}" ] || return 0
    for name in "${lm_raw}/$1".{txt,txt.gz,txt.xz,txt.bz2,gz,xz,bz2}; do
        [ -s "${name}" ] || continue
        step "${lm_text}/.done.$1.web" "${name}" "${raw}/$1_valid/text" "${raw}/$1_test/text" -- \
            python3 -m asrkit.bin.clean_lm_text "${name}" --lang "$1" --nj "${nj}" \
            --held_out "${raw}/$1_valid/text" "${raw}/$1_test/text" --out "${lm_text}/$1.web.txt.gz" "${lm_raw_args[@]}"
        return
    done
    log "no text of $1 in --lm_raw ${lm_raw}"
}

# make_ngram LANG [SET]: a lexicon, a word n-gram and an n-gram of tokens; of the training texts of a language, or, in
# the folder of that name, of SET alone, and in both cases of the language's other text.
make_ngram() {
    local folder words=() type=phn texts=() name set=${2:-$1_train} time often=()
    folder=$(ngram_folder "${2:-$1}")
    words=(--text "${raw}/${set}/text")
    for ((time = 1; time < own_text_times; time++)); do
        often+=("${raw}/${set}/text")
    done
    clean_raw "$1"
    mapfile -t texts < <(texts_of "$1")
    [ ${#texts[@]} -eq 0 ] || words+=(--plain "${texts[@]}")
    local cache=(--cache_dir data/phones "${phones_by[@]}") units=()
    [ "${token_type}" = phn ] || type=${token_type} cache=()
    [ "${token_type}" != bpe ] || units=("${bpe_model}") cache=(--bpe_model "${bpe_model}")
    name=$(lexicon_file "${2:-$1}")
    step "${folder}/.done.$(basename -- "${name}" .txt)" "${raw}/${set}/text" "${texts[@]}" "${units[@]}" -- \
        python3 -m asrkit.bin.make_lexicon "${words[@]}" --lang "$1" --type "${type}" \
        --hyphens "${hyphens}" "${cache[@]}" ${lexicon_words:+--max_words "${lexicon_words}"} --out "${name}"
    if [ "${dry_run}" = false ] && ! python3 -m asrkit.bin.train_ngram --check >/dev/null 2>&1; then
        log "no lmplz: ${no_lmplz}"
        return
    fi
    step "${folder}/.done.${word_lm%.bin}" "${raw}/${set}/text" "${texts[@]}" -- \
        python3 -m asrkit.bin.train_ngram "${words[@]:0:2}" "${often[@]}" "${words[@]:2}" --lang "$1" --hyphens "${hyphens}" --order "${ngram_num}" \
        ${ngram_prune:+--prune ${ngram_prune}} --out "${folder}/${word_lm}"
    step "${folder}/.done.${plain_file}" "${raw}/${set}/${plain_file}" -- \
        python3 -m asrkit.bin.train_ngram --text "${raw}/${set}/${plain_file}" \
        --order "${ngram_num}" --out "${folder}/${plain_file#text.}.bin"
}

# decode_folder SET MODE
decode_folder() {
    local suffix="" mode=$2
    [ "${restrict_langs}" = false ] || suffix=_restricted
    # each Transcoder its own, as several may read one recognizer's phones
    [[ ${mode} != transcoder* ]] || mode=$(transcoder_name)${mode#transcoder}
    printf '%s\n' "${asr_exp}/decode_${mode}${suffix}/$1"
}

# has_ngram LM FOLDER: whether stage 9 made the n-gram; if it did not, FOLDER/skipped says why nothing is decoded there.
has_ngram() {
    local why=${no_lmplz}
    [ "${dry_run}" = false ] || return 0
    if [ -e "$1" ]; then
        rm -f "$2/skipped"
        return
    fi
    ! python3 -m asrkit.bin.train_ngram --check >/dev/null 2>&1 || why="stage 9 makes $1: run stages 9 to 13"
    mkdir -p "$2"
    printf '%s\n' "${why}" >"$2/skipped"
    log "skipped: $2: no $1; ${why}"
    return 1
}

# take_priors: of stage 8's model, from audio that it was trained on.
take_priors() {
    step "${asr_exp}/.done.label_prior" "${asr_exp}/last.pt" "${raw}/${train_set}"/{wav.scp,utt2num_samples} -- \
        python3 -m asrkit.bin.label_prior --model "${asr_exp}" --data_dir "${raw}/${train_set}" "${device[@]}"
}

# decode SET MODE: hypotheses in <asr_exp>/decode_<mode>/<set>; or a file `skipped` that says why not.
decode() {
    local set=$1 mode=$2 folder lang ngram options=() weights=() search=() lm="" lexicon="" tuned="" prior=""
    if [[ ${mode} == transcoder* ]]; then
        transcode "${set}" "${mode}"
        return
    fi
    folder=$(decode_folder "${set}" "${mode}")
    lang=$(lang_of "${set}")
    ngram=$(ngram_folder "${lang}")
    case "${mode}" in
    free) lm=${ngram}/${plain_file#text.}.bin ;;
    lexicon_lm) lm=${ngram}/${word_lm} ;;
    esac
    [[ ${mode} != lexicon* ]] || lexicon=$(lexicon_file "${lang}")
    [ "${mode}" = greedy ] || search=(--nj "${inference_nj}" "${beam_args[@]}")
    [ -z "${lexicon}" ] || options=(--lexicon "${lexicon}")
    # n-grams and lexicons are of one language, and know its tokens without the language's name.
    if [ "${restrict_langs}" = true ] || { [ "${vocabulary}" = separate ] && [ "${mode}" != greedy ]; }; then
        options+=(--restrict_langs true)
    fi
    if [ -n "${lm}" ]; then
        options+=(--lm "${lm}")
        has_ngram "${lm}" "${folder}" || return 0
    fi
    if [ -n "${prior_weights}" ] && [ "${mode}" != greedy ]; then
        take_priors
        prior=${asr_exp}/label_prior.json
        weights=(--prior_weight "${prior_weights}")
    fi
    if [ "${tune_lm}" = true ] && [ "${mode}" != greedy ]; then
        tuned=${asr_exp}/tune_lm/${lang}/${mode}.json
        tune_weights "${lang}" "${mode}" "${tuned}" "${lm}" "${lexicon}" "${prior}" "${options[@]}"
        weights=(--weights "${tuned}")
    fi
    step_in_shards "${inference_nj}" "${folder}/.done" "${asr_exp}/last.pt" "${raw}/${set}"/{wav.scp,utt2num_samples} ${lm:+"${lm}"} ${lexicon:+"${lexicon}"} \
        ${tuned:+"${tuned}"} ${prior:+"${prior}"} -- \
        python3 -m asrkit.bin.asr_infer --model "${asr_exp}" --data_dir "${raw}/${set}" \
        --output_dir "${folder}" --decode "${mode}" "${options[@]}" "${weights[@]}" \
        "${search[@]}" "${device[@]}" "${inference_args[@]}"
}

# tune_weights LANG MODE FILE LM LEXICON PRIOR OPTION...: chooses the weights of a language on its valid set, by the beam of
# --beam_args, and writes them to FILE. LM, LEXICON and PRIOR may be empty; the options name them, and what else the search of the test set has.
tune_weights() {
    local valid=${raw}/$1_valid folder=${3%/*} unit=wer ref=text grid=() at lang=(--normalize true --hyphens "${hyphens}" --lang "$1")
    case "$2" in
    free)
        ref=${plain_file} lang=()
        [[ " ${*:7} " != *" --restrict_langs "* ]] || lang=(--lang "$1")
        unit=per && [ "${token_type}" = phn ] || unit=ter
        ;;
    lexicon) grid=(--word_scores -6 -4 -3 -2 -1 0) ;;
    esac
    [ -z "$6" ] || grid+=(--prior "$6" --prior_weights ${prior_weights})
    for ((at = 0; at < ${#beam_args[@]}; at++)); do
        case "${beam_args[at]}" in
        --beam_*=*) grid+=("${beam_args[at]}") ;;
        --beam_*) grid+=("${beam_args[@]:at:2}") ;;
        esac
    done
    step "${folder}/.done" "${asr_exp}/last.pt" "${valid}"/{wav.scp,utt2num_samples} -- \
        python3 -m asrkit.bin.asr_infer --model "${asr_exp}" --data_dir "${valid}" \
        --output_dir "${folder}" --decode greedy --keep_scores true "${device[@]}"
    step "${folder}/.done.$2" "${folder}/.done" "${valid}/${ref}" ${4:+"$4"} ${5:+"$5"} ${6:+"$6"} -- \
        python3 -m asrkit.bin.tune_lm --scores "${folder}/scores.npz" --ref "${valid}/${ref}" \
        --token_list "${asr_exp}/tokens.txt" --unit "${unit}" "${lang[@]}" \
        "${@:7}" "${grid[@]}" --nj "${inference_nj}" --out "$3"
}

# score SET MODE: error rates in <asr_exp>/decode_<mode>/<set>/score_*.
score() {
    local data=${raw}/$1 folder unit ref hyp spelling strip
    folder=$(decode_folder "$1" "$2")
    [ ! -e "${folder}/skipped" ] || return 0
    if [[ $2 == transcoder* ]]; then
        score_transcoder "$1" "$2" "${folder}"
        return
    fi
    for unit in per cer wer; do
        case "${unit}/${token_type}/$2" in
        per/phn/*) ref=${plain_file} ;;
        per/* | [cw]er/phn/greedy | [cw]er/phn/free) continue ;;
        *) ref=text ;;
        esac
        hyp=hyp.text spelling=(--normalize true --hyphens "${hyphens}") strip=()
        if [ "${unit}" = per ]; then
            hyp=hyp.tokens spelling=()
            [ "${vocabulary}" = shared ] || strip=(--strip_languages true)
        fi
        step "${folder}/.done.${unit}" "${folder}/.done" "${data}/${ref}" -- \
            python3 -m asrkit.bin.score --unit "${unit}" --ref "${data}/${ref}" --hyp "${folder}/${hyp}" \
            --langs "${data}/utt2lang" "${spelling[@]}" "${strip[@]}" ${score_label:+--label "${score_label}"} \
            --config "${asr_exp}/config.yaml" --out "${folder}/score_${unit}"
    done
    [ "${token_type}" != phn ] || score_by_other_labels "$1" "$2"
}

# score_by_other_labels SET MODE: PER by those --compare_labels that the set has, too, in
# <asr_exp>/decode_<mode>_by_<labels>/<set>.
score_by_other_labels() {
    local data=${raw}/$1 folder other name ref strip=()
    [ "${vocabulary}" = shared ] || strip=(--strip_languages true)
    folder=$(decode_folder "$1" "$2")
    for name in ${compare_labels}; do
        ref=text.${name/#espeak/phn}
        other=${folder%/*}_by_${name}/$1
        [ "${ref}" != "${plain_file}" ] || continue
        if [ "${dry_run}" = false ] && [ ! -e "${data}/${ref}" ]; then
            log "no ${ref} in ${data}: no PER by ${name}"
            continue
        fi
        [ "${dry_run}" = true ] || mkdir -p "${other}"
        step "${other}/.done.per" "${folder}/.done" "${data}/${ref}" -- \
            python3 -m asrkit.bin.score --unit per --ref "${data}/${ref}" --hyp "${folder}/hyp.tokens" \
            --langs "${data}/utt2lang" "${strip[@]}" ${score_label:+--label "${score_label}"} \
            --config "${asr_exp}/config.yaml" --out "${other}/score_per"
    done
}
