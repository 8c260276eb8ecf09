#!/usr/bin/env bats
# shellcheck disable=SC2154  # root is set by setup_recipe
# utils/xlsr_methods.sh: one method is one system of the XLSR tables.
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
method_options=(--pretrain_part audio --use_ngram false)
run_method
END
    chmod +x run.sh
    for name in pretrain_xlsr_base pretrain_xlsr_base_mono pretrain_xlsr_large finetune_ctc_base finetune_ctc_large \
        finetune_ctc_base_all scratch_ctc_base finetune_cpc pretrain_cpc pretrain_xlsr_base_mine finetune_ctc_base_mine \
        pretrain_best_rq_base finetune_ctc_logmel_base; do
        : >"conf/${name}.yaml"
    done
}

# train METHOD OPTION...: the training commands of a dry run.
train() {
    run ./run.sh --method "$1" "${@:2}" --dry_run true --stage 6 --stop_stage 8
    [ "$status" -eq 0 ] || { echo "${output}" && return 1; }
    output=$(grep 'bin.asr_train' <<<"${output}")
}

@test "methods differ in what they pre-train on and how" {
    train scratch --target it
    [[ "$output" == *"exp/asr_it_scratch "*"conf/scratch_ctc_base.yaml"* && "$output" != *--init* ]]
    train xlsr_mono --target it
    [[ "$output" == *"exp/pretrain_xlsr_mono_it "*"_base_mono.yaml --train_data dump/raw/it_audio --valid_data dump/raw/it_valid "* ]]
    train xlsr_english --target it
    [[ "$output" == *"exp/pretrain_xlsr_english "*"--train_data dump/raw/en_audio "* ]]
    train xlsr_10 --target it
    [[ "$output" == *"exp/pretrain_xlsr_10 "*"--train_data dump/raw/it_audio dump/raw/es_audio dump/raw/en_audio "*"--language_alpha 0.5"* ]]
    [[ "$output" == *"exp/asr_it_xlsr_10 "*"--init exp/pretrain_xlsr_10/last.pt --init_take encoder"* ]]
    train xlsr_10_unbalanced --target it
    [[ "$output" == *"--language_alpha 1"* ]]
    train xlsr_10_large --target it
    [[ "$output" == *"conf/pretrain_xlsr_large.yaml"*"conf/finetune_ctc_large.yaml"* ]]
    train best_rq_10 --target it
    [[ "$output" == *"conf/pretrain_best_rq_base.yaml"*"conf/finetune_ctc_logmel_base.yaml"* ]]
    train best_rq_10 --target it --pretrain_langs "es fr"
    [[ "$output" == *"exp/pretrain_best_rq_10_on_es_fr "* ]]
    train xlsr_53 --target it --seed 3
    [[ "$output" == *"exp/asr_it_xlsr_53_seed3 "*"--init ../../xlsr53/asr1/exp/pretrain_xlsr_53/last.pt"*"--seed 3"* ]]
}

@test "without a target each language has its turn" {
    train xlsr_10
    [[ "$output" == *"exp/asr_it_xlsr_10 "*"exp/asr_es_xlsr_10 "* ]]
    [ "$(grep -c 'output_dir exp/pretrain_xlsr_10 ' <<<"${output}")" -eq 2 ]
}

@test "one model of all languages, shared or separate" {
    train xlsr_10 --finetune_on all
    [[ "$output" == *"exp/asr_all_xlsr_10 "*"conf/finetune_ctc_base_all.yaml"*"--train_data dump/raw/train "*"text.phn "* ]]
    train xlsr_10 --finetune_on all --vocabulary separate
    [[ "$output" == *"exp/asr_all_separate_xlsr_10 "*"text.phn_separate"* ]]
    # dump/raw/train is of all languages, whichever they are: the name tells
    train xlsr_10 --finetune_on all --vocabulary separate --langs "it fr"
    [[ "$output" == *"exp/asr_all_separate_it_fr_xlsr_10 "* ]]
    train xlsr_10 --finetune_on all --langs "it es"
    [[ "$output" == *"exp/asr_all_xlsr_10 "* ]]
    train xlsr_10 --target it --pretrain_langs "es en" --seed 1
    [[ "$output" == *"exp/pretrain_xlsr_10_seed1_on_es_en "*"--train_data dump/raw/es_audio dump/raw/en_audio "*"exp/asr_it_xlsr_10_seed1_on_es_en "* ]]
    train xlsr_10 --target it --pretrain_langs "it es en"
    [[ "$output" == *"exp/pretrain_xlsr_10 "* ]]
    train xlsr_10 --target "es it"
    [[ "$output" == *"exp/asr_es_xlsr_10 "*"exp/asr_it_xlsr_10 "* ]]
    run ./run.sh --method xlsr_mono --finetune_on all --dry_run true
    [ "$status" -eq 2 ]
    run ./run.sh --finetune_on all --target it
    [ "$status" -eq 2 ]
    run ./run.sh --finetune_on some
    [ "$status" -eq 2 ]
    run ./run.sh --target it --vocabulary separate
    [[ "$status" -eq 2 && "$output" == *"--vocabulary separate has no use without --finetune_on all"* ]]
}

