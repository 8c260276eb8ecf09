#!/usr/bin/env bash
# What asr.sh does before its first stage: checks of the options.
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
from asrkit.text.verdict import why_characters
why = why_characters(sys.argv[1:])
print(why, end="\n" if why else "", file=sys.stderr)
sys.exit(3 if why else 0)' "${codes[@]##*_}" || status=$?
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
    words_in local_data_opts convert_args pretrain_args continue_args self_training_args finetune_args language_args lm_raw_args \
        transcoder_args transcoder_text_args inference_args beam_args results_args pack_args
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
    [[ ${labeled_minutes} =~ ^[0-9]+(\.[0-9]+)?$ ]] ||
        refuse "--labeled_minutes is a number, not '${labeled_minutes}'"
    for name in ${prior_weights}; do
        [[ ${name} =~ ^[0-9]+(\.[0-9]+)?$ ]] || refuse "--prior_weights are numbers such as 0.3, not '${name}'"
    done
    [[ ${tune_lm} = true || ${prior_weights} != *[0-9]" "[0-9]* ]] ||
        refuse "--prior_weights '${prior_weights}': --tune_lm true chooses one of several; give one, or that"
    for name in ${speed_perturb_factors} ${learning_rates}; do
        [[ ${name} =~ ^[0-9]+(\.[0-9]+)?(e-?[0-9]+)?$ ]] || refuse "'${name}' is not a number above 0"
    done
    if [ -z "${target}" ]; then
        [ "${labeled_minutes}" = 0 ] || refuse "--labeled_minutes needs --target"
        [ -z "${labeled_list}" ] || refuse "--labeled_list needs --target"
        [ -z "${continue_config}" ] || refuse "--continue_config needs --target, the language it continues on"
    fi
    if [ "${tokens_from}" = text ]; then
        [ "${token_type}" != phn ] || refuse "--tokens_from text goes with --token_type char or bpe; phones are espeak's"
        [ -n "${target}" ] || refuse "--tokens_from text needs --target: text is of one language"
    fi
    if [ -n "${labeled_list}" ] && [ "${labeled_minutes}" != 0 ]; then
        refuse "--labeled_list does not go with --labeled_minutes"
    fi
    check_self_training
    if [ "${restrict_langs}" = true ] && [ "${vocabulary}" = shared ]; then
        refuse "--restrict_langs needs --vocabulary separate: shared tokens belong to no language"
    fi
    if [ -n "${pretrain_unlabeled_sets}" ] && [ "${pretrain_labels}" = false ]; then
        refuse "--pretrain_unlabeled_sets goes with --pretrain_labels true; else name them among --pretrain_sets"
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
