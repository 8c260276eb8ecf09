#!/usr/bin/env bash
# What asr.sh does before its first stage: checks of the options, and the names that follow from them.
# shellcheck disable=SC2154,SC2034  # the options are set by asr.sh, which reads the names
# shellcheck disable=SC2086  # lists in one variable, split at spaces on purpose

mapfile -t training_options < <(options_of "${ASRKIT_ROOT}/utils/training_options.sh")

# refuse MESSAGE: a wrong option; exit 2.
refuse() {
    log "error: $1"
    exit 2
}

# within NUMBER: true when stage NUMBER will run.
within() {
    ((stage <= $1 && $1 <= stop_stage)) && [[ " ${skip_stages} " != *" $1 "* ]]
}

# Stop with exit 2 when a configuration was named that is not there.
need_file() {
    if [ -n "$1" ] && [ ! -f "$1" ]; then
        refuse "no configuration $1; there are: $(echo conf/*.yaml)"
    fi
}

# one_of OPTION ALLOWED...: stop with exit 2 unless each word of the option is allowed.
one_of() {
    local option=$1 word
    shift
    for word in ${!option}; do
        [[ " $* " == *" ${word} "* ]] || refuse "--${option} is one of: $*; not '${word}'"
    done
}

# token_type auto becomes phn or char.
choose_tokens() {
    local status=0 codes
    [ "${token_type}" = auto ] || return 0
    if [ "${g2p}" != espeak ]; then
        token_type=phn
        log "--token_type auto: phn, by --g2p ${g2p}"
        return
    fi
    read -r -a codes <<<"$(union ${langs} ${target})"
    need_environment
    python3 -c 'import sys
from asrkit.text.espeak import EspeakError, known_voices, voice_of
known_voices()
try:
    list(map(voice_of, sys.argv[1:]))
except EspeakError as error:
    print(str(error).split(";")[0], file=sys.stderr)
    sys.exit(3)' "${codes[@]##*_}" || status=$?
    case "${status}" in
    0) token_type=phn ;;
    3) token_type=char ;;
    *) refuse "--token_type auto: espeak-ng does not work; give --token_type char" ;;
    esac
    log "--token_type auto: ${token_type}"
}

