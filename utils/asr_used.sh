#!/usr/bin/env bash
# An option of asr.sh that nothing in the run would use is an error, as in the programs. One at its default says nothing;
# neither do the stages that run now: the options are those of the whole experiment.
# shellcheck disable=SC2154  # the options are set by asr.sh, default_of by parse_options.sh

# unless_used REASON OPTION...: stop with exit 2 where one of them has another value than its default.
unless_used() {
    local name
    for name in "${@:2}"; do
        [ "${!name-}" = "${default_of[${name}]}" ] || refuse "--${name} has no use $1; leave it out"
    done
}

# mention_unused REASON OPTION...: likewise a warning, of options that recipes give to all of their systems.
mention_unused() {
    local name
    for name in "${@:2}"; do
        [ "${!name-}" = "${default_of[${name}]}" ] || log "warning: --${name} has no use $1"
    done
}

# makes_phones: whether stage 5 does, as tokens or as labels of stages 6 and 7.
makes_phones() {
    [[ ${token_type} == phn || ${pretrain_labels} == true || ${continue_labels} == true ]]
}

# check_used: after check_options.
check_used() {
    local mode searches=false recognizes=false
    for mode in ${inference_modes}; do
        [[ ${mode} == transcoder* ]] || recognizes=true
        [[ ${mode} == greedy || ${mode} == transcoder* ]] || searches=true
    done
    [ "${token_type}" = bpe ] || unless_used "without --token_type bpe" bpe_size
    [ "${token_type}" = phn ] || unless_used "without --token_type phn" compare_labels
    [ "${phone_labels}" = espeak ] || unless_used "with --phone_labels ${phone_labels}, which are what they are" word_boundary
    makes_phones || unless_used "without phones" word_boundary max_unread
    [ -z "${train_set}" ] || unless_used "with --train_set, which names another set" labeled_minutes labeled_list speed_perturb_factors
    check_training_used
    if [ -z "${lm_raw}" ]; then unless_used "without --lm_raw" lm_raw_args; fi
    if [ "${use_ngram}" = false ]; then
        for mode in ${inference_modes}; do
            case "${mode}" in
            free | lexicon | *_lm) refuse "--inference_modes ${mode} searches with what stage 9 makes: it needs --use_ngram true" ;;
            esac
        done
        unless_used "with --use_ngram false" ngram_num own_text_times
        mention_unused "with --use_ngram false" ngram_prune lexicon_words
        [ -n "${transcoder_config}" ] || [ "${tokens_from}" = text ] ||
            unless_used "with --use_ngram false: no model reads text" lm_text lm_raw
    fi
    [ -n "${transcoder_config}" ] || unless_used "without --transcoder_config" \
        transcoder_tag transcoder_words transcoder_args transcoder_noise transcoder_text_args
    [ -n "${transcoder_hyp_config}" ] || unless_used "without --transcoder_hyp_config" hypothesis_folds
    [ -n "${language_config}" ] || unless_used "without --language_config" language_exp language_args
    [ "${searches}" = true ] || unless_used "with --inference_modes '${inference_modes}': none of them searches" beam_args prior_weights
    [ "${searches}" = true ] || [[ " ${inference_modes} " == *" transcoder_lm "* ]] ||
        mention_unused "with --inference_modes '${inference_modes}': none of them has weights" tune_lm
    [ "${recognizes}" = true ] || unless_used "with --inference_modes '${inference_modes}', which are of the Transcoder" inference_args
    [ "${skip_packing}" = false ] || unless_used "without --skip_packing false" pack_args
}

# Options of stages 6 to 8.
check_training_used() {
    if [ -n "${pretrained}" ] && [ -n "${pretrain_config}" ]; then
        refuse "--pretrained does not go with --pretrain_config: fine-tuning starts from one of them"
    fi
    if [ -z "${pretrain_config}" ]; then
        unless_used "without --pretrain_config" \
            pretrain_sets pretrain_unlabeled_sets pretrain_valid_sets pretrain_labels language_alpha pretrain_args
        # A recipe of audio alone prepares them first; stage 7 may go on with their audio.
        [ -z "${langs}${target}" ] || [ -n "${continue_sets}" ] || unless_used "without --pretrain_config" pretrain_langs
        [ -n "${pretrained}${pretrained_source}" ] || unless_used "without a model to start from" pretrain_tag
        [ -n "${pretrained_source}" ] || unless_used "without --pretrain_config or --pretrained_source" pretrain_exp
    fi
    [ -n "${pretrained_source}" ] || unless_used "without --pretrained_source" convert_args
    [ -n "${continue_config}" ] || unless_used "without --continue_config" continue_tag continue_sets continue_exp continue_args
    [ -n "${finetune_config}" ] || unless_used "without --finetune_config" learning_rates finetune_args
}
