#!/usr/bin/env bash
# The steps of asr.sh that take more than one command. They use its options; see there.
# shellcheck disable=SC2154  # the options are set by asr.sh

no_lmplz="n-gram models need lmplz: make lmplz builds it, then run stages 9 to 13 again"

# not_yet WHAT: stop; asrkit cannot do it.
not_yet() {
    log "error: $1 is not available; leave the option out"
    exit 1
}

# within NUMBER: true when stage NUMBER will run.
within() {
    ((stage <= $1 && $1 <= stop_stage)) && [[ " ${skip_stages} " != *" $1 "* ]]
}

# Stop with exit 2 when a configuration was named that is not there.
need_file() {
    if [ -n "$1" ] && [ ! -f "$1" ]; then
        log "error: no configuration $1; there are: $(echo conf/*.yaml)"
        exit 2
    fi
}

# Stop with exit 2 on values that no stage could use; with 1 on what asrkit cannot do.
check_options() {
    local name
    for name in stage stop_stage ngpu nj inference_nj bpe_size ngram_num; do
        need_integer "${name}" "${!name}"
    done
    case "${token_type}" in
    phn | char | bpe) ;;
    *) log "error: --token_type is phn, char or bpe, not '${token_type}'" && exit 2 ;;
    esac
    for name in ${inference_modes}; do
        case "${name}" in
        greedy | free | lexicon | lexicon_lm) ;;
        *) log "error: --inference_modes are greedy, free, lexicon and lexicon_lm, not '${name}'" && exit 2 ;;
        esac
    done
    for name in ${langs} ${target}; do
        if [[ ! ${name} =~ ^[a-z]{2,3}$ ]]; then
            log "error: '${name}' is no language code such as it"
            exit 2
        fi
    done
    if [[ ! ${labelled_minutes} =~ ^[0-9]+(\.[0-9]+)?$ ]]; then
        log "error: --labelled_minutes is a number, not '${labelled_minutes}'"
        exit 2
    fi
    if [ "${labelled_minutes}" != 0 ] && [ -z "${target}" ]; then
        log "error: --labelled_minutes needs --target"
        exit 2
    fi
    if within 6; then need_file "${pretrain_config}"; fi
    if within 8; then need_file "${finetune_config}"; fi
    if within 2 && [ -n "${speed_perturb_factors}" ]; then not_yet "speed perturbation (--speed_perturb_factors)"; fi
    if within 7 && [ -n "${continue_config}" ]; then not_yet "continued pre-training (--continue_config)"; fi
    if (within 10 || within 11) && [ -n "${transcoder_config}" ]; then not_yet "the Transcoder (--transcoder_config)"; fi
    if within 14 && [ "${skip_packing}" = false ]; then not_yet "packing (--skip_packing false)"; fi
}

# shellcheck disable=SC2034  # read by asr.sh
# Names of sets and experiments from the options; options that were given win.
name_experiments() {
    local lang name
    read -r -a all_langs <<<"${langs}"
    if [ -n "${target}" ] && [[ " ${langs} " != *" ${target} "* ]]; then
        all_langs+=("${target}")
    fi
    test_langs=("${all_langs[@]}")
    own_train=train
    if [ -n "${target}" ]; then
        test_langs=("${target}")
        own_train=${target}_train
        [ "${labelled_minutes}" = 0 ] || own_train=${target}_train_${labelled_minutes}min
        : "${valid_set:=${target}_valid}"
    fi
    : "${train_set:=${own_train}}"
    : "${valid_set:=valid}"
    if [ -n "${test_sets}" ]; then
        read -r -a tests <<<"${test_sets}"
    else
        tests=("${test_langs[@]/%/_test}")
    fi
    # Sets that stages 4 and 5 leave in dump/raw.
    all_sets=(train valid)
    for lang in "${all_langs[@]}"; do
        all_sets+=("${lang}_train" "${lang}_valid" "${lang}_test")
    done
    for name in "${train_set}" "${valid_set}" "${tests[@]}" ${pretrain_sets} ${pretrain_valid_sets}; do
        [[ " ${all_sets[*]} " == *" ${name} "* ]] || all_sets+=("${name}")
    done
    read -r -a pretrain_train_data <<<"${pretrain_sets:-train}"
    read -r -a pretrain_valid_data <<<"${pretrain_valid_sets:-valid}"
    pretrain_train_data=("${pretrain_train_data[@]/#/${dumpdir}/raw/}")
    pretrain_valid_data=("${pretrain_valid_data[@]/#/${dumpdir}/raw/}")
    token_list_name=${token_type}
    [ "${token_type}" != bpe ] || token_list_name=bpe${bpe_size}
    token_file=text.${token_list_name}
    [ -z "${target}" ] || token_list_name+=_${target}
    token_list=data/token_list/${token_list_name}/tokens.txt
    if [ -n "${pretrain_config}" ]; then
        name=$(basename -- "${pretrain_config}" .yaml)
        : "${pretrain_tag:=${name#pretrain_}}"
    fi
    : "${pretrain_exp:=${expdir}/pretrain_${pretrain_tag}}"
    if [ -z "${asr_tag}" ]; then
        asr_tag=$(basename -- "${finetune_config:-none}" .yaml)_${train_set}_${token_list_name%"_${target}"}
        [ -z "${pretrain_tag}" ] || asr_tag+=_from_${pretrain_tag}
    fi
    : "${asr_exp:=${expdir}/asr_${asr_tag}}"
    : "${results:=${expdir}/RESULTS.md}"
    # Options of asr_train.py that were given to asr.sh: they never rename an experiment.
    train_options=(--ngpu "${ngpu}"
        ${max_update:+--max_update "${max_update}"} ${batch_bins:+--batch_bins "${batch_bins}"}
        ${accum_grad:+--accum_grad "${accum_grad}"} ${num_workers:+--num_workers "${num_workers}"}
        ${log_interval:+--log_interval "${log_interval}"} ${seed:+--seed "${seed}"}
        ${valid_interval:+--valid_interval "${valid_interval}"}
        ${save_interval:+--save_interval "${save_interval}"})
}

