#!/usr/bin/env bats
# shellcheck disable=SC2016  # values that look like code are meant literally
# asr.sh: its options. Nothing here needs the Python environment.
load helper
setup() { setup_recipe; }

@test "an unknown option exits 2 and names the closest" {
    run ./asr.sh --stop_stag 3
    [ "$status" -eq 2 ]
    [[ "$output" == *"did you mean --stop_stage?"* ]]
}

@test "an option without a value exits 2" {
    run ./asr.sh --stage
    [ "$status" -eq 2 ]
    [[ "$output" == *"--stage needs a value"* ]]
}

@test "a word without -- exits 2" {
    run ./asr.sh 3
    [ "$status" -eq 2 ]
}

@test "--name=value exits 2 and says how to write it" {
    run ./asr.sh --stage=3
    [ "$status" -eq 2 ]
    [[ "$output" == *"--stage 3"* ]]
}

@test "booleans are true or false" {
    run ./asr.sh --dry_run yes
    [ "$status" -eq 2 ]
    [[ "$output" == *"true or false"* ]]
}

@test "numbers are checked" {
    run ./asr.sh --stage 'a[$(touch bad)]'
    [ "$status" -eq 2 ]
    [ ! -e bad ]
    run ./asr.sh --seed x --dry_run true
    [ "$status" -eq 2 ]
    [[ "$output" == *"--seed is a whole number, not 'x'"* ]]
}

@test "values of options are never evaluated" {
    for value in '$(touch bad)' '`touch bad`' '; touch bad' '"; touch bad; "' "'; touch bad; '" '| touch bad' $'\n touch bad'; do
        run ./asr.sh --dry_run true --langs it --asr_tag "${value}" --lm_text "${value}" --expdir "${value}" \
            --finetune_config conf/tune.yaml --finetune_args "${value}"
        [ "$status" -eq 0 ]
        run ./asr.sh --dry_run true --langs "${value}"
        [ "$status" -eq 2 ]
        [ ! -e bad ]
    done
}

@test "values of options are never evaluated in a real stage either" {
    run ./asr.sh --langs it --stage 1 --stop_stage 1 --local_data_opts '--x $(touch bad) ; touch bad'
    [ ! -e bad ]
}

@test "--help lists every option with its default" {
    run ./asr.sh --help
    [ "$status" -eq 0 ]
    [[ "$output" == *"12 decode"* ]]
    for name in stage stop_stage ngpu nj langs target dry_run expdir dumpdir token_type bpe_size max_update; do
        [[ "$output" == *"--${name} "* ]]
    done
    [[ "$output" == *"(default: dump)"* ]]
}

@test "hyphens in options are underscores" {
    run ./asr.sh --dry-run true --stage 1 --stop-stage 1 --langs it
    [ "$status" -eq 0 ]
    [[ "$output" == *"stage 1"* && "$output" != *"stage 2"* ]]
}

@test "a missing configuration exits 2 before any work" {
    run ./asr.sh --dry_run true --langs it --finetune_config conf/nothing.yaml
    [ "$status" -eq 2 ]
    [[ "$output" == *"conf/tune.yaml"* ]]
}

@test "training options pass through and do not rename the experiment" {
    run ./asr.sh --dry_run true --langs it --stage 8 --stop_stage 8 --finetune_config conf/tune.yaml
    name=$(grep -o 'exp/asr_[^ ]*' <<<"${output}")
    run ./asr.sh --dry_run true --langs it --stage 8 --stop_stage 8 --finetune_config conf/tune.yaml \
        --max_update 7 --finetune_args "--set optimizer_conf.lr=1e-3"
    [[ "$output" == *"--output_dir ${name} "*"--max_update 7"*"--set optimizer_conf.lr=1e-3"* ]]
}

@test "what stages need that are left out is not asked for" {
    models=(--langs it --pretrain_config conf/gone.yaml --finetune_config conf/gone.yaml)
    run ./asr.sh --dry_run true "${models[@]}" --skip_data_prep true
    [ "$status" -eq 2 ]
    [[ "$output" == *"no configuration conf/gone.yaml"* ]]
    run ./asr.sh --dry_run true "${models[@]}" --skip_data_prep true --skip_train true
    [ "$status" -eq 0 ]
    [[ "$output" != *" asr_train "* && "$output" == *"bin.asr_infer "* ]]
    run ./asr.sh "${models[@]}" --stage 2 --skip_data_prep true --skip_train true --skip_eval true
    [ "$status" -eq 0 ] # nor are data folders
}

@test "skip_stages are whole numbers" {
    run ./asr.sh --dry_run true --langs it --skip_stages "9,12"
    [ "$status" -eq 2 ]
    [[ "$output" == *"--skip_stages is a whole number, not '9,12'"* ]]
}

@test "accum_grad is a number or auto" {
    run ./asr.sh --dry_run true --langs it --finetune_config conf/tune.yaml --accum_grad auto --stage 8 --stop_stage 8
    [[ "$output" == *"--accum_grad 0"* ]]
    run ./asr.sh --dry_run true --langs it --accum_grad some
    [ "$status" -eq 2 ]
}

@test "an empty folder's name exits 2: the root of the file system is none to write to" {
    for name in expdir dumpdir; do
        run ./asr.sh "--${name}" "" --dry_run true --stage 3 --stop_stage 3
        [ "$status" -eq 2 ]
        [[ "$output" == *"--${name} is empty"* ]]
    done
}

@test "a language named twice is pre-trained on once" {
    run ./asr.sh --langs it --pretrain_langs "it es it" --pretrain_config conf/tune.yaml --dry_run true --stage 6 --stop_stage 6
    [ "$status" -eq 0 ]
    [[ "$output" == *"--train_data dump/raw/it_train dump/raw/es_train --valid_data dump/raw/it_valid dump/raw/es_valid"* ]]
}

@test "self-training needs a target, audio without labels and a lexicon" {
    for options in "--langs it" "--langs it --target it" "--langs it --target it --labeled_minutes 5 --use_ngram false" \
        "--langs it --target it --labeled_minutes 5 --vocabulary separate"; do
        # shellcheck disable=SC2086  # several options
        run ./asr.sh --dry_run true ${options} --self_training 1
        [ "$status" -eq 2 ]
        [[ "$output" == *"--self_training"* ]]
    done
    run ./asr.sh --dry_run true --langs it --target it --labeled_minutes 5 --self_training_update 7
    [ "$status" -eq 2 ]
    [[ "$output" == *"go with --self_training"* ]]
}
