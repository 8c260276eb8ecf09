#!/usr/bin/env bats
# shellcheck disable=SC2016  # values that look like code are meant literally
# asr.sh: its stages. Nothing here needs the Python environment.
load helper
setup() { setup_recipe; }

@test "a dry run of all stages touches nothing" {
    before=$(listing)
    run ./asr.sh --dry_run true --langs "it es" --target it --labeled_minutes 5 --finetune_config conf/tune.yaml
    [ "$status" -eq 0 ]
    [[ "$output" == *"+ local/data.sh --lang it"* ]]
    [[ "$output" == *"asrkit.bin.asr_train --output_dir exp/asr_tune_it_train_5min_phn"* ]]
    [ "$(listing)" = "${before}" ]
}

@test "only the stages asked for run" {
    run ./asr.sh --dry_run true --langs it --stage 4 --stop_stage 5
    [ "$status" -eq 0 ]
    [[ "$output" != *"stage 3:"* && "$output" == *"stage 4:"* && "$output" == *"stage 5:"* && "$output" != *"stage 6:"* ]]
    run ./asr.sh --dry_run true --langs it --stage 1 --stop_stage 5 --skip_stages "2 4"
    [[ "$output" != *"stage 4:"* && "$output" == *"stage 3:"* && "$output" != *"stage 2:"* ]]
}

@test "stages without a configuration say so and train nothing" {
    run ./asr.sh --dry_run true --langs it --stage 6 --stop_stage 11
    [ "$status" -eq 0 ]
    for name in pretrain continue finetune transcoder; do
        [[ "$output" == *"no --${name}_config"* ]]
    done
    [[ "$output" != *asr_train* ]]
}

@test "a list of the target's utterances makes a training set named after it" {
    run ./asr.sh --dry_run true --langs it --target it --labeled_list 10h --finetune_config conf/tune.yaml
    [ "$status" -eq 0 ]
    [[ "$output" == *"--out_dir dump/raw/it_train_10h --utt_list data/lists/it/10h"* ]]
    [[ "$output" == *"--train_data dump/raw/it_train_10h "* ]]
    run ./asr.sh --dry_run true --langs it --labeled_list 10h
    [ "$status" -eq 2 ]
    run ./asr.sh --dry_run true --langs it --target it --labeled_list 10h --labeled_minutes 5
    [ "$status" -eq 2 ]
}

