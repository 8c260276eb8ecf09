#!/usr/bin/env bats
# Stages 10 and 11 of asr.sh, and the Transcoder's part of 12 and 13.
load helper

setup() {
    setup_recipe
    : >conf/transcoder.yaml
    : >conf/transcoder_hyp.yaml
    few=(--dry_run true --langs "it es" --target it --labeled_minutes 5 --finetune_config conf/tune.yaml)
}

@test "stages 10 to 13 with a Transcoder: every step, and nothing is touched" {
    before=$(listing)
    run ./asr.sh "${few[@]}" --transcoder_config conf/transcoder.yaml --transcoder_hyp_config conf/transcoder_hyp.yaml \
        --inference_modes "transcoder transcoder_lm transcoder_text" --transcoder_args "--max_update 3" --stage 8
    [ "$status" -eq 0 ]
    exp=exp/asr_tune_it_train_5min_phn
    [[ "$output" == *"transcoder_text --text dump/raw/it_train/text --held_out dump/raw/it_valid/text dump/raw/it_test/text --lang it --phone_list data/token_list/phn_it/tokens.txt"* ]]
    [[ "$output" == *"--output_dir exp/transcoder_it --resume true"*"--max_update 3"* ]]
    [[ "$output" == *"split_data --in_dir dump/raw/it_train_5min --parts 2"* ]]
    # each part is decoded by the recognizer that did not learn it
    [[ "$output" == *"--output_dir ${exp}_without1of2"*"--train_data dump/raw/it_train_5min_without1of2"* ]]
    [[ "$output" == *"combine_data --out_dir dump/raw/it_train_5min_without1of2 dump/raw/it_train_5min/split2/2"* ]]
    [[ "$output" == *"--model ${exp}_without1of2 --data_dir dump/raw/it_train_5min/split2/1 "* ]]
    [[ "$output" == *"--output_dir exp/transcoder_it_transcoder_hyp_asr_tune_it_train_5min_phn"*"--init exp/transcoder_it/average.pt"* ]]
    [[ "$output" == *"transcode --asr_model ${exp} --transcoder exp/transcoder_it_transcoder_hyp_asr_tune_it_train_5min_phn"* ]]
    [[ "$output" == *"transcode --asr_model ${exp} --transcoder exp/transcoder_it "* ]]
    [[ "$output" == *"--vocabulary data/transcoder/it_phn_it/words.txt"* ]]
    [[ "$output" == *"--output_dir exp/transcoder_it/decode_text/it_text"* ]]
    [[ "$output" == *"transcode --transcoder exp/transcoder_it --phones dump/raw/it_test/text.phn --output_dir exp/transcoder_it/decode_text/it_test"* ]]
    [[ "$output" == *"--ref dump/raw/it_test/text --hyp exp/transcoder_it/decode_text/it_test/hyp.text"* ]]
    [ "$(listing)" = "${before}" ]
}

@test "text of every valid and test set of the language stays out of the Transcoder's" {
    run ./asr.sh "${few[@]}" --transcoder_config conf/transcoder.yaml --test_sets "it_other es_test" --stage 10 --stop_stage 10
    [ "$status" -eq 0 ]
    [[ "$output" == *"--held_out dump/raw/it_valid/text dump/raw/it_test/text dump/raw/it_other/text --lang it"* ]]
}

@test "the weights of the search are chosen on the valid set, the configuration is the model's" {
    run ./asr.sh "${few[@]}" --transcoder_config conf/transcoder.yaml --transcoder_hyp_config conf/transcoder_hyp.yaml \
        --asr_tag x --inference_modes "transcoder transcoder_lm transcoder_text" --tune_lm true --stage 12
    [ "$status" -eq 0 ]
    tuned=exp/asr_x/tune_lm/it/transcoder_lm.json
    [[ "$output" == *"tune_transcoder --asr_model exp/asr_x --transcoder exp/transcoder_it_transcoder_hyp_asr_x --data_dir dump/raw/it_valid --lang it --hyphens split --lm exp/ngram/it/word.bin --out ${tuned}"* ]]
    [[ "$output" == *"--output_dir exp/asr_x/decode_transcoder_lm/it_test --lm exp/ngram/it/word.bin --weights ${tuned}"* ]]
    [ "$(grep -c -- "--weights" <<<"$output")" -eq 1 ]
    [[ "$output" == *"--config exp/transcoder_it/config.yaml --out exp/asr_x/decode_transcoder_text/it_test/score_wer"* ]]
    [[ "$output" == *"--config exp/transcoder_it_transcoder_hyp_asr_x/config.yaml --out exp/asr_x/decode_transcoder/it_test/score_wer"* ]]
}

@test "without folds the recognizer of stage 8 decodes all of its training set" {
    run ./asr.sh "${few[@]}" --transcoder_config conf/transcoder.yaml --transcoder_hyp_config conf/transcoder_hyp.yaml \
        --hypothesis_folds 0 --stage 11 --stop_stage 11
    [ "$status" -eq 0 ]
    [[ "$output" != *split_data* ]]
    [[ "$output" == *"--model exp/asr_tune_it_train_5min_phn --data_dir dump/raw/it_train_5min "* ]]
}

