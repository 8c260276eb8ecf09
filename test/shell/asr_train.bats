#!/usr/bin/env bats
# asr.sh: what its models are trained on, and start from. Nothing here needs the Python environment.
load helper
setup() { setup_recipe; }

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

@test "languages to pre-train on need no labels and are no part of the fine-tuning" {
    run ./asr.sh --dry_run true --langs it --target it --pretrain_langs "es en" --pretrain_part audio \
        --pretrain_config conf/tune.yaml --finetune_config conf/tune.yaml --language_alpha 0.5
    [ "$status" -eq 0 ]
    [[ "$output" == *"--train_data dump/raw/es_audio dump/raw/en_audio --valid_data dump/raw/es_valid dump/raw/en_valid --language_alpha 0.5"* ]]
    [[ "$output" == *"--out_dir dump/raw/es_audio --min_seconds 0.2 --allow_empty_text true"* ]]
    [[ "$output" != *"dump/org/es_train"* ]]
    [[ "$output" != *"phonemize --data_dir dump/raw/es"* ]]
    [[ "$output" == *"--train_data dump/raw/it_train --valid_data dump/raw/it_valid --token_list"* ]]
}

@test "stage 7 goes on from stage 6 on the audio of the target, and stage 8 from stage 7" {
    run ./asr.sh --dry_run true --langs "it es" --target it --pretrain_config conf/tune.yaml --pretrain_tag a \
        --continue_config conf/tune.yaml --continue_tag b --finetune_config conf/tune.yaml --asr_tag c
    [ "$status" -eq 0 ]
    [[ "$output" == *"--output_dir exp/continue_b "*"--init exp/pretrain_a/last.pt --train_data dump/raw/it_train "* ]]
    [[ "$output" == *"--output_dir exp/asr_c "*"--init exp/continue_b/last.pt --init_take encoder"* ]]
    run ./asr.sh --dry_run true --langs it --continue_config conf/tune.yaml --pretrain_config conf/tune.yaml
    [ "$status" -eq 2 ]
    run ./asr.sh --dry_run true --langs it --target it --continue_config conf/tune.yaml
    [ "$status" -eq 2 ]
}

@test "a checkpoint from elsewhere takes the place of stage 6" {
    run ./asr.sh --dry_run true --langs it --target it --pretrained x/y.pt --finetune_config conf/tune.yaml
    [ "$status" -eq 0 ]
    [[ "$output" == *"asr_tune_it_train_phn_from_y "*"--init x/y.pt --init_take encoder"* ]]
}

@test "several learning rates: a model each, and one gets the name" {
    run ./asr.sh --dry_run true --langs it --finetune_config conf/tune.yaml --asr_tag x --learning_rates "2e-5 6e-5"
    [ "$status" -eq 0 ]
    [[ "$output" == *"exp/asr_x_lr2e-5 "*"--set optimizer_conf.lr=2e-5"* ]]
    [[ "$output" == *"exp/asr_x_lr6e-5 "*"--set optimizer_conf.lr=6e-5"* ]]
    [[ "$output" == *"select_model --out exp/asr_x exp/asr_x_lr2e-5 exp/asr_x_lr6e-5"* ]]
    [[ "$output" == *"asr_infer --model exp/asr_x "* ]]
    run ./asr.sh --dry_run true --langs it --learning_rates fast
    [ "$status" -eq 2 ]
}

@test "copies at other speeds are of the labeled training set only" {
    run ./asr.sh --dry_run true --langs "it es" --target it --labeled_minutes 5 --finetune_config conf/tune.yaml \
        --speed_perturb_factors "0.9 1.0 1.1"
    [ "$status" -eq 0 ]
    [[ "$output" == *"perturb_speed --in_dir data/it_train --out_dir data/it_train_sp --factors 0.9 1.0 1.1"* ]]
    [[ "$output" == *"--in_dir dump/raw/it_train_sp --out_dir dump/raw/it_train_5min_sp --minutes 5"* ]]
    [[ "$output" == *"--train_data dump/raw/it_train_5min_sp "* ]]
    [[ "$output" != *es_train_sp* ]]
    run ./asr.sh --dry_run true --langs "it es" --finetune_config conf/tune.yaml --speed_perturb_factors "0.9 1.1"
    [[ "$output" == *"--out_dir dump/raw/train_sp dump/raw/it_train_sp dump/raw/es_train_sp"* ]]
    run ./asr.sh --dry_run true --langs it --speed_perturb_factors "fast"
    [ "$status" -eq 2 ]
}

@test "self-training: what each round writes down trains the next, and nothing of its text is in the search" {
    run ./asr.sh --dry_run true --langs it --target it --labeled_minutes 5 --finetune_config conf/tune.yaml --asr_tag few \
        --self_training 2 --self_training_update 7 --self_training_args "--min_confidence 0.6" --own_text_times 3 --stage 8 --stop_stage 9
    [ "$status" -eq 0 ]
    five=dump/raw/it_train_5min
    [[ "$output" == *"--output_dir exp/asr_few_round0 "*"--train_data ${five} --valid_data "* ]]
    [[ "$output" == *"train_ngram --text ${five}/text ${five}/text ${five}/text "*"--out exp/ngram/it_train_5min/word_own3.bin"* ]]
    label="label_data --model exp/asr_few_round0 --in_dir dump/raw/it_train --out_dir dump/raw/it_train_by_asr_few_round0 --without ${five}"
    [[ "$output" == *"${label} --lexicon exp/ngram/it_train_5min/lexicon.txt --lm exp/ngram/it_train_5min/word_own3.bin"*"--min_confidence 0.6"* ]]
    [[ "$output" == *"--output_dir exp/asr_few_round1 "*"--train_data ${five} dump/raw/it_train_by_asr_few_round0 --valid"*"--max_update 7"* ]]
    [[ "$output" == *"--output_dir exp/asr_few "*"--train_data ${five} dump/raw/it_train_by_asr_few_round1 --valid"* ]]
    [ "$(grep -c 'bin.tokenize' <<<"${output}")" -eq 0 ]
    run ./asr.sh --dry_run true --langs it --target it --labeled_minutes 5 --finetune_config conf/tune.yaml --token_type char \
        --self_training 1 --stage 8 --stop_stage 8
    [[ "$output" == *"tokenize --data_dir dump/raw/it_train_by_asr_tune_it_train_5min_char_selftrained1_round0 --type char"* ]]
}

@test "audio in data that a self-trained model writes down is formatted, too" {
    more=(--dry_run true --langs it --target it --finetune_config conf/tune.yaml --self_training 1 --stage 3 --stop_stage 4)
    run ./asr.sh "${more[@]}" --self_training_sets it_more
    [ "$status" -eq 0 ]
    [[ "$output" != *"data/it_more"* ]] # it is in dump/raw
    mkdir -p data/it_more
    run ./asr.sh "${more[@]}" --self_training_sets it_more
    [ "$status" -eq 0 ]
    [[ "$output" == *"--in_dir data/it_more "*"--out_dir dump/raw/it_more "*"--allow_empty_text true"* ]]
}