@test "corpora with the same language are told apart; audio alone is not combined" {
    run ./asr.sh --dry_run true --langs "" --pretrain_langs "mls_it cv_it cv_zh-hk" --pretrain_part pretrain \
        --pretrain_config conf/tune.yaml --skip_stages 5 --max_bad 0.01 --channel 2
    [ "$status" -eq 0 ]
    [[ "$output" == *"--train_data dump/raw/mls_it_pretrain dump/raw/cv_it_pretrain dump/raw/cv_zh-hk_pretrain "* ]]
    [[ "$output" != *combine_data* ]]
    [[ "$output" == *"format_audio"*"--max_bad 0.01 --channel 2"* ]]
    run ./asr.sh --dry_run true --channel 0
    [ "$status" -eq 2 ]
    [[ "$output" == *"--channel is the number of a channel"* ]]
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

@test "labels of the corpus train the model; PER is reported by them and by espeak's" {
    run ./asr.sh --dry_run true --langs it --stage 5 --finetune_config conf/tune.yaml \
        --phone_labels lists --compare_labels "espeak lists"
    [ "$status" -eq 0 ]
    [[ "$output" == *"token_list --text dump/raw/train/text.lists --out data/token_list/lists/tokens.txt --allow_flags true"* ]]
    [[ "$output" == *"--token_list data/token_list/lists/tokens.txt --token_file text.lists"* ]]
    own=$(grep 'decode_greedy/it_test/score_per' <<<"${output}")
    other=$(grep 'decode_greedy_by_espeak/it_test/score_per' <<<"${output}")
    [[ "${own}" == *"--ref dump/raw/it_test/text.lists --hyp"* ]]
    [[ "${other}" == *"--ref dump/raw/it_test/text.phn --hyp"*"decode_greedy/it_test/hyp.tokens"* ]]
    [[ "$output" != *by_lists* ]]
    run ./asr.sh --dry_run true --langs it --phone_labels lists --token_type char
    [ "$status" -eq 2 ]
}

@test "phones, lexicon and Transcoder's text are made by the same package" {
    run ./asr.sh --dry_run true --langs zu --stage 5 --finetune_config conf/tune.yaml --g2p epitran --use_ngram true
    [ "$status" -eq 0 ]
    [[ "$output" == *"bin.phonemize --data_dir dump/raw/"*"--g2p epitran"* ]]
    [[ $(grep 'bin.make_lexicon' <<<"${output}") == *"--g2p epitran"* ]]
    run ./asr.sh --dry_run true --langs it --stage 5 --finetune_config conf/tune.yaml
    [[ "$output" != *"--g2p"* ]]
    run ./asr.sh --dry_run true --langs zu --g2p epitran --token_type char
    [ "$status" -eq 2 ]
    [[ "$output" == *"--g2p epitran goes with --token_type phn"* ]]
    run ./asr.sh --dry_run true --langs zu --stage 5 --stop_stage 5 --g2p epitran --token_type auto
    [ "$status" -eq 0 ]
    [[ "$output" == *"bin.phonemize "* ]]
    # exit 3 of the verdict on the voices, which test/text has tests of; 9 where espeak-ng does not work
    run ./asr.sh --dry_run true --langs "it th" --stage 5 --stop_stage 5 --token_type auto
    [ "$status" -eq 2 ]
    [[ "$output" == *"espeak-ng does not work; give --token_type char"* ]]
    printf '#!/usr/bin/env bash\necho "no voice for ${*: -1}" >&2\nexit 3\n' >"${ASRKIT_VENV}/bin/python3"
    run ./asr.sh --dry_run true --langs "it th" --stage 5 --stop_stage 5 --token_type auto
    [ "$status" -eq 0 ]
    [[ "$output" == *"no voice for th"*"auto: char"* ]]
    run ./asr.sh --dry_run true --langs zu --g2p uroman
    [ "$status" -eq 2 ]
}

@test "separate vocabularies have tokens of their own; decoding can keep to the language" {
    run ./asr.sh --dry_run true --langs "it es" --finetune_config conf/tune.yaml --asr_tag x --vocabulary separate
    [ "$status" -eq 0 ]
    [[ "$output" == *"--data_dir dump/raw/train --tokens text.phn --out dump/raw/train/text.phn_separate"* ]]
    [[ "$output" == *"--token_list data/token_list/phn_separate/tokens.txt --token_file text.phn_separate"* ]]
    [[ "$output" == *"exp/asr_x/decode_greedy/it_test"* && "$output" != *"--restrict_langs"* ]]
    [[ "$output" == *"--ref dump/raw/it_test/text.phn "*"--strip_languages true"* ]]
    run ./asr.sh --dry_run true --langs "it es" --finetune_config conf/tune.yaml --asr_tag x --vocabulary separate \
        --restrict_langs true --inference_modes "greedy free"
    [[ "$output" == *"exp/asr_x/decode_greedy_restricted/it_test --decode greedy --restrict_langs true"* ]]
    [[ "$output" == *"exp/asr_x/decode_free_restricted/it_test --decode free --restrict_langs true --lm exp/ngram/it/phn.bin"* ]]
    run ./asr.sh --dry_run true --langs it --restrict_langs true
    [ "$status" -eq 2 ]
    run ./asr.sh --dry_run true --langs it --vocabulary both
    [ "$status" -eq 2 ]
}

@test "a test set of several names is searched with what its language has" {
    run ./asr.sh --dry_run true --langs "it mls_it" --finetune_config conf/tune.yaml --asr_tag x --test_sets "it_dev_other mls_it_test it_test es_test" \
        --inference_modes lexicon --tune_lm true --stage 12 --stop_stage 12
    [ "$status" -eq 0 ]
    [[ "$output" == *"--data_dir dump/raw/it_dev_other "*"--lexicon exp/ngram/it/lexicon.txt --weights exp/asr_x/tune_lm/it/lexicon.json"* ]]
    [[ "$output" == *"--data_dir dump/raw/mls_it_test "*"--lexicon exp/ngram/mls_it/lexicon.txt --weights"* ]]
    [[ "$output" == *"--data_dir dump/raw/es_test "*"--lexicon exp/ngram/es/lexicon.txt --weights"* ]]
    [[ "$output" != *"ngram/it_dev"* ]]
}

@test "weights of the search are chosen on the valid set" {
    run ./asr.sh --dry_run true --langs it --finetune_config conf/tune.yaml --asr_tag x --tune_lm true \
        --inference_modes "greedy lexicon lexicon_lm" --stage 12 --stop_stage 12
    [ "$status" -eq 0 ]
    [[ "$output" == *"--data_dir dump/raw/it_valid --output_dir exp/asr_x/tune_lm/it --decode greedy --keep_scores true"* ]]
    [[ "$output" == *"--out exp/asr_x/tune_lm/it/lexicon_lm.json"* ]]
    [[ "$output" == *"--decode lexicon_lm --lexicon exp/ngram/it/lexicon.txt --lm exp/ngram/it/word.bin --weights exp/asr_x/tune_lm/it/lexicon_lm.json"* ]]
    [[ "$output" == *"--word_scores -6"*"--out exp/asr_x/tune_lm/it/lexicon.json"* ]]
    [[ "$output" != *"tune_lm/it/greedy"* ]]
}

@test "gpu_inference moves every network that decodes to a GPU, and no training" {
    all=(./asr.sh --dry_run true --langs it --target it --finetune_config conf/tune.yaml --stage 8
        --transcoder_config conf/tune.yaml --transcoder_hyp_config conf/tune.yaml --tune_lm true
        --inference_modes "greedy lexicon_lm transcoder")
    run "${all[@]}"
    [[ "$status" -eq 0 && "$output" != *"--device"* ]]
    run "${all[@]}" --gpu_inference true
    [ "$status" -eq 0 ]
    decoding=$(grep -cE 'bin\.(asr_infer|dump_posteriors|transcode) ' <<<"${output}")
    [ "${decoding}" -ge 6 ]
    [ "$(grep -c -- '--device cuda' <<<"${output}")" -eq "${decoding}" ]
    [[ "$(grep bin.asr_train <<<"${output}")" != *"--device"* ]]
}

@test "a lexicon of letters lies beside that of phones" {
    run ./asr.sh --dry_run true --langs it --finetune_config conf/tune.yaml --asr_tag x --token_type char \
        --inference_modes "lexicon" --stage 9 --stop_stage 12
    [ "$status" -eq 0 ]
    [[ "$output" == *"--type char"*"--out exp/ngram/it/lexicon.char.txt"* ]]
    [[ "$output" == *"--decode lexicon --lexicon exp/ngram/it/lexicon.char.txt"* ]]
}

@test "a model of subword units has a lexicon of these" {
    run ./asr.sh --dry_run true --langs it --finetune_config conf/tune.yaml --asr_tag x --token_type bpe --bpe_size 50 \
        --inference_modes "lexicon" --stage 9 --stop_stage 12
    [ "$status" -eq 0 ]
    [[ "$output" == *"--type bpe"*"--bpe_model data/token_list/bpe50/bpe.model --out exp/ngram/it/lexicon.bpe50.txt"* ]]
    [[ "$output" == *"--decode lexicon --lexicon exp/ngram/it/lexicon.bpe50.txt"* ]]
}

@test "web text is cleaned for the n-grams, without what is held out" {
    mkdir web
    echo x >web/it.xz
    run ./asr.sh --dry_run true --langs it --lm_raw web --ngram_prune "0 0 1" --lexicon_words 9 --stage 9 --stop_stage 9
    [ "$status" -eq 0 ]
    [[ "$output" == *"clean_lm_text web/it.xz --lang it --nj 2 --held_out dump/raw/it_valid/text dump/raw/it_test/text"* ]]
    [[ "$output" == *"--order 4 --prune 0 0 1 --out exp/ngram/it/word.bin"* ]]
    [[ "$output" == *"--max_words 9"* ]]
}

@test "another lexicon is decoded and tuned with again" {
    mkdir -p exp/asr_x exp/ngram/it dump/raw/it_test dump/raw/it_valid
    touch exp/asr_x/last.pt dump/raw/it_test/wav.scp dump/raw/it_valid/{wav.scp,text} exp/ngram/it/lexicon.txt
    printf '#!/usr/bin/env bash\necho "$@" >>called_python\n' >"${ASRKIT_VENV}/bin/python3"
    mkdir -p exp/asr_x/decode_lexicon/it_test exp/asr_x/tune_lm/it
    decode() {
        sleep 0.02
        run ./asr.sh --langs it --asr_tag x --tune_lm true --inference_modes lexicon --stage 12 --stop_stage 12
        [ "$status" -eq 0 ]
    }
    decode
    touch exp/asr_x/tune_lm/it/lexicon.json exp/asr_x/tune_lm/it/.done.lexicon
    decode
    before=$(wc -l <called_python)
    sleep 0.02
    touch exp/ngram/it/lexicon.txt
    decode
    [ "$(wc -l <called_python)" -eq $((before + 2)) ]
}

@test "texts and segments that changed go through stages 3 and 4" {
    mkdir -p {data,dump/org,dump/raw}/it_{train,valid,test} dump/raw/{train,valid}
    touch data/it_{train,valid,test}/{wav.scp,text,text.lists,segments} dump/org/it_{train,valid,test}/wav.scp
    printf '#!/usr/bin/env bash\necho "$2" >>called_python\n' >"${ASRKIT_VENV}/bin/python3"
    prepare() {
        sleep 0.02
        : >called_python
        run ./asr.sh --langs it --stage 3 --stop_stage 4
        [ "$status" -eq 0 ]
        grep -v hours called_python | sort | uniq -c | tr "\n" " " || true
    }
    prepare
    [ "$(prepare)" = "" ]
    for name in text text.lists segments; do
        sleep 0.02
        touch "data/it_train/${name}"
        [[ "$(prepare)" == *"1 asrkit.bin.combine_data"*"1 asrkit.bin.filter_data"*"1 asrkit.bin.format_audio "* ]]
    done
}

@test "another language of the same texts makes other tokens" {
    mkdir -p dump/raw/it_{train,valid,test} data/token_list/char_it
    touch dump/raw/it_{train,valid,test}/{text,utt2lang,text.char}
    printf '#!/usr/bin/env bash\necho "$2" "$4" >>called_python\n' >"${ASRKIT_VENV}/bin/python3"
    for name in first again other; do
        sleep 0.02
        [ "${name}" != other ] || touch dump/raw/it_test/utt2lang
        : >called_python
        run ./asr.sh --langs it --target it --token_type char --stage 5 --stop_stage 5
        [ "$status" -eq 0 ]
        [ "${name}" != again ] || [ ! -s called_python ]
    done
    [ "$(cat called_python)" = "asrkit.bin.tokenize dump/raw/it_test" ]
}

@test "stages of which none is left are told, not called done" {
    run ./asr.sh --stage 14 --langs it --dry_run true
    [ "$status" -eq 0 ]
    [[ "$output" == *"warning: nothing was done: --stage 14 is after --stop_stage 13"* ]]
    run ./asr.sh --stage 99999999999999999999 --dry_run true
    [ "$status" -eq 2 ]
}

@test "what hyphens do to words is one choice for labels, lexicon, n-gram, weights and scores" {
    run ./asr.sh --dry_run true --langs it --target it --finetune_config conf/tune.yaml --asr_tag x --hyphens keep \
        --inference_modes "lexicon_lm" --tune_lm true
    [ "$status" -eq 0 ]
    for program in phonemize make_lexicon "train_ngram --text dump/raw/it_train/text --lang" tune_lm "score --unit wer"; do
        [[ "$output" =~ asrkit\.bin\.${program}[^$'\n']*--hyphens\ keep ]]
    done
    run ./asr.sh --dry_run true --langs it --token_type bpe --finetune_config conf/tune.yaml --asr_tag x --hyphens keep
    for program in tokenize train_bpe; do
        [[ "$output" =~ asrkit\.bin\.${program}[^$'\n']*--hyphens\ keep ]]
    done
    [[ "$output" != *"--hyphens split"* ]]
    run ./asr.sh --dry_run true --langs it --hyphens drop
    [ "$status" -eq 2 ]
    [[ "$output" == *"--hyphens is one of: split keep"* ]]
}

@test "weights are tuned with the beam that they are used with" {
    run ./asr.sh --dry_run true --langs it --finetune_config conf/tune.yaml --stage 12 --stop_stage 12 --inference_modes lexicon_lm \
        --tune_lm true --beam_args "--beam_size 300 --nj 3 --beam_threshold=100"
    [ "$status" -eq 0 ]
    tuned=$(grep 'bin.tune_lm ' <<<"${output}")
    [[ ${tuned} == *" --beam_size 300 --beam_threshold=100 "* ]]
    [[ ${tuned} != *"--nj 3"* ]]
}