@test "without a target each language has a Transcoder of what is heard in its own speech" {
    run ./asr.sh --dry_run true --langs "it es" --finetune_config conf/tune.yaml --asr_tag x --transcoder_noise true \
        --transcoder_config conf/transcoder.yaml --transcoder_hyp_config conf/transcoder_hyp.yaml --stage 10 --stop_stage 11
    [ "$status" -eq 0 ]
    for lang in it es; do
        [[ "$output" == *"--data_dir dump/raw/train/split2/1 --out_dir exp/asr_x/hypotheses/${lang}/part1of2 "*" --only_lang ${lang}"* ]]
        [[ "$output" == *"--data_dir dump/raw/${lang}_valid --out_dir exp/asr_x/hypotheses/${lang}/valid "* ]]
        [[ "$output" == *"--phone_noise exp/asr_x/decode_greedy/${lang}_valid/score_per/confusions.json"* ]]
    done
    [[ "$output" != *"--data_dir dump/raw/valid "* ]]
}

@test "Transcoders of other seeds have other names, but for a --transcoder_tag" {
    run ./asr.sh "${few[@]}" --transcoder_config conf/transcoder.yaml --asr_tag x_seed1 --seed 1 \
        --inference_modes transcoder --stage 10
    [ "$status" -eq 0 ]
    [[ "$output" == *"--output_dir exp/transcoder_seed1_it --resume true"*"--seed 1"* ]]
    [[ "$output" == *"--transcoder exp/transcoder_seed1_it "*"--output_dir exp/asr_x_seed1/decode_transcoder_seed1/it_test"* ]]
    run ./asr.sh "${few[@]}" --transcoder_config conf/transcoder.yaml --transcoder_tag y --asr_tag x --seed 1 --stage 10
    [[ "$output" == *"--output_dir exp/y_it --resume true"* ]]
    run ./asr.sh "${few[@]}" --transcoder_config conf/transcoder.yaml --asr_tag x --seed 0 --stage 10
    [[ "$output" == *"--output_dir exp/transcoder_it --resume true"* ]]
}

@test "without a configuration stages 10 and 11 do nothing" {
    run ./asr.sh "${few[@]}" --stage 10 --stop_stage 11
    [ "$status" -eq 0 ]
    [[ "$output" == *"no --transcoder_config: nothing to do"* ]]
    [[ "$output" == *"no --transcoder_hyp_config: nothing to do"* ]]
}

@test "options that do not go together exit 2" {
    run ./asr.sh "${few[@]}" --inference_modes transcoder
    [ "$status" -eq 2 ]
    run ./asr.sh "${few[@]}" --transcoder_hyp_config conf/transcoder_hyp.yaml
    [ "$status" -eq 2 ]
    run ./asr.sh "${few[@]}" --transcoder_config conf/transcoder.yaml --token_type char
    [ "$status" -eq 2 ]
    run ./asr.sh "${few[@]}" --transcoder_config conf/transcoder.yaml --hypothesis_folds 1
    [ "$status" -eq 2 ]
    run ./asr.sh "${few[@]}" --transcoder_config conf/no.yaml
    [ "$status" -eq 2 ]
    [[ "$output" == *"conf/no.yaml"* ]]
}

@test "what two Transcoders make of one recognizer's phones lies side by side" {
    : >conf/transcoder_oneconv.yaml
    run ./asr.sh "${few[@]}" --transcoder_config conf/transcoder_oneconv.yaml \
        --inference_modes "greedy transcoder transcoder_text" --asr_tag x --stage 12
    [ "$status" -eq 0 ]
    [[ "$output" == *"--transcoder exp/transcoder_oneconv_it --data_dir dump/raw/it_test --output_dir exp/asr_x/decode_transcoder_oneconv/it_test"* ]]
    [[ "$output" == *"--output_dir exp/asr_x/decode_transcoder_oneconv_text/it_test"* ]]
    [[ "$output" == *"--output_dir exp/asr_x/decode_greedy/it_test"* ]]
}

@test "text is heard as the recognizer hears the valid set" {
    run ./asr.sh "${few[@]}" --transcoder_config conf/transcoder.yaml --transcoder_noise true --asr_tag x \
        --inference_modes "transcoder" --stage 10
    [ "$status" -eq 0 ]
    [[ "$output" == *"--data_dir dump/raw/it_valid --output_dir exp/asr_x/decode_greedy/it_valid --decode greedy"* ]]
    [[ "$output" == *"--output_dir exp/transcoder_noise_it_asr_x "*"--phone_noise exp/asr_x/decode_greedy/it_valid/score_per/confusions.json"* ]]
    [[ "$output" == *"--transcoder exp/transcoder_noise_it_asr_x "*"--output_dir exp/asr_x/decode_transcoder_noise/it_test"* ]]
}
