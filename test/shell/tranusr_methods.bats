#!/usr/bin/env bats
# shellcheck disable=SC2154  # root is set by setup_recipe
# utils/tranusr_methods.sh: the rows of TranUSR's Table 1.
load helper
setup() {
    setup_recipe
    cat >run.sh <<END
#!/usr/bin/env bash
set -euo pipefail
. ./path.sh
. "${root}/utils/method_options.sh"
passes_to=(./asr.sh)
. "${root}/utils/parse_options.sh"
. "${root}/utils/recipe.sh"
. "${root}/utils/xlsr_methods.sh"
languages="it es" pretrain_languages="it es en" alpha=0.5 finetune_kind=""
labeled_sets="en_pretrain_1350h" unlabeled_part=pretrain
method_options=(--pretrain_part pretrain --use_ngram false)
run_method
END
    chmod +x run.sh
    for name in unispeech unispeech_plus unidata2vec unidata2vec_plus; do
        : >"conf/pretrain_${name}_base.yaml"
    done
    : >conf/finetune_ctc_unispeech_base.yaml
    : >conf/finetune_ctc_unidata2vec_base.yaml
}

dry() {
    run ./run.sh --method "$1" "${@:2}" --dry_run true
    [ "$status" -eq 0 ] || { echo "${output}" && return 1; }
}

@test "UniData2vec learns phones of L, and its fine-tuning those of the target" {
    dry unidata2vec --target it --stage 6 --stop_stage 8
    [[ "$output" == *"exp/pretrain_unidata2vec "*"conf/pretrain_unidata2vec_base.yaml --train_data dump/raw/en_pretrain_1350h --valid_data dump/raw/en_valid --token_list data/token_list/phn_en/tokens.txt "* ]]
    [[ "$output" == *"exp/asr_it_unidata2vec "*"conf/finetune_ctc_unidata2vec_base.yaml --init exp/pretrain_unidata2vec/last.pt --init_take encoder --train_data dump/raw/it_train "* ]]
    [[ "$output" != *"exp/continue_"* ]]
}

@test "the + systems go on with the target's audio, from the same first model" {
    dry unispeech_plus --target it --seed 2 --stage 6 --stop_stage 8
    [[ "$output" == *"exp/pretrain_unispeech_seed2 "* ]]
    [[ "$output" == *"exp/continue_unispeech_plus_it_seed2 "*"conf/pretrain_unispeech_plus_base.yaml --init exp/pretrain_unispeech_seed2/last.pt --train_data dump/raw/it_pretrain "* ]]
    [[ "$output" == *"exp/asr_it_unispeech_plus_seed2 "*"--init exp/continue_unispeech_plus_it_seed2/last.pt --init_take encoder"* ]]
}

@test "L and U are formatted, and only L of them gets phones" {
    dry unidata2vec_plus --target it --stage 3 --stop_stage 5
    [[ "$output" == *"--in_dir data/en_pretrain_1350h --out_dir dump/org/en_pretrain_1350h"* ]]
    [[ "$output" == *"--in_dir data/it_pretrain --out_dir dump/org/it_pretrain"* ]]
    [[ "$output" == *"phonemize --data_dir dump/raw/en_pretrain_1350h"* ]]
    [[ "$output" != *"phonemize --data_dir dump/raw/it_pretrain"* ]]
    [[ "$output" != *"dump/org/en_train"* ]]
    dry unidata2vec --target it --stage 3 --stop_stage 5
    [[ "$output" != *"it_pretrain"* ]]
}

@test "equation 3 in one run: L with its phones, U without" {
    dry unidata2vec_joint --target it --stage 3 --stop_stage 8
    [[ "$output" == *"--in_dir data/it_pretrain --out_dir dump/org/it_pretrain"* ]]
    [[ "$output" == *"exp/pretrain_unidata2vec_joint_it "*"conf/pretrain_unidata2vec_base.yaml --train_data dump/raw/en_pretrain_1350h --valid_data dump/raw/en_valid "*"--unlabeled_data dump/raw/it_pretrain "* ]]
    [[ "$output" == *"exp/asr_it_unidata2vec_joint "*"conf/finetune_ctc_unidata2vec_base.yaml --init exp/pretrain_unidata2vec_joint_it/last.pt "* ]]
    [[ "$output" != *"exp/continue_"* && "$output" != *"phonemize --data_dir dump/raw/it_pretrain"* ]]
    dry unidata2vec --target it --stage 6 --stop_stage 6
    [[ "$output" != *unlabeled_data* ]]
    run ./asr.sh --dry_run true --langs it --pretrain_unlabeled_sets it_pretrain
    [ "$status" -eq 2 ]
    [[ "$output" == *"goes with --pretrain_labels true"* ]]
}

@test "one target at a time" {
    run ./run.sh --method unispeech --finetune_on all --dry_run true
    [ "$status" -eq 2 ]
    [[ "$output" == *"leave --finetune_on all out"* ]]
}
