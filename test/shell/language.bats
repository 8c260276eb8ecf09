#!/usr/bin/env bats
# asr.sh: a classifier of languages beside the recognizer, in stages 5, 8, 12 and 14.
load helper
setup() { setup_recipe; }

@test "a classifier of all languages is trained from the recognizer, scored and packed with it" {
    run ./asr.sh --dry_run true --langs "it es" --finetune_config conf/tune.yaml --language_config conf/tune.yaml \
        --language_args "--seed 3" --skip_packing false --stage 5 --stop_stage 14
    [ "$status" -eq 0 ]
    [[ "$output" == *"token_list --text dump/raw/it_train/utt2lang dump/raw/es_train/utt2lang --out data/token_list/language/tokens.txt"* ]]
    [[ "$output" == *"--output_dir exp/language "*"--init exp/asr_tune_train_phn/average.pt --init_take encoder --train_data dump/raw/it_train dump/raw/es_train --valid_data dump/raw/it_valid dump/raw/es_valid --token_list data/token_list/language/tokens.txt --token_file utt2lang"*"--seed 3"* ]]
    [[ "$output" == *"identify --model exp/language --data_dir dump/raw/it_test dump/raw/es_test --seconds 1 2 3-5 whole --output_dir exp/language/test"* ]]
    [[ "$output" == *"bin.pack --model exp/asr_tune_train_phn "*"--classifier exp/language"* ]]
}

@test "it is scored once: its average is written again by every run of stage 8, however complete" {
    mkdir -p exp/language/test
    touch exp/language/last.pt
    once=(./asr.sh --dry_run true --langs "it es" --finetune_config conf/tune.yaml --language_config conf/tune.yaml --stage 12 --stop_stage 12)
    sleep 0.02
    "${once[@]}" 2>&1 | sed -n 's/^+ \(.*bin.identify .*\)/\1/p' >exp/language/test/.done
    [ -s exp/language/test/.done ]
    sleep 0.02
    touch exp/language/average.pt
    run "${once[@]}"
    [[ "$output" != *"bin.identify "* ]]
    mkdir -p dump/raw/es_test
    touch dump/raw/es_test/wav.scp # of audio that was made again
    run "${once[@]}"
    [[ "$output" == *"bin.identify "* ]]
}

@test "it may have a folder of its own, and start from what was pre-trained" {
    touch x.pt
    run ./asr.sh --dry_run true --langs "it es" --pretrained x.pt --language_config conf/tune.yaml --language_exp exp/lid --stage 8 --stop_stage 12
    [ "$status" -eq 0 ]
    [[ "$output" == *"--output_dir exp/lid "*"--init x.pt --init_take encoder"*"data/token_list/lid/tokens.txt"* ]]
    [[ "$output" == *"identify --model exp/lid "* ]]
}

@test "one language has nothing to tell apart, and options of a classifier need one" {
    run ./asr.sh --dry_run true --langs it --language_config conf/tune.yaml
    [ "$status" -eq 2 ]
    [[ "$output" == *"name several with --langs"* ]]
    run ./asr.sh --dry_run true --langs "it es" --language_args "--seed 3"
    [ "$status" -eq 2 ]
    [[ "$output" == *"--language_args has no use without --language_config"* ]]
    run ./asr.sh --langs "it es" --language_config conf/no.yaml
    [ "$status" -eq 2 ]
    [[ "$output" == *"no configuration conf/no.yaml"* ]]
}
