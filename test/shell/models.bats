#!/usr/bin/env bats
# asr.sh: checkpoints from elsewhere in stage 6, packing in stage 14.
load helper
setup() { setup_recipe; }

@test "one command converts a released checkpoint and fine-tunes it" {
    touch xlsr_53_56k.pt
    run ./asr.sh --dry_run true --langs it --target it --stage 6 --stop_stage 8 \
        --pretrained_source xlsr_53_56k.pt --convert_args "--heads 16" --finetune_config conf/tune.yaml
    [ "$status" -eq 0 ]
    [[ "$output" == *"convert_checkpoint --source xlsr_53_56k.pt --out exp/pretrain_xlsr_53_56k --heads 16"* ]]
    [[ "$output" == *"--output_dir exp/asr_tune_it_train_phn_from_xlsr_53_56k"*"--init exp/pretrain_xlsr_53_56k/last.pt --init_take encoder"* ]]
}

@test "a source that is not there, or a second one, exits 2 before any work" {
    run ./asr.sh --langs it --pretrained_source nothing.pt
    [ "$status" -eq 2 ]
    [[ "$output" == *"nothing.pt"* && "$output" != *"stage 1"* ]]
    run ./asr.sh --dry_run true --langs it --pretrained_source nothing.pt # shows what it would do, as with --pretrained
    [ "$status" -eq 0 ]
    run ./asr.sh --dry_run true --langs it --pretrained_source hf:owner/small --stage 6 --stop_stage 6
    [[ "$output" == *"--source hf:owner/small --out exp/pretrain_small"* ]]
    touch x.pt
    run ./asr.sh --dry_run true --langs it --pretrained_source x.pt --pretrained y.pt
    [ "$status" -eq 2 ]
}

@test "a model or a folder of text that is not there exits 2 before the data are prepared" {
    run ./asr.sh --langs it --pretrained no/last.pt --finetune_config conf/tune.yaml
    [ "$status" -eq 2 ]
    [[ "$output" == *"--pretrained: no file or folder no/last.pt"* ]]
    run ./asr.sh --langs it --lm_raw no
    [ "$status" -eq 2 ]
    [[ "$output" == *"--lm_raw: no folder no"* ]]
    [ ! -e called ]
    run ./asr.sh --langs it --pretrained no/last.pt --lm_raw no --finetune_config conf/tune.yaml --dry_run true
    [ "$status" -eq 0 ]
}

@test "--pretrained takes the folder of a model, too" {
    mkdir -p exp/other empty && touch exp/other/last.pt
    run ./asr.sh --dry_run true --langs it --target it --stage 8 --stop_stage 8 --pretrained exp/other \
        --finetune_config conf/tune.yaml
    [ "$status" -eq 0 ]
    [[ "$output" == *"--output_dir exp/asr_tune_it_train_phn_from_other "*"--init exp/other/last.pt "* ]]
    run ./asr.sh --langs it --target it --stage 8 --stop_stage 8 --pretrained empty --finetune_config conf/tune.yaml
    [ "$status" -eq 2 ]
    [[ "$output" == *"--pretrained: no last.pt in empty"* ]]
}

@test "options in one option are words, and quotes keep a sentence together" {
    run ./asr.sh --dry_run true --langs it --stage 14 --stop_stage 14 --finetune_config conf/tune.yaml \
        --skip_packing false --pack_args "--title 'Two words, \$(touch bad)' --license x"
    [ "$status" -eq 0 ]
    [[ "$output" == *"--title Two\\ words\\,\\ \\\$\\(touch\\ bad\\) --license x"* ]]
    [ ! -e bad ]
    run ./asr.sh --dry_run true --langs it --stage 13 --stop_stage 13 --results_args "--baseline 'two words' --langs it"
    [ "$status" -eq 0 ]
    [[ "$output" == *"bin.results --exp exp --out exp/RESULTS.md --baseline two\ words --langs it"* ]]
    run ./asr.sh --dry_run true --langs it --finetune_args "--x 'open"
    [ "$status" -eq 2 ]
    [[ "$output" == *"--finetune_args: a quotation mark is open"* ]]
}

@test "data of languages that are not there are told before anything runs" {
    mkdir -p data/it_train
    run ./asr.sh --langs it --target it --stage 2 --stop_stage 5
    [ "$status" -eq 2 ]
    [[ "$output" == *"no data/it_valid data/it_test: stage 1 makes them. Are the languages right (--langs 'it' --target it)?"* ]]
}

@test "stage 14 packs the recognizer, when asked to" {
    run ./asr.sh --dry_run true --langs it --stage 14 --stop_stage 14 --finetune_config conf/tune.yaml
    [ "$status" -eq 0 ]
    [[ "$output" != *"bin.pack"* ]]
    run ./asr.sh --dry_run true --langs "it es" --stage 14 --stop_stage 14 --finetune_config conf/tune.yaml \
        --skip_packing false --pack_args "--license cc-by-4.0"
    [ "$status" -eq 0 ]
    [[ "$output" == *"bin.pack --model exp/asr_tune_train_phn --out exp/asr_tune_train_phn/asr_tune_train_phn.zip"* ]]
    [[ "$output" == *"--ngram exp/ngram --langs it\\ es --license cc-by-4.0"* ]]
    run ./asr.sh --dry_run true --langs it --stage 14 --stop_stage 14 --skip_packing false --use_ngram false
    [ "$status" -eq 0 ]
    [[ "$output" == *"no model to pack"* ]]
}