@test "seeds and variants are part of the names" {
    train xlsr_10 --target it --seed 2 --config_variant mine
    [[ "$output" == *"exp/pretrain_xlsr_10_mine_seed2 "*"conf/pretrain_xlsr_base_mine.yaml"*"--seed 2"* ]]
    [[ "$output" == *"exp/asr_it_xlsr_10_mine_seed2 "*"conf/finetune_ctc_base_mine.yaml"* ]]
    run ./run.sh --method xlsr_10 --config_variant nothing --target it --dry_run true
    [ "$status" -eq 2 ]
    [[ "$output" == *"no conf/pretrain_xlsr_base_nothing.yaml"* ]]
}

@test "released checkpoints take the place of our XLSR-53" {
    mkdir released
    run ./run.sh --method xlsr_53 --target it --pretrained_source released --dry_run true --stage 6 --stop_stage 8
    [ "$status" -eq 0 ]
    [[ "$output" == *"convert_checkpoint --source released"*"--init exp/pretrain_xlsr_53/last.pt"* ]]
    train xlsr_53 --target it --pretrained other.pt
    [[ "$output" == *"--init other.pt"* ]]
}

@test "options of asr.sh win over the method's" {
    train xlsr_10 --target it --pretrain_config conf/pretrain_cpc.yaml --pretrain_part train
    [[ "$output" == *"conf/pretrain_cpc.yaml --train_data dump/raw/it_train "* ]]
}

@test "wrong options exit 2 before any work" {
    for wrong in "--method none" "--method" "word" "--seed x" "--no_such_option 1"; do
        # shellcheck disable=SC2086
        run ./run.sh ${wrong}
        [ "$status" -eq 2 ]
    done
    [ ! -e called ]
}

@test "--help tells methods and options" {
    run ./run.sh --help
    [ "$status" -eq 0 ]
    [[ "$output" == *"--finetune_on "*"--finetune_config"* ]]
    for recipe in commonvoice babel mls voxpopuli fleurs; do
        run "${root}/egs/${recipe}/asr1/run.sh" --help
        [[ "$output" == *"--method "*"(default"*"--finetune_on "*"every option of asr.sh"*"Usage: asr.sh"* ]]
        [[ "$output" != *"method_options"* ]]
    done
}

@test "a corpus is named by an option of its name, from wherever run.sh is called" {
    mkdir -p "${BATS_TEST_TMPDIR}/here"
    cd "${BATS_TEST_TMPDIR}/here"
    for recipe in commonvoice babel mls voxpopuli fleurs; do
        run "${root}/egs/${recipe}/asr1/run.sh" "--${recipe}" corpora/x --target it --method scratch \
            --dry_run true --stage 1 --stop_stage 1
        [ "$status" -eq 0 ]
        [[ "$output" == *"local/data.sh --lang it "*"${BATS_TEST_TMPDIR}/here/corpora/x"* ]]
        run "${root}/egs/${recipe}/asr1/run.sh" "--${recipe}" "a b" --target it --dry_run true
        [ "$status" -eq 2 ]
        [[ "$output" == *"holds a space"* ]]
    done
}

@test "a self-trained model is not the one of the labels alone" {
    train scratch --target it --labeled_minutes 5 --use_ngram true --self_training 1
    [[ "$output" == *"exp/asr_it_scratch_selftrained1_round0 "*"exp/asr_it_scratch_selftrained1 "* ]]
}
