#!/usr/bin/env bats
# shellcheck disable=SC2154  # root is set by setup_recipe
# run.sh of egs/mini_asterisk: a system is one call of asr.sh.
load helper
setup() {
    setup_recipe
    source=${root}/egs/mini_asterisk/asr1
    rm -r conf local
    ln -s "${source}/conf" "${source}/local" .
    cp "${source}/run.sh" .
}

@test "three systems; from scratch and pre-trained differ in --init alone" {
    run ./run.sh --dry_run true --stage 6 --stop_stage 8
    [ "$status" -eq 0 ]
    [ "$(grep -c 'bin.asr_train' <<<"${output}")" -eq 4 ]
    scratch=$(grep 'output_dir exp/asr_it_5min_scratch ' <<<"${output}")
    xlsr=$(grep 'output_dir exp/asr_it_5min_xlsr ' <<<"${output}")
    xlsr=${xlsr/ --init exp\/pretrain_xlsr\/last.pt --init_take encoder/}
    [ "${scratch}" = "${xlsr/it_5min_xlsr/it_5min_scratch}" ]
}

@test "another target, other minutes and other languages get names of their own" {
    run ./run.sh --dry_run true --stage 6 --stop_stage 8 --target es --labeled_minutes 5
    [[ "$output" == *"exp/asr_multilingual "*"exp/asr_es_5min_scratch "*"exp/asr_es_5min_xlsr "* ]]
    run ./run.sh --dry_run true --stage 6 --stop_stage 8 --langs "it es"
    [[ "$output" == *"exp/asr_multilingual_it_es "*"exp/pretrain_xlsr_it_es "* ]]
}

@test "one method is one system; what it pre-trains on and how it samples it differ" {
    run ./run.sh --dry_run true --stage 6 --stop_stage 8 --method scratch
    [ "$(grep -c 'bin.asr_train' <<<"${output}")" -eq 1 ]
    run ./run.sh --dry_run true --stage 6 --stop_stage 8 --method xlsr_mono --seed 2
    [[ "$output" == *"exp/pretrain_xlsr_mono_it_5min_seed2 "*"--train_data dump/raw/it_train_5min --valid"*"--seed 2"* ]]
    run ./run.sh --dry_run true --stage 6 --stop_stage 8 --method xlsr_english
    [[ "$output" == *"exp/pretrain_xlsr_english "*"--train_data dump/raw/en_train --valid"* ]]
    run ./run.sh --dry_run true --stage 6 --stop_stage 8 --method xlsr_all --target es
    [[ "$output" == *"--train_data dump/raw/en_train dump/raw/es_train_5min dump/raw/fr_train "* ]]
    [[ "$output" != *"--language_alpha"* ]]
    run ./run.sh --dry_run true --stage 6 --stop_stage 8 --method xlsr_all_unbalanced
    [[ "$output" == *"dump/raw/it_train_5min dump/raw/ru_train --valid"*"--language_alpha 1"* ]]
    run ./run.sh --dry_run true --stage 5 --stop_stage 8 --method unidata2vec_plus
    [ "$status" -eq 0 ]
    [ "$(grep -c 'bin.asr_train' <<<"${output}")" -eq 3 ]
    [[ "$output" == *"--out data/token_list/phn_en_es_fr_ru/tokens.txt"* ]]
    [[ "$output" == *"exp/pretrain_unidata2vec_without_it "*"--train_data dump/raw/en_train dump/raw/es_train dump/raw/fr_train dump/raw/ru_train --valid"* ]]
    [[ "$output" == *"exp/continue_unidata2vec_plus_it "*"--init exp/pretrain_unidata2vec_without_it/last.pt --train_data dump/raw/it_train --valid"* ]]
    [[ "$output" == *"--init exp/continue_unidata2vec_plus_it/last.pt --init_take encoder --train_data dump/raw/it_train_5min"* ]]
    run ./run.sh --dry_run true --stage 6 --stop_stage 8 --method xlsr --tuning lora
    [[ "$output" == *"exp/asr_it_5min_xlsr_lora "*"--config conf/ctc_few_lora.yaml --init exp/pretrain_xlsr/last.pt"* ]]
    run ./run.sh --dry_run true --stage 6 --stop_stage 8 --method joint --tuning lora
    [[ "$output" == *"exp/asr_it_5min_joint_lora "*"--config conf/ctc_few_lora.yaml --init exp/continue_joint_it_5min/last.pt"* ]]
    for method in scratch augmented self_trained; do
        run ./run.sh --dry_run true --stage 6 --method "${method}" --tuning lora
        [ "$status" -eq 2 ]
    done
    run ./run.sh --dry_run true --method no_such_method
    [ "$status" -eq 2 ]
}

@test "a dry run of all stages touches nothing" {
    before=$(listing)
    run ./run.sh --dry_run true
    [ "$status" -eq 0 ]
    [ "$(listing)" = "${before}" ]
}

@test "graphemes are fine-tuned on after the same pre-training on phones" {
    run ./run.sh --method unidata2vec --token_type char --dry_run true
    [ "$status" -eq 0 ]
    [[ "$output" == *"exp/pretrain_unidata2vec_without_it "*"--token_file text.phn"* ]]
    [[ "$output" == *"--output_dir exp/asr_it_5min_unidata2vec_char "*"--token_file text.char"* ]]
    run ./run.sh --method scratch --token_type bpe --dry_run true
    [[ "$output" == *"--vocab_size 200"*"--output_dir exp/asr_it_5min_scratch_bpe "*"--token_file text.bpe200"* ]]
}

