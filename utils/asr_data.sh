#!/usr/bin/env bash
# Stages 1 to 5 of asr.sh: data folders, formatted audio, tokens.
# shellcheck disable=SC2154  # the options are set by asr.sh

# pretrain_parts LANG: its parts of audio alone, as the names of the sets say: for pre-training and self-training. Sets of
# --self_training_sets may also be in dump/raw from elsewhere.
pretrain_parts() {
    local set name more=()
    for name in ${self_training_sets}; do
        [ ! -d "data/${name}" ] || more+=("${name}")
    done
    for set in "${more[@]}" ${pretrain_config:+${pretrain_sets} ${pretrain_unlabeled_sets}} ${continue_config:+${continue_sets}}; do
        case "${set#"$1_"}" in
        "${set}" | train* | valid | test) ;;
        *) printf '%s\n' "${set#"$1_"}" ;;
        esac
    done
}

# parts_of LANG: the parts of a language that stages 3 and 4 make: train, valid, test, ...
parts_of() {
    local parts=(train valid test)
    if [[ " ${labeled_langs[*]} " != *" $1 "* ]]; then
        parts=(train valid)
        [ "${pretrain_part}" = train ] || parts=(valid)
    fi
    [[ " ${speed_sets} " != *" $1_train_sp "* ]] || parts+=(train_sp)
    # shellcheck disable=SC2207  # names without spaces
    parts+=($(pretrain_parts "$1"))
    union "${parts[@]}"
}

# tables_of FOLDER: the tables of a data folder that decide what stages 2 and 3 make of it, there or not.
# Tables that stay the same keep their time; later stages go by the marks.
tables_of() {
    printf '%s\n' "$1"/{wav.scp,segments,utt2spk,utt2lang,text} "$1"/text.*
}

# Stage 2: tables of copies of the labeled training sets at other speeds; stage 3 makes the audio.
perturb_speed() {
    local set
    for set in ${speed_sets}; do
        # shellcheck disable=SC2086,SC2046  # names without spaces
        step "data/${set}/.done" $(tables_of "data/${set%_sp}") -- \
            python3 -m asrkit.bin.perturb_speed --in_dir "data/${set%_sp}" --out_dir "data/${set}" \
            --factors ${speed_perturb_factors}
    done
}

# Stage 3: every part of every language as 16 kHz FLAC.
format_sets() {
    local lang part
    for lang in "${all_langs[@]}"; do
        for part in $(parts_of "${lang}"); do
            # shellcheck disable=SC2046  # names without spaces
            step_in_shards "${nj}" "${org}/${lang}_${part}/.done" $(tables_of "data/${lang}_${part}") -- \
                python3 -m asrkit.bin.format_audio --in_dir "data/${lang}_${part}" \
                --out_dir "${org}/${lang}_${part}" --nj "${nj}" ${max_bad:+--max_bad "${max_bad}"} ${channel:+--channel "${channel}"}
        done
    done
}

# filter_set LANG PART OPTION...
filter_set() {
    step "${raw}/$1_$2/.done" "${org}/$1_$2/.done" -- \
        python3 -m asrkit.bin.filter_data --in_dir "${org}/$1_$2" --out_dir "${raw}/$1_$2" "${@:3}"
}

