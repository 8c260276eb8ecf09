#!/usr/bin/env bats
# shellcheck disable=SC2016  # values that look like code are meant literally
# asr.sh: options and stages. Nothing here needs the Python environment.
load helper
setup() { setup_recipe; }

@test "a dry run of all stages touches nothing" {
    before=$(listing)
    run ./asr.sh --dry_run true --langs "it es" --target it --labelled_minutes 5 --finetune_config conf/tune.yaml
    [ "$status" -eq 0 ]
    [[ "$output" == *"+ local/data.sh --lang it"* ]]
    [[ "$output" == *"asrkit.bin.asr_train --output_dir exp/asr_tune_it_train_5min_phn"* ]]
    [ "$(listing)" = "${before}" ]
}

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

@test "only the stages asked for run" {
    run ./asr.sh --dry_run true --langs it --stage 4 --stop_stage 5
    [ "$status" -eq 0 ]
    [[ "$output" != *"stage 3:"* && "$output" == *"stage 4:"* && "$output" == *"stage 5:"* && "$output" != *"stage 6:"* ]]
    run ./asr.sh --dry_run true --langs it --stage 1 --stop_stage 5 --skip_stages "2 4"
    [[ "$output" != *"stage 4:"* && "$output" == *"stage 3:"* && "$output" != *"stage 2:"* ]]
}

@test "what is not there yet fails when asked for, before any work" {
    run ./asr.sh --dry_run true --langs it --transcoder_config conf/tune.yaml
    [ "$status" -eq 1 ]
    [[ "$output" != *"stage 1"* ]]
    run ./asr.sh --dry_run true --langs it --stage 7 --stop_stage 11
    [ "$status" -eq 0 ]
    [[ "$output" == *"not part of this recipe"* ]]
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

@test "a list of the target's utterances makes a training set named after it" {
    run ./asr.sh --dry_run true --langs it --target it --labelled_list 10h --finetune_config conf/tune.yaml
    [ "$status" -eq 0 ]
    [[ "$output" == *"--out_dir dump/raw/it_train_10h --utt_list data/lists/it/10h"* ]]
    [[ "$output" == *"--train_data dump/raw/it_train_10h "* ]]
    run ./asr.sh --dry_run true --langs it --labelled_list 10h
    [ "$status" -eq 2 ]
    run ./asr.sh --dry_run true --langs it --target it --labelled_list 10h --labelled_minutes 5
    [ "$status" -eq 2 ]
}

@test "corpora with the same language are told apart; audio alone is not combined" {
    run ./asr.sh --dry_run true --langs "" --pretrain_langs "mls_it cv_it cv_zh-hk" --pretrain_part pretrain \
        --pretrain_config conf/tune.yaml --skip_stages 5 --max_bad 0.01
    [ "$status" -eq 0 ]
    [[ "$output" == *"--train_data dump/raw/mls_it_pretrain dump/raw/cv_it_pretrain dump/raw/cv_zh-hk_pretrain "* ]]
    [[ "$output" != *combine_data* ]]
    [[ "$output" == *"--max_bad 0.01"* ]]
    run ./asr.sh --dry_run true --langs Italian
    [ "$status" -eq 2 ]
}

@test "stage 1 calls local/data.sh once a language and not again" {
    mkdir -p data/it_train data/es_train
    run ./asr.sh --langs "it es" --stage 1 --stop_stage 1
    [ "$status" -eq 0 ]
    run ./asr.sh --langs "it es" --stage 1 --stop_stage 1
    [ "$status" -eq 0 ]
    [ "$(cat called)" = $'--lang it\n--lang es' ]
}

@test "a failing stage stops the recipe with its status" {
    printf '#!/usr/bin/env bash\nexit 3\n' >local/data.sh
    run ./asr.sh --langs it --stage 1 --stop_stage 3
    [ "$status" -ne 0 ]
    [[ "$output" != *"stage 2"* ]]
}

@test "labels of the corpus train the model; PER is told by them and by espeak's" {
    run ./asr.sh --dry_run true --langs it --stage 5 --finetune_config conf/tune.yaml \
        --phone_labels lists --compare_labels "espeak lists"
    [ "$status" -eq 0 ]
    [[ "$output" == *"token_list --text dump/raw/train/text.lists --out data/token_list/lists/tokens.txt"* ]]
    [[ "$output" == *"--token_list data/token_list/lists/tokens.txt --token_file text.lists"* ]]
    own=$(grep 'decode_greedy/it_test/score_per' <<<"${output}")
    other=$(grep 'decode_greedy_by_espeak/it_test/score_per' <<<"${output}")
    [[ "${own}" == *"--ref dump/raw/it_test/text.lists --hyp"* ]]
    [[ "${other}" == *"--ref dump/raw/it_test/text.phn --hyp"*"decode_greedy/it_test/hyp.tokens"* ]]
    [[ "$output" != *by_lists* ]]
    run ./asr.sh --dry_run true --langs it --phone_labels lists --token_type char
    [ "$status" -eq 2 ]
}

@test "a model of one target combines no languages, unless it is pre-trained on them" {
    run ./asr.sh --dry_run true --langs it --target it --finetune_config conf/tune.yaml
    [ "$status" -eq 0 ]
    [[ "$output" != *"combine_data"* && "$output" != *"--data_dir dump/raw/train"* ]]
    run ./asr.sh --dry_run true --langs "it es" --target it --pretrain_config conf/tune.yaml
    [[ "$output" == *"--out_dir dump/raw/train dump/raw/it_train dump/raw/es_train"*"--train_data dump/raw/train"* ]]
}

@test "audio for pre-training is formatted for the languages that pre-train" {
    run ./asr.sh --dry_run true --langs it --target it --pretrain_langs en --pretrain_part pretrain \
        --pretrain_config conf/tune.yaml --stage 3 --stop_stage 6
    [ "$status" -eq 0 ]
    [[ "$output" == *"dump/org/en_pretrain "*"--train_data dump/raw/en_pretrain --valid_data dump/raw/en_valid"* ]]
    [[ "$output" != *"it_pretrain"* ]]
}
