#!/usr/bin/env bats
# What letters and subword units are learned from: --tokens_from, and text of the web that several stages read.
load helper

setup() {
    setup_recipe
    one=(--dry_run true --langs it --target it --finetune_config conf/tune.yaml --use_ngram false)
}

@test "subword units are learned by bpe, of the training set" {
    run ./asr.sh "${one[@]}" --token_type bpe --bpe_size 50 --stage 5 --stop_stage 8
    [ "$status" -eq 0 ]
    [[ "$output" == *"train_bpe --mode bpe --text dump/raw/it_train/text --utt2lang dump/raw/it_train/utt2lang --hyphens split --vocab_size 50 --out_dir data/token_list/bpe50_it"* ]]
    [[ "$output" == *"--out dump/raw/it_train/text.bpe50"* ]]
    [[ "$output" == *"exp/asr_tune_it_train_bpe50 "* ]]
}

@test "and of the text beside it, under names that say so" {
    mkdir web
    echo x >web/it.txt
    run ./asr.sh "${one[@]}" --token_type bpe --tokens_from text --lm_raw web --lm_raw_args "--sample 400000" --stage 5 --stop_stage 8
    [ "$status" -eq 0 ]
    [[ "$output" == *"clean_lm_text web/it.txt --lang it --nj 2 --held_out dump/raw/it_valid/text dump/raw/it_test/text --out data/lm_text/it.web.txt.gz --sample 400000"* ]]
    [[ "$output" == *"train_bpe --mode bpe --text dump/raw/it_train/text --plain data/lm_text/it.web.txt.gz --lang it --hyphens split --vocab_size 4000 --out_dir data/token_list/bpe4000_text_it"* ]]
    [[ "$output" == *"--model data/token_list/bpe4000_text_it/bpe.model --hyphens split --out dump/raw/it_test/text.bpe4000_text"* ]]
    [[ "$output" == *"exp/asr_tune_it_train_bpe4000_text "*"--token_list data/token_list/bpe4000_text_it/tokens.txt --token_file text.bpe4000_text"* ]]
}

@test "letters of the text are tokens, too; the labels are the same" {
    mkdir -p data/lm_text
    echo "una frase" >data/lm_text/it.txt
    run ./asr.sh "${one[@]}" --token_type char --tokens_from text --stage 5 --stop_stage 8
    [ "$status" -eq 0 ]
    [[ "$output" == *"token_list --text dump/raw/it_train/text.char --plain data/lm_text/it.txt --lang it --hyphens split --out data/token_list/char_text_it/tokens.txt"* ]]
    [[ "$output" == *"--token_list data/token_list/char_text_it/tokens.txt --token_file text.char"* ]]
    run ./asr.sh "${one[@]}" --token_type char --stage 5 --stop_stage 8
    [[ "$output" == *"token_list --text dump/raw/it_train/text.char --out data/token_list/char_it/tokens.txt"* ]]
}

@test "text that is not there, or of no one language, is an error" {
    sed -i 's/exit 9/echo "$@" >>called_python/' "${ASRKIT_VENV}/bin/python3"
    mkdir -p dump/raw/it_{train,valid,test}
    run ./asr.sh "${one[@]:2}" --token_type char --tokens_from text --stage 5 --stop_stage 5
    [ "$status" -eq 1 ]
    [[ "$output" == *"error: --tokens_from text: no data/lm_text/it.txt, and no --lm_raw with text of it"* ]]
    run ./asr.sh --dry_run true --langs "it es" --token_type char --tokens_from text
    [ "$status" -eq 2 ]
    [[ "$output" == *"--tokens_from text needs --target"* ]]
    run ./asr.sh "${one[@]}" --tokens_from text
    [ "$status" -eq 2 ]
    [[ "$output" == *"goes with --token_type char or bpe"* ]]
}

@test "the Transcoder reads what --lm_raw gives" {
    mkdir web
    : >conf/transcoder.yaml
    echo x >web/it.txt
    run ./asr.sh "${one[@]}" --lm_raw web --transcoder_config conf/transcoder.yaml --stage 10 --stop_stage 10
    [ "$status" -eq 0 ]
    [[ "$output" == *"clean_lm_text web/it.txt "* ]]
    [[ "$output" == *"transcoder_text --text dump/raw/it_train/text --plain data/lm_text/it.web.txt.gz "* ]]
    run ./asr.sh "${one[@]:2}" --lm_raw no --transcoder_config conf/transcoder.yaml --stage 10 --stop_stage 10
    [ "$status" -eq 2 ]
    [[ "$output" == *"--lm_raw: no folder no"* ]]
}

@test "rates are by those labels that a set has" {
    mkdir -p exp/asr_x/decode_greedy/it_test dump/raw/it_test
    touch exp/asr_x/last.pt dump/raw/it_test/{wav.scp,utt2num_samples,text,utt2lang,text.phn}
    sed -i 's/exit 9/echo "$@" >>called_python/' "${ASRKIT_VENV}/bin/python3"
    run ./asr.sh "${one[@]:2}" --asr_tag x --compare_labels "espeak lists" --stage 12 --stop_stage 13
    [ "$status" -eq 0 ]
    [[ "$output" == *"no text.lists in dump/raw/it_test: no PER by lists"* ]]
    [ ! -e exp/asr_x/decode_greedy_by_lists ]
    touch dump/raw/it_test/text.lists
    run ./asr.sh "${one[@]:2}" --asr_tag x --compare_labels "espeak lists" --stage 13 --stop_stage 13
    [ "$status" -eq 0 ]
    grep -q -- "--ref dump/raw/it_test/text.lists" called_python
}
