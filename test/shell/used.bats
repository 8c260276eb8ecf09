#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2030,SC2031  # of helper.bash; each test is a subshell
# An option that nothing in the run would use is an error.
load helper
setup() {
    setup_recipe
    tune=(--dry_run true --langs it --finetune_config conf/tune.yaml)
}

# refused WORD...: asr.sh of these stops before any stage, and names the option and why.
refused() {
    run ./asr.sh --dry_run true --langs it "${@:3}"
    [ "$status" -eq 2 ] && [[ $output == *"--$1 has no use $2"*"leave it out"* && $output != *"stage 1"* ]] && return
    echo "status ${status} of ${*:3}: ${output}"
    return 1
}

@test "options of tokens need their kind" {
    refused bpe_size "without --token_type bpe" --bpe_size 30
    refused compare_labels "without --token_type phn" --token_type char --compare_labels "espeak lists"
    refused word_boundary "without phones" --token_type char --word_boundary true
    refused max_unread "without phones" --token_type bpe --max_unread 0.5
    refused word_boundary "with --phone_labels lists" --phone_labels lists --word_boundary true
}

@test "options of a model need the model" {
    for option in pretrain_sets pretrain_valid_sets pretrain_args language_alpha; do
        refused "${option}" "without --pretrain_config" "--${option}" 1
    done
    refused pretrain_labels "without --pretrain_config" --pretrain_labels true
    refused pretrain_langs "without --pretrain_config" --pretrain_langs es
    refused pretrain_tag "without a model" --pretrain_tag x
    refused pretrain_exp "without --pretrain_config or --pretrained_source" --pretrained x.pt --pretrain_exp x
    refused convert_args "without --pretrained_source" --convert_args "--blank 0"
    for option in continue_tag continue_sets continue_exp continue_args; do
        refused "${option}" "without --continue_config" "--${option}" x
    done
    for option in learning_rates finetune_args; do
        refused "${option}" "without --finetune_config" "--${option}" 1
    done
    for option in tag args text_args; do
        refused "transcoder_${option}" "without --transcoder_config" "--transcoder_${option}" x
    done
    refused transcoder_words "without --transcoder_config" --transcoder_words 5
    refused transcoder_noise "without --transcoder_config" --transcoder_noise true
    refused hypothesis_folds "without --transcoder_hyp_config" --hypothesis_folds 3
}

@test "two models to start from are one too many" {
    run ./asr.sh "${tune[@]}" --pretrain_config conf/tune.yaml --pretrained x.pt
    [ "$status" -eq 2 ]
    [[ $output == *"--pretrained does not go with --pretrain_config"* ]]
}

@test "another training set leaves a part of the usual one without use" {
    refused labeled_minutes "with --train_set" --target it --train_set x --labeled_minutes 5
    refused speed_perturb_factors "with --train_set" --train_set x --speed_perturb_factors "0.9 1.0"
}

@test "options of text and of decoding need what reads them" {
    refused ngram_num "with --use_ngram false" --use_ngram false --ngram_num 3
    refused own_text_times "with --use_ngram false" --use_ngram false --own_text_times 10
    refused lm_text "with --use_ngram false" --use_ngram false --lm_text x
    refused lm_raw_args "without --lm_raw" --lm_raw_args "--sample 4"
    refused beam_args "with --inference_modes 'greedy'" --beam_args "--beam_size 5"
    refused inference_args "with --inference_modes 'transcoder'" --transcoder_config conf/tune.yaml \
        --inference_modes transcoder --inference_args "--max_seconds 9"
    refused pack_args "without --skip_packing false" --pack_args "--license x"
}

@test "what is searched with is made" {
    for mode in free lexicon lexicon_lm transcoder_lm; do
        run ./asr.sh "${tune[@]}" --use_ngram false --transcoder_config conf/tune.yaml --inference_modes "greedy ${mode}"
        [ "$status" -eq 2 ]
        [[ $output == *"--inference_modes ${mode} searches with what stage 9 makes: it needs --use_ngram true"* ]]
    done
    run ./asr.sh "${tune[@]}" --use_ngram false --transcoder_config conf/tune.yaml \
        --inference_modes "greedy transcoder transcoder_text" --stage 13
    [ "$status" -eq 0 ]
}

@test "the same options go through where they are used, and at their defaults anywhere" {
    run ./asr.sh "${tune[@]}" --token_type bpe --bpe_size 30 --inference_modes lexicon --beam_args "--beam_size 5" \
        --pretrain_config conf/tune.yaml --pretrain_tag x --pretrain_args "--seed 3" --ngram_num 3 \
        --skip_packing false --pack_args "--license x" --stage 13
    [ "$status" -eq 0 ]
    run ./asr.sh "${tune[@]}" --bpe_size 4000 --ngram_num 4 --pretrain_labels false --hypothesis_folds 2 --stage 13
    [ "$status" -eq 0 ]
}

@test "stage 7 uses options of phones and languages of audio alone, too" {
    go_on=(--target it --pretrained x.pt --continue_config conf/tune.yaml --continue_sets "it_train es_train" --stage 13)
    run ./asr.sh "${tune[@]}" "${go_on[@]}" --token_type char --continue_labels true --max_unread 0.1 --g2p epitran
    [ "$status" -eq 0 ]
    run ./asr.sh "${tune[@]}" "${go_on[@]}" --pretrain_langs es
    [ "$status" -eq 0 ]
}