@test "the last value may be options of another program" {
    run ./run.sh --method scratch --dry_run true --finetune_args "--max_update 7"
    [ "$status" -eq 0 ]
    [[ "$output" == *"asr_train "*"--max_update 7"* ]]
}

@test "hyphens in options are underscores, also in names" {
    run ./run.sh --method scratch --dry-run true --labeled-minutes 7 --finetune-args "--set a-b=1"
    [ "$status" -eq 0 ]
    [[ "$output" == *"--output_dir exp/asr_it_7min_scratch "*"dump/raw/it_train_7min "*"--set a-b=1"* ]]
    run ./run.sh --asr-tag x
    [ "$status" -eq 2 ]
}

@test "phones of other languages are needed where labels teach" {
    run ./run.sh --dry_run true --method unidata2vec --langs it --target it
    [ "$status" -eq 2 ]
    [[ "$output" == *"phones of languages other than it: name some with --langs"* ]]
}

@test "names that would clash and options without value exit 2" {
    run ./run.sh --asr_tag x
    [ "$status" -eq 2 ]
    run ./run.sh --target
    [ "$status" -eq 2 ]
    run ./run.sh --no_such_option 1
    [ "$status" -eq 2 ]
}

@test "local/data.sh knows its languages and its dry run" {
    run ./local/data.sh --lang de
    [ "$status" -eq 2 ]
    before=$(listing)
    run ./local/data.sh --lang fr --dry_run true
    [ "$status" -eq 0 ]
    [[ "$output" == *"local/fetch.py --lang fr"*"validate_data_dir data/fr_test"* ]]
    [ "$(listing)" = "${before}" ]
}

@test "without an environment the first real command says what to do" {
    rm -r "${ASRKIT_VENV}"
    mkdir bin
    printf '#!/usr/bin/env bash\nexit 1\n' >bin/python3
    chmod +x bin/python3
    PATH="${PWD}/bin:${PATH}" run ./run.sh --stage 1 --stop_stage 1
    [ "$status" -eq 1 ]
    [[ "$output" == *"make env"* ]]
}

@test "joint learns the phones of all languages after xlsr; augmented and self_trained go on from there" {
    run ./run.sh --dry_run true --stage 5 --stop_stage 8 --method joint
    [ "$status" -eq 0 ]
    lists=$(grep -c 'token_list --text .*it_train_5min/text.phn .*--out data/token_list/phn_continue_joint_it_5min/' <<<"${output}")
    [ "${lists}" -eq 1 ]
    [[ "$output" == *"exp/continue_joint_it_5min "*"--init exp/pretrain_xlsr/last.pt "*"dump/raw/it_train_5min dump/raw/ru_train --valid_data dump/raw/it_valid --token_list data/token_list/phn_continue_joint_it_5min/tokens.txt --token_file text.phn"* ]]
    [[ "$output" == *"exp/asr_it_5min_joint "*"--config conf/ctc_few.yaml --init exp/continue_joint_it_5min/last.pt"* ]]
    run ./run.sh --dry_run true --stage 8 --stop_stage 8 --method augmented
    [[ "$output" == *"exp/asr_it_5min_augmented "*"--config conf/ctc_few_augmented.yaml --init exp/continue_joint_it_5min/last.pt"* ]]
    run ./run.sh --dry_run true --stage 8 --stop_stage 8 --method self_trained
    [ "$(grep -c 'config conf/ctc_few_augmented.yaml --init exp/continue_joint_it_5min' <<<"${output}")" -eq 3 ]
    [ "$(grep -c 'bin.label_data' <<<"${output}")" -eq 2 ]
    run ./run.sh --dry_run true --stage 5 --stop_stage 8 --method joint --token_type char
    [[ "$output" == *"phonemize --data_dir dump/raw/en_train"*"exp/continue_joint_it_5min "*"--token_file text.phn"* ]]
}

@test "a self-trained model is not the one of the labels alone" {
    run ./run.sh --dry_run true --stage 8 --stop_stage 8 --method xlsr --self_training 2
    [[ "$output" == *"--output_dir exp/asr_it_5min_xlsr_selftrained2_round0 "*"--output_dir exp/asr_it_5min_xlsr_selftrained2 "* ]]
    run ./run.sh --dry_run true --stage 8 --stop_stage 8 --method xlsr --self_training 2 --self_training 0
    [[ "$output" == *"--output_dir exp/asr_it_5min_xlsr "* ]]
}

@test "language is multilingual, and a classifier on its encoder" {
    run ./run.sh --dry_run true --stage 8 --stop_stage 12 --method language
    [ "$status" -eq 0 ]
    [[ "$output" == *"--output_dir exp/asr_multilingual "*"--output_dir exp/language "*"--config conf/language.yaml --init exp/asr_multilingual/average.pt"* ]]
    run ./run.sh --dry_run true --stage 8 --stop_stage 8 --method language --langs "it es"
    [[ "$output" == *"--output_dir exp/language_it_es "*"--init exp/asr_multilingual_it_es/average.pt"* ]]
    touch x.pt
    run ./run.sh --dry_run true --stage 8 --stop_stage 8 --method language --pretrained x.pt # as multilingual may
    [ "$status" -eq 0 ]
    [[ "$output" == *"--output_dir exp/asr_multilingual "*"--init x.pt"* ]]
    run ./run.sh --dry_run true --method language --target es
    [ "$status" -eq 2 ]
    [[ "$output" == *"--target has no use with --method language"* ]]
    run ./run.sh --dry_run true --stage 8 --stop_stage 8 --method multilingual
    [[ "$output" != *"exp/language"* ]]
}