# launch LOG COMMAND...: run, through the launcher if there is one.
launch() {
    local log=$1
    shift
    if [ -n "${launcher}" ]; then
        run "${launcher}" "${log}" "$@"
    else
        run "$@"
    fi
}

# Stage 4: filtered train and valid of each language, their combinations, the labelled subset.
prepare_sets() {
    local lang part parts=() sets=()
    for lang in "${all_langs[@]}"; do
        for part in train valid; do
            step "${raw}/${lang}_${part}/.done" "${org}/${lang}_${part}/wav.scp" -- \
                python3 -m asrkit.bin.filter_data --in_dir "${org}/${lang}_${part}" \
                --out_dir "${raw}/${lang}_${part}" \
                --min_seconds "${min_wav_duration}" --max_seconds "${max_wav_duration}"
        done
        sets+=("${raw}/${lang}_train" "${raw}/${lang}_valid" "${raw}/${lang}_test")
        # Tests keep every utterance, however short or long.
        step "${raw}/${lang}_test/.done" "${org}/${lang}_test/wav.scp" -- \
            python3 -m asrkit.bin.filter_data --in_dir "${org}/${lang}_test" --out_dir "${raw}/${lang}_test"
    done
    for part in train valid; do
        parts=("${all_langs[@]/#/${raw}/}")
        parts=("${parts[@]/%/_${part}}")
        step "${raw}/${part}/.done" "${parts[@]/%//wav.scp}" -- \
            python3 -m asrkit.bin.combine_data --out_dir "${raw}/${part}" "${parts[@]}"
    done
    run python3 -m asrkit.bin.hours --out "${dumpdir}/hours.md" "${sets[@]}"
    if [ "${labelled_minutes}" != 0 ]; then
        step "${raw}/${own_train}/.done" "${raw}/${target}_train/wav.scp" -- \
            python3 -m asrkit.bin.subset_data_dir --in_dir "${raw}/${target}_train" \
            --out_dir "${raw}/${own_train}" --minutes "${labelled_minutes}"
    fi
}

# tokenise FOLDER: text.phn, text.char or text.bpeN beside its text.
tokenise() {
    local mark=$1/.done.${token_file} model
    case "${token_type}" in
    phn)
        step "${mark}" "$1/text" -- python3 -m asrkit.bin.phonemize --data_dir "$1" \
            --word_boundary "${word_boundary}" --cache_dir data/phones
        ;;
    char)
        step "${mark}" "$1/text" -- python3 -m asrkit.bin.tokenize --data_dir "$1" --type char
        ;;
    bpe)
        model=$(dirname -- "${token_list}")
        step "${model}/.done" "${raw}/${train_set}/text" -- python3 -m asrkit.bin.train_bpe \
            --text "${raw}/${train_set}/text" --vocab_size "${bpe_size}" --out_dir "${model}"
        step "${mark}" "$1/text" "${model}/.done" -- python3 -m asrkit.bin.tokenize --data_dir "$1" \
            --type bpe --model "${model}/bpe.model" --out "$1/${token_file}"
        ;;
    esac
}

# The tokens of all training languages, or of the target's whole training set.
make_token_list() {
    local from=${raw}/${target:+${target}_}train/${token_file}
    [ "${token_type}" != bpe ] || return 0 # train_bpe has written it
    step "${token_list%/*}/.done" "${from}" -- python3 -m asrkit.bin.token_list --text "${from}" --out "${token_list}"
}