@test "what recipes give to all of their systems is mentioned" {
    run ./asr.sh "${tune[@]}" --use_ngram false --lexicon_words 9 --tune_lm true --stage 13
    [ "$status" -eq 0 ]
    [[ $output == *"warning: --lexicon_words has no use with --use_ngram false"* ]]
    [[ $output == *"warning: --tune_lm has no use with --inference_modes 'greedy'"* ]]
}

@test "a label is beside every error rate" {
    run ./asr.sh "${tune[@]}" --target it --score_label "made so" --transcoder_config conf/tune.yaml \
        --inference_modes "greedy lexicon transcoder transcoder_text" --compare_labels lists --stage 13 --stop_stage 13
    [ "$status" -eq 0 ]
    scored=$(grep -c "asrkit.bin.score " <<<"$output")
    [ "${scored}" -gt 6 ]
    [ "$(grep -c "asrkit.bin.score .*--label" <<<"$output")" = "${scored}" ]
}

@test "data.sh of the template refuses options of an import without one" {
    local data=${root}/egs/TEMPLATE/asr1/local/data.sh
    mkdir -p data/it_train && : >data/it_train/wav.scp
    for option in audio import_args; do
        run "${data}" --dry_run true --lang it "--${option}" x
        [ "$status" -eq 2 ]
        [[ $output == *"no use without --corpus"* ]]
    done
    run "${data}" --dry_run true --lang it --audio x --corpus t.csv
    [ "$status" -eq 0 ]
}

# recipe NAME OPTION...: run.sh of a recipe, as a dry run.
recipe() {
    run "${root}/egs/$1/asr1/run.sh" --dry_run true "${@:2}"
}

# wrong TEXT NAME OPTION...: a recipe refuses its options, and says why.
wrong() {
    recipe "${@:2}"
    [ "$status" -eq 2 ] && [[ $output == *"$1"* ]] && return
    echo "status ${status} of ${*:2}: ${output}"
    return 1
}

@test "options of one method of a recipe need it" {
    wrong "--fold has no use without --labeled 10min" mls --target it --labeled 1h --fold 2
    wrong "--target has no use with --method multilingual" mini_asterisk --method multilingual --target es
    wrong "--cpc_hours is of --method m_cpc alone" commonvoice --target it --cpc_hours 100
    wrong "--librispeech is of --method m_cpc alone" commonvoice --target it --method scratch --librispeech x
    wrong "--digits is of --splits official" commonvoice --target it --digits keep
    wrong "--vocabulary separate has no use without --finetune_on all" commonvoice --target it --vocabulary separate
    wrong "--finetune_opts has no use without --finetune" xlsr53 --sets mls_it --finetune_opts "--nj 8"
}

@test "a method that pre-trains starts from no other model" {
    for option in pretrained pretrained_source; do
        wrong "--${option} does not go with --method xlsr, which pre-trains" mini_asterisk --method xlsr "--${option}" x.pt
        wrong "--${option} does not go with --method xlsr_10" commonvoice --target it "--${option}" x.pt
        wrong "--${option} does not go with --method unispeech" commonvoice --target it --method unispeech "--${option}" x.pt
    done
    wrong "--pretrained does not go with --method xlsr" mini_asterisk --pretrained x.pt
    [[ $output != *"stage 1"* ]]
    recipe commonvoice --target it --method xlsr_53 --pretrained x.pt
    [ "$status" -eq 0 ]
}

@test "a misspelled option of a recipe names the closest of the recipe and of asr.sh" {
    wrong "unknown option --methd; did you mean --method?" mini_asterisk --methd xlsr
    wrong "unknown option --stop_stag; did you mean --stop_stage?" mini_asterisk --stop_stag 3
}

@test "a limit of jobs without an array is a wrong usage" {
    run "${root}/utils/local.sh" --max-jobs-run 2 log/x.log echo a
    [ "$status" -eq 2 ]
    [[ $output == *"usage:"* ]]
}

@test "every recipe's systems use the options that it gives them" {
    for system in "mls --target it" "mls --target it --method scratch --labeled all" "mls --target it --method xlsr_mono" \
        "voxpopuli --target it --method xlsr_mono" "fleurs --target it" "babel --target tl --method scratch" \
        "babel --finetune_on all" "xlsr53 --sets mls_it"; do
        read -r -a words <<<"${system}"
        recipe "${words[@]}"
        [ "$status" -eq 0 ] || { echo "${system}: ${output}" && false; }
    done
    for method in scratch m_cpc xlsr_mono xlsr_english xlsr_10 xlsr_10_large xlsr_53 unispeech_plus unidata2vec_joint best_rq_10; do
        recipe commonvoice --target it --method "${method}"
        [ "$status" -eq 0 ] || { echo "${method}: ${output}" && false; }
    done
    recipe commonvoice --target it --method xlsr_53 --transcoder standard --phone_labels espeak
    [ "$status" -eq 0 ]
    for type in char bpe; do
        recipe commonvoice --target it --token_type "${type}"
        [ "$status" -eq 0 ]
    done
    for method in multilingual scratch xlsr_all best_rq unispeech_plus; do
        recipe mini_asterisk --method "${method}"
        [ "$status" -eq 0 ] || { echo "${method}: ${output}" && false; }
    done
}
