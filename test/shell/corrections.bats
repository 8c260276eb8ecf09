#!/usr/bin/env bats
# utils/corrections.sh: models of few labels and of corrections, chosen in two ways.
load helper
setup() {
    setup_recipe
    # shellcheck disable=SC2154  # root is set by setup_recipe
    corrections=${root}/utils/corrections.sh
    : >conf/ctc_few.yaml
}

@test "a dry run shows every model, what is written down and what is chosen, and touches nothing" {
    mkdir -p exp/pretrain_xlsr
    before=$(listing)
    run "${corrections}" --dry_run true --seeds "0 3" --minutes "2 5" --max_update 7
    [ "$status" -eq 0 ]
    [ "$(grep -c '^+ ./asr.sh ' <<<"$output")" -eq 10 ] # for each seed one of the few labels and four of corrections
    [ "$(grep -c 'asr_train --output_dir exp/asr_it_5min_from_xlsr\(_[a-z_]*_[25]min\)\?_seed[03] .*--seed [03]' <<<"$output")" -eq 10 ]
    [ "$(grep -c 'asr_train .* --max_update 7' <<<"$output")" -eq 10 ]
    grep -q 'label_data --model exp/asr_it_5min_from_xlsr_seed3 .* --without dump/raw/it_train_5min .* --min_confidence 0' <<<"$output"
    grep -q 'subset_data_dir .* --minutes 2 --lowest utt2confidence' <<<"$output"
    grep -q 'subset_data_dir .*_seed3_random_5min --minutes 5 --seed 3' <<<"$output"
    grep -q -- '--utt_list data/lists/it/5min_from_xlsr_least_certain_5min_seed3 ' <<<"$output"
    [ "$(listing)" = "${before}" ]
}

@test "models of letters have names and lists of their own" {
    mkdir -p exp/pretrain_xlsr
    run "${corrections}" --dry_run true --seeds 0 --minutes 2 --ways random --token_type char
    [ "$status" -eq 0 ]
    [ "$(grep -c 'asr_train --output_dir exp/asr_it_char_5min_from_xlsr\(_random_2min\)\?_seed0 ' <<<"$output")" -eq 2 ]
    grep -q -- '--lexicon exp/ngram/it_train_5min/lexicon.char.txt' <<<"$output"
    grep -q -- '--utt_list data/lists/it/char_5min_from_xlsr_random_2min_seed0 ' <<<"$output"
}

@test "other text that has changed, or is compressed, makes the search again" {
    mkdir -p exp/pretrain_xlsr data/lm_text dump/raw/it_train_5min exp/ngram/it_train_5min
    echo parole >data/lm_text/it.txt
    touch dump/raw/it_train_5min/text
    makes=' --out exp/ngram/it_train_5min/lexicon.txt$'
    once=("${corrections}" --dry_run true --seeds 0 --minutes 2 --ways random)
    "${once[@]}" 2>&1 | sed -n "s|^+ \(.*${makes}\)|\1|p" | head -n 1 >exp/ngram/it_train_5min/.done.lexicon
    [ -s exp/ngram/it_train_5min/.done.lexicon ]
    run "${once[@]}"
    [ "$(grep -c -- "${makes}" <<<"$output")" -eq 0 ]
    sleep 0.02
    echo altre >data/lm_text/it.txt
    run "${once[@]}"
    [ "$(grep -c -- "${makes}" <<<"$output")" -eq 1 ]
    echo altre | gzip >data/lm_text/it.txt.gz
    run "${once[@]}"
    grep -q -- '--plain data/lm_text/it.txt data/lm_text/it.txt.gz ' <<<"$output"
}

@test "the search splits words, finds other text and makes phones as the models are told to" {
    mkdir -p exp/pretrain_xlsr other
    echo parole >other/it.txt
    run "${corrections}" --dry_run true --seeds 0 --minutes 2 --ways random --hyphens keep --lm_text other --g2p epitran
    [ "$status" -eq 0 ]
    grep -q 'make_lexicon .* --plain other/it.txt --lang it --type phn --hyphens keep .*--g2p epitran --out exp/ngram/it_train_5min/lexicon.txt' <<<"$output"
    grep -q '^+ ./asr.sh .* --g2p epitran --hyphens keep --lm_text other ' <<<"$output"
}

@test "wrong options exit 2 before anything runs" {
    for options in "--ways best" "--seeds x" "--minutes five" "--token_type bpe" "--hyphens join" "--g2p x" "--g2p epitran --token_type char" "--asr_tag a" "--labeled_list l" "--seed 1"; do
        # shellcheck disable=SC2086  # an option and its value
        run "${corrections}" ${options}
        [ "$status" -eq 2 ]
    done
    run "${corrections}" --seeds ""
    [ "$status" -eq 2 ]
    [[ "$output" == *"--seeds is empty"* ]]
    rm asr.sh
    run "${corrections}"
    [ "$status" -eq 2 ]
    [[ "$output" == *"start it in the folder of a recipe"* ]]
}