# train FOLDER OPTION...: asr_train.py, going on where an earlier run stopped.
train() {
    local folder=$1
    shift
    launch "${expdir}/log/$(basename -- "${folder}").log" \
        python3 -m asrkit.bin.asr_train --output_dir "${folder}" --resume true "$@"
}

# ngram_folder LANG: where its lexicon and n-grams are; asr_infer.py --lang looks there too.
ngram_folder() {
    printf '%s\n' "${expdir}/ngram/$1"
}

# make_ngram LANG: a lexicon, a word n-gram and an n-gram of tokens.
make_ngram() {
    local folder words=() type=phn option=()
    folder=$(ngram_folder "$1")
    words=(--text "${raw}/$1_train/text")
    if [ -s "${lm_text}/$1.txt" ]; then
        words+=(--plain "${lm_text}/$1.txt")
        option=("${lm_text}/$1.txt")
    fi
    [ "${token_type}" = phn ] || type=char
    step "${folder}/.done.lexicon" "${raw}/$1_train/text" "${option[@]}" -- \
        python3 -m asrkit.bin.make_lexicon "${words[@]}" --lang "$1" --type "${type}" \
        --cache_dir data/phones --out "${folder}/lexicon.txt"
    if [ "${dry_run}" = false ] && ! python3 -m asrkit.bin.train_ngram --out none --check >/dev/null 2>&1; then
        log "no lmplz: ${no_lmplz}"
        return
    fi
    step "${folder}/.done.word" "${raw}/$1_train/text" "${option[@]}" -- \
        python3 -m asrkit.bin.train_ngram "${words[@]}" --lang "$1" --order "${ngram_num}" \
        --out "${folder}/word.bin"
    step "${folder}/.done.${token_file}" "${raw}/$1_train/${token_file}" -- \
        python3 -m asrkit.bin.train_ngram --text "${raw}/$1_train/${token_file}" \
        --order "${ngram_num}" --out "${folder}/${token_file#text.}.bin"
}

# decode SET MODE: hypotheses in <asr_exp>/decode_<mode>/<set>; or a file `skipped` that says why not.
decode() {
    local set=$1 mode=$2 folder=${asr_exp}/decode_$2/$1 ngram options=() lm=
    ngram=$(ngram_folder "${set%%_*}")
    case "${mode}" in
    free) lm=${ngram}/${token_file#text.}.bin ;;
    lexicon) options=(--lexicon "${ngram}/lexicon.txt" --word_score -4) ;; # no LM holds short words back
    lexicon_lm)
        options=(--lexicon "${ngram}/lexicon.txt")
        lm=${ngram}/word.bin
        ;;
    esac
    if [ -n "${lm}" ]; then
        options+=(--lm "${lm}")
        if [ "${dry_run}" = false ] && [ ! -e "${lm}" ]; then
            mkdir -p "${folder}"
            printf '%s\n' "${no_lmplz}" >"${folder}/skipped"
            log "skipped: ${folder}: no ${lm}; ${no_lmplz}"
            return
        fi
    fi
    [ "${dry_run}" = true ] || rm -f "${folder}/skipped"
    # shellcheck disable=SC2086
    step "${folder}/.done" "${asr_exp}/last.pt" "${raw}/${set}/wav.scp" ${lm:+"${lm}"} -- \
        python3 -m asrkit.bin.asr_infer --model "${asr_exp}" --data_dir "${raw}/${set}" \
        --output_dir "${folder}" --decode "${mode}" "${options[@]}" --nj "${inference_nj}" ${inference_args}
}

# score SET MODE: error rates in <asr_exp>/decode_<mode>/<set>/score_*.
score() {
    local data=${raw}/$1 folder=${asr_exp}/decode_$2/$1 unit ref hyp normalize
    if [ -e "${folder}/skipped" ]; then
        return
    fi
    for unit in per cer wer; do
        case "${unit}/${token_type}/$2" in
        per/phn/*) ref=${token_file} ;;
        per/* | [cw]er/phn/greedy | [cw]er/phn/free) continue ;;
        *) ref=text ;;
        esac
        hyp=hyp.text
        normalize=true
        [ "${unit}" != per ] || { hyp=hyp.tokens && normalize=false; }
        step "${folder}/.done.${unit}" "${folder}/.done" "${data}/${ref}" -- \
            python3 -m asrkit.bin.score --unit "${unit}" --ref "${data}/${ref}" --hyp "${folder}/${hyp}" \
            --langs "${data}/utt2lang" --normalize "${normalize}" --config "${asr_exp}/config.yaml" --out "${folder}/score_${unit}"
    done
}