# Stop with exit 2 on values that no stage could use.
check_options() {
    local name
    words_in local_data_opts convert_args pretrain_args continue_args self_training_args finetune_args lm_raw_args \
        transcoder_args transcoder_text_args inference_args beam_args pack_args
    local_data_files=()
    for name in "${local_data_opts[@]}"; do
        [ ! -f "${name}" ] || local_data_files+=("${name}")
    done
    for name in stage stop_stage ngpu nj inference_nj shards bpe_size ngram_num own_text_times self_training; do
        need_integer "${name}" "${!name}"
    done
    [ "${own_text_times}" != 0 ] || refuse "--own_text_times is at least 1"
    [ "${shards}" != 0 ] || refuse "--shards is at least 1"
    # As many digits as the shell's numbers surely have.
    ((${#stage} <= 9 && ${#stop_stage} <= 9)) || refuse "--stage and --stop_stage are of 1 to 14"
    for name in expdir dumpdir; do
        [ -n "${!name}" ] || refuse "--${name} is empty: it is a folder, such as ${name%dir}"
    done
    for name in ${skip_stages}; do
        need_integer skip_stages "${name}"
    done
    for name in "${training_options[@]}"; do
        [ -z "${!name}" ] || [ "${name}/${!name}" = accum_grad/auto ] || need_integer "${name}" "${!name}"
    done
    [[ ${channel} =~ ^([1-9][0-9]*)?$ ]] || refuse "--channel is the number of a channel, from 1, not '${channel}'"
    one_of token_type phn char bpe auto
    one_of g2p espeak epitran
    # Commands of espeak do not name it, so that what earlier versions did is not done again.
    phones_by=()
    [ "${g2p}" = espeak ] || phones_by=(--g2p "${g2p}")
    choose_tokens
    [ "${g2p}" = espeak ] || makes_phones || refuse "--g2p ${g2p} goes with --token_type phn"
    one_of tokens_from train text
    one_of vocabulary shared separate
    one_of hyphens split keep
    for name in ${phone_labels} ${compare_labels}; do
        [[ ${name} =~ ^[a-z0-9]+$ ]] || refuse "'${name}' is not a name of phone labels such as espeak"
    done
    [ "${phone_labels}" = espeak ] || [ "${token_type}" = phn ] || refuse "--phone_labels goes with --token_type phn"
    one_of inference_modes greedy free lexicon lexicon_lm transcoder transcoder_lm transcoder_text
    for name in ${langs} ${target} ${pretrain_langs}; do
        [[ ${name} =~ ^([a-z]+_)?[a-z]{2,3}(-[a-z]+)?$ ]] || refuse "'${name}' is not a language code such as it or mls_it"
    done
    [[ ${labelled_minutes} =~ ^[0-9]+(\.[0-9]+)?$ ]] ||
        refuse "--labelled_minutes is a number, not '${labelled_minutes}'"
    for name in ${speed_perturb_factors} ${learning_rates}; do
        [[ ${name} =~ ^[0-9]+(\.[0-9]+)?(e-?[0-9]+)?$ ]] || refuse "'${name}' is not a number above 0"
    done
    if [ -z "${target}" ]; then
        [ "${labelled_minutes}" = 0 ] || refuse "--labelled_minutes needs --target"
        [ -z "${labelled_list}" ] || refuse "--labelled_list needs --target"
        [ -z "${continue_config}" ] || refuse "--continue_config needs --target, the language it continues on"
    fi
    if [ "${tokens_from}" = text ]; then
        [ "${token_type}" != phn ] || refuse "--tokens_from text goes with --token_type char or bpe; phones are espeak's"
        [ -n "${target}" ] || refuse "--tokens_from text needs --target: text is of one language"
    fi
    if [ -n "${labelled_list}" ] && [ "${labelled_minutes}" != 0 ]; then
        refuse "--labelled_list does not go with --labelled_minutes"
    fi
    check_self_training
    if [ "${restrict_langs}" = true ] && [ "${vocabulary}" = shared ]; then
        refuse "--restrict_langs needs --vocabulary separate: shared tokens belong to no language"
    fi
    if [ -n "${pretrain_unlabelled_sets}" ] && [ "${pretrain_labels}" = false ]; then
        refuse "--pretrain_unlabelled_sets goes with --pretrain_labels true; else name them among --pretrain_sets"
    fi
    if [ "${continue_labels}" = true ] && [ -z "${continue_config}" ]; then
        refuse "--continue_labels true goes with --continue_config"
    fi
    if [ -n "${continue_config}" ] && [ -z "${pretrain_config}${pretrained}${pretrained_source}" ]; then
        refuse "--continue_config needs a model to continue: --pretrain_config or --pretrained"
    fi
    if within 6; then need_file "${pretrain_config}"; fi
    if within 7; then need_file "${continue_config}"; fi
    if within 8; then need_file "${finetune_config}"; fi
    check_transcoder
    if [ -n "${pretrained_source}" ] && [ -n "${pretrain_config}${pretrained}" ]; then
        refuse "--pretrained_source goes neither with --pretrain_config nor with --pretrained"
    fi
    if [ "${dry_run}" = false ]; then
        # Found out now, and not after days of data preparation or without the text.
        [ -z "${pretrained_source}" ] || ! within 6 || [ -e "${pretrained_source}" ] || [[ "${pretrained_source}" == hf:* ]] ||
            refuse "--pretrained_source: no file or folder ${pretrained_source}"
        [ -z "${pretrained}" ] || ! within 8 || [ -e "${pretrained}" ] ||
            refuse "--pretrained: no file or folder ${pretrained} seen from ${PWD}"
        [ ! -d "${pretrained}" ] || ! within 8 || [ -e "${pretrained}/last.pt" ] ||
            refuse "--pretrained: no last.pt in ${pretrained}; name the folder of a model, or a checkpoint"
        [ -z "${lm_raw}" ] || ! { within 5 || within 9 || within 10; } || [ -d "${lm_raw}" ] ||
            refuse "--lm_raw: no folder ${lm_raw} seen from ${PWD}"
    fi
}

# need_data: stop when the stages to run begin with data folders of which some are not there.
need_data() {
    local lang name names=() missing=()
    [ "${dry_run}" = false ] && ! within 1 && { within 2 || within 3; } || return 0
    for lang in "${all_langs[@]}"; do
        read -r -a names <<<"$(parts_of "${lang}")"
        for name in "${names[@]}"; do
            [ "${name}" = train_sp ] || [ -d "data/${lang}_${name}" ] || missing+=("data/${lang}_${name}")
        done
    done
    [ ${#missing[@]} = 0 ] || refuse "no ${missing[*]}: stage 1 makes them. Are the languages right (--langs '${langs}'${target:+ --target ${target}})?"
}

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

# Languages and sets of fine-tuning, validation and test.
name_sets() {
    local lang
    read -r -a labelled_langs <<<"$(union ${langs} ${target})"
    read -r -a all_langs <<<"$(union "${labelled_langs[@]}" ${pretrain_langs})"
    test_langs=("${labelled_langs[@]}")
    own_train=train
    if [ -n "${target}" ]; then
        test_langs=("${target}")
        own_train=${target}_train
        [ "${labelled_minutes}" = 0 ] || own_train=${target}_train_${labelled_minutes}min
        [ -z "${labelled_list}" ] || own_train=${target}_train_${labelled_list}
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
    for lang in "${labelled_langs[@]}"; do
        all_sets+=("${lang}_train" "${lang}_valid" "${lang}_test")
    done
    read -r -a all_sets <<<"$(union "${all_sets[@]}" "${train_set}" "${valid_set}" "${tests[@]}")"
}

# Sets of stages 6 and 7, as words for --train_data and --valid_data.
name_pretraining_sets() {
    local found name used
    if [ -n "${pretrain_langs}" ] || [ "${pretrain_part}" != train ]; then
        read -r -a found <<<"$(union ${pretrain_langs:-${labelled_langs[*]}})"
        : "${pretrain_sets:=${found[*]/%/_${pretrain_part}}}"
        : "${pretrain_valid_sets:=${found[*]/%/_valid}}"
    fi
    : "${continue_sets:=${target}_${pretrain_part}}"
    read -r -a pretrain_train_data <<<"${pretrain_sets:-train}"
    read -r -a pretrain_valid_data <<<"${pretrain_valid_sets:-valid}"
    read -r -a pretrain_unlabelled_data <<<"${pretrain_unlabelled_sets}"
    pretrain_unlabelled_data=("${pretrain_unlabelled_data[@]/#/${dumpdir}/raw/}")
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
}