# Stage 4: filtered parts of each language, the combinations, the labeled subset.
prepare_sets() {
    local lang part kind kinds=("${combined[@]}") sets=() parts from limits
    limits=(--min_seconds "${min_wav_duration}" --max_seconds "${max_wav_duration}")
    for lang in "${all_langs[@]}"; do
        for part in $(parts_of "${lang}"); do
            kind=${part}
            [[ " ${labeled_langs[*]} " == *" ${lang} "* ]] || kind=unlabeled
            case "${kind}" in
            test) filter_set "${lang}" test ;; # keeps every utterance, however short or long
            train | train_sp | valid) filter_set "${lang}" "${part}" "${limits[@]}" ;;
            # Pre-training crops what is long, and needs no text.
            *) filter_set "${lang}" "${part}" --min_seconds "${min_wav_duration}" --allow_empty_text true ;;
            esac
            [ "${part}" = train_sp ] || sets+=("${raw}/${lang}_${part}")
        done
    done
    [ -z "${speed_sets}" ] || [ -n "${target}" ] || kinds+=(train_sp)
    [ ${#labeled_langs[@]} -ne 0 ] || kinds=() # only audio to pre-train on: nothing to combine
    for part in "${kinds[@]}"; do
        parts=("${labeled_langs[@]/#/${raw}/}")
        parts=("${parts[@]/%/_${part}}")
        step "${raw}/${part}/.done" "${parts[@]/%//.done}" -- \
            python3 -m asrkit.bin.combine_data --out_dir "${raw}/${part}" "${parts[@]}"
    done
    run python3 -m asrkit.bin.hours --out "${dumpdir}/hours.md" "${sets[@]}"
    from=${raw}/${target}_train${speed_sets:+_sp}
    if [ "${labeled_minutes}" != 0 ]; then
        step "${raw}/${own_train}/.done" "${from}/.done" -- \
            python3 -m asrkit.bin.subset_data_dir --in_dir "${from}" \
            --out_dir "${raw}/${own_train}" --minutes "${labeled_minutes}"
    fi
    if [ -n "${labeled_list}" ]; then
        # A tenth of a list may have been left out above, as too long or unreadable.
        step "${raw}/${own_train}/.done" "${from}/.done" "data/lists/${target}/${labeled_list}" -- \
            python3 -m asrkit.bin.subset_data_dir --in_dir "${from}" --out_dir "${raw}/${own_train}" \
            --utt_list "data/lists/${target}/${labeled_list}" --max_missing 0.1
    fi
}

# tokenize FOLDER: text.phn, text.char or text.bpeN next to its text; with separate vocabularies also
# text.phn_separate and so on, where each token names its language.
tokenize() {
    local mark=$1/.done.${plain_file} plain=() language=(--utt2lang "${raw}/${train_set}/utt2lang")
    case "${token_type}" in
    phn)
        phonemize "$1"
        if [ "${dry_run}" = false ] && [ ! -e "$1/${plain_file}" ]; then
            log "error: no ${plain_file} in $1: local/data.sh leaves none there; try --phone_labels espeak"
            exit 1
        fi
        ;;
    char)
        step "${mark}" "$1"/{text,utt2lang} -- python3 -m asrkit.bin.tokenize --data_dir "$1" --type char \
            --hyphens "${hyphens}"
        ;;
    bpe)
        [ "${tokens_from}" = train ] || language=(--lang "${target}")
        name_token_texts
        [ ${#token_texts[@]} -eq 0 ] || plain=(--plain "${token_texts[@]}")
        step "${bpe_model%/*}/.done" "${raw}/${train_set}"/{text,utt2lang} "${token_texts[@]}" -- python3 -m asrkit.bin.train_bpe --mode bpe \
            --text "${raw}/${train_set}/text" "${plain[@]}" "${language[@]}" --hyphens "${hyphens}" --vocab_size "${bpe_size}" --out_dir "${bpe_model%/*}"
        step "${mark}" "$1"/{text,utt2lang} "${bpe_model%/*}/.done" -- python3 -m asrkit.bin.tokenize --data_dir "$1" \
            --type bpe --model "${bpe_model}" --hyphens "${hyphens}" --out "$1/${plain_file}"
        ;;
    esac
    if [ "${vocabulary}" = separate ]; then
        step "$1/.done.${token_file}" "$1"/{"${plain_file}",utt2lang} -- python3 -m asrkit.bin.separate_tokens \
            --data_dir "$1" --tokens "${plain_file}" --out "$1/${token_file}"
    fi
}

# name_token_texts: with --tokens_from text, sets token_texts to the files that tokens are learned from beside the
# training set.
name_token_texts() {
    token_texts=()
    [ "${tokens_from}" = text ] || return 0
    clean_raw "${target}"
    mapfile -t token_texts < <(texts_of "${target}")
    [ "${dry_run}/${#token_texts[@]}" != true/0 ] || token_texts=("${lm_text}/${target}.txt")
    if [ ${#token_texts[@]} -eq 0 ]; then
        log "error: --tokens_from text: no ${lm_text}/${target}.txt, and no --lm_raw with text of ${target}"
        exit 1
    fi
}

# phonemize FOLDER
phonemize() {
    step_in_shards "${nj}" "$1/.done.text.phn" "$1"/{text,utt2lang} -- python3 -m asrkit.bin.phonemize --data_dir "$1" \
        --word_boundary "${word_boundary}" --hyphens "${hyphens}" --max_unread "${max_unread}" --cache_dir data/phones "${phones_by[@]}"
}

# The tokens of all training languages, or of the target's whole training set.
make_token_list() {
    local from=${raw}/${target:+${target}_}train/${token_file} flags=() plain=()
    # For shared subword units, train_bpe has written it.
    if [ "${token_type}" != bpe ] || [ "${vocabulary}" = separate ]; then
        # Labels of a corpus are what they are, also where espeak's flags on foreign words are among them.
        [ "${phone_labels}" = espeak ] || flags=(--allow_flags true)
        name_token_texts
        [ ${#token_texts[@]} -eq 0 ] || plain=(--plain "${token_texts[@]}" --lang "${target}" --hyphens "${hyphens}")
        step "${token_list%/*}/.done" "${from}" "${token_texts[@]}" -- \
            python3 -m asrkit.bin.token_list --text "${from}" "${plain[@]}" --out "${token_list}" "${flags[@]}"
    fi
    if [ "${pretrain_labels}" = true ] && [ -n "${pretrain_config}" ]; then
        phone_list "${pretrain_token_list}" "${pretrain_train_data[@]}" -- "${pretrain_valid_data[@]}"
    fi
    if [ "${continue_labels}" = true ]; then
        phone_list "${continue_token_list}" "${continue_train_data[@]}" -- "${raw}/${target}_valid"
    fi
}

# phone_list LIST FOLDER... -- FOLDER...: the phones of the first folders; those of the others are made, too.
phone_list() {
    local list=$1 name files=() from=()
    shift
    while [ "$1" != -- ]; do
        from+=("$1")
        shift
    done
    shift
    if [ "${token_type}" != phn ]; then
        for name in "${from[@]}" "$@"; do
            phonemize "${name}"
        done
    fi
    files=("${from[@]/%//${pretrain_token_file}}")
    step "${list%/*}/.done" "${files[@]}" -- python3 -m asrkit.bin.token_list --text "${files[@]}" --out "${list}"
}
