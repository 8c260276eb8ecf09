#!/usr/bin/env bash
# The stage runner of every recipe: from audio to a table of error rates.
#
#  1 data preparation          2 speed perturbation        3 format audio (16 kHz mono FLAC)
#  4 filter, combine, hours    5 phonemes and token lists  6 pre-train
#  7 continue on the target    8 fine-tune                 9 n-gram language models
# 10 Transcoder on text       11 Transcoder on hypotheses 12 decode
# 13 score, RESULTS.md        14 pack
#
# Every stage can be run again; what is complete is not done twice, training goes on where it stopped.
set -euo pipefail

# -- Which stages
stage=1  # first stage
stop_stage=13  # last stage
skip_stages=""  # stages to leave out, for example "9 12"
skip_data_prep=false  # leave out stages 1-5
skip_train=false  # leave out stages 6-11
skip_eval=false  # leave out stages 12-13
dry_run=false  # print the commands and do nothing

# -- Where and how much
ngpu=0  # GPUs; 0 computes on the CPU
nj=2  # processes for preparing data
inference_nj=2  # processes for decoding
gpu_inference=false  # true: networks decode on a GPU; beam searches stay on the CPU
expdir=exp  # experiments
dumpdir=dump  # formatted audio and tokenized text
launcher=""  # put before training commands (stages 6-8, 10, 11) and those of shards; ${ASRKIT_ROOT}/utils/slurm.sh for Slurm
shards=1  # jobs that stages 3, 5, 11 and 12 are dealt to: an array of the launcher, else --nj (--inference_nj) at a time

# -- Data
langs="en"  # languages (ISO 639-1, or <corpus>_<language>) to prepare, pre-train on and, without a target, recognize
target=""  # language to fine-tune on and test; empty: all of langs together
pretrain_langs=""  # languages to pre-train on instead; they need no labels
pretrain_part=train  # part of each of them to pre-train on: another than train needs no labels
labeled_minutes=0  # fine-tune on so many minutes of the target; 0: all of its training set
labeled_list=""  # fine-tune on data/lists/<target>/<labeled_list>, ids of its training set, one a line
local_data_opts=""  # more options for local/data.sh; here and in --*_args quotes keep words together: "--title 'two words'"
max_bad=""  # unreadable utterances that stage 3 leaves out of each set: a number or, below 1, a share; default: none
channel=""  # of recordings with several, the one that stage 3 takes, from 1; default: their mean
speed_perturb_factors=""  # fine-tune on copies at these speeds, for example "0.9 1.0 1.1"
min_wav_duration=0.2  # seconds; shorter utterances leave training and validation
max_wav_duration=30  # seconds; longer ones too
train_set=""  # default: train, <target>_train or <target>_train_<minutes>min; with copies: and _sp
valid_set=""  # default: valid or <target>_valid
test_sets=""  # default: <lang>_test of the target or of all langs; en_test_other has the n-grams of en

# -- Tokens
token_type=phn  # phn, char or bpe; auto: phn where espeak-ng has a voice for every language that may be used (docs/languages.md) or --g2p is epitran, else char
g2p=espeak  # with phn: what makes phones: espeak (espeak-ng), or epitran (pip install epitran) where that has the languages
phone_labels=espeak  # with phn: espeak, those of stage 5 (by --g2p), or NAME: text.NAME that stage 1 left next to the text
compare_labels=""  # report PER by these labels too, of espeak and such names
bpe_size=4000  # with token_type bpe
tokens_from=train  # what char and bpe are learned from: train, the training set, or text, its text and that of lm_text (lm_raw)
hyphens="split"  # split: well-known is two words; keep: one. espeak reads it whole in any case
max_unread=0.01  # with phn: share of a language's texts that may hold characters it cannot read
word_boundary=false  # with phn: keep <space> between words
vocabulary=shared  # shared, or separate: each language has tokens of its own, such as (it)a

# -- Training
pretrain_config=""  # conf/*.yaml of stage 6; empty: no pre-training
pretrain_tag=""  # default: the name of that file, less pretrain_
pretrain_sets=""  # sets of dumpdir/raw to pre-train on; default: train, or <lang>_<pretrain_part>
pretrain_unlabeled_sets=""  # with pretrain_labels: more sets, of audio alone, learned from together (TranUSR's equation 3)
pretrain_valid_sets=""  # default: valid, or <lang>_valid
pretrain_labels=false  # true: stage 6 learns from phones too (UniSpeech, UniData2vec), whatever --token_type
pretrain_exp=""  # default: <expdir>/pretrain_<pretrain_tag>
pretrain_args=""  # more options of asr_train.py in stage 6; they do not rename the experiment
language_alpha=""  # of stage 6: languages are sampled by hours^alpha; default: the configuration's
pretrained=""  # model to go on from instead of stage 6: exp/<name>, or one checkpoint, e.g. one that convert_checkpoint wrote
pretrained_source=""  # or a folder of transformers, hf:owner/name[@revision] of the hub, or a .pt of fairseq: stage 6 converts it
convert_args=""  # more options of convert_checkpoint, where the source does not say all
continue_config=""  # conf/*.yaml of stage 7: goes on from stage 6, on the audio of the target or on continue_sets
continue_tag=""  # default: <continue_config>_<target>_from_<pretrain_tag>
continue_sets=""  # sets of dumpdir/raw for it; default: <target>_<pretrain_part>
continue_labels=false  # true: stage 7 learns from phones (of continue_sets, of any of langs), whatever --token_type
continue_exp=""  # default: <expdir>/continue_<continue_tag>
continue_args=""  # more options of asr_train.py in stage 7
finetune_config=""  # conf/*.yaml of stage 8
learning_rates=""  # of stage 8: one model each, the best on the valid set stays, e.g. "2e-5 4e-5 6e-5"
asr_tag=""  # default: <finetune_config>_<train_set>_<token_type>, and _from_<pretrain_tag>
asr_exp=""  # default: <expdir>/asr_<asr_tag>
self_training=0  # stage 8: so many rounds that add what the round before writes down, where it is sure, to the labels
self_training_sets=""  # sets of dumpdir/raw, or of data, that are written down; default: <target>_train, less what is labeled
self_training_args=""  # more options of label_data.py, e.g. "--min_confidence 0.6"
self_training_update=""  # updates of a round; default: the configuration's
finetune_args=""  # more options of asr_train.py in stage 8; they do not rename the experiment
language_config=""  # conf/*.yaml of stage 8: then a classifier of all languages, for asr_infer.py --lang auto; empty: none
language_exp=""  # of it; default: <expdir>/language, where --lang auto looks
language_args=""  # more options of asr_train.py for it
yes=false  # true: train even what would take longer than two months

# -- Language models and decoding
use_ngram=true  # make n-gram models and a lexicon per language (stage 9)
ngram_num=4  # their order
ngram_prune=""  # KenLM's thresholds by order for the word n-gram, for example "0 0 1"
lm_text=data/lm_text  # folder of <lang>.txt or .txt.gz, a sentence a line, added to the training texts
own_text_times=1  # how often the training texts count in the word n-gram, beside much other text; then word_own<times>.bin
lm_raw=""  # folder of <lang>.txt, .gz, .xz or .bz2 as from the web: cleaned for lm_text by the first stage that reads it
lm_raw_args=""  # more options of clean_lm_text.py, for example "--json_field raw_content" or "--sample 400000"
lexicon_words=""  # so many of the most frequent words in the lexicon; default: all
transcoder_config=""  # conf/*.yaml of stage 10: a model from phones to words, on text alone
transcoder_hyp_config=""  # conf/*.yaml of stage 11: goes on from it on what recognizers write; empty: not tuned
transcoder_tag=""  # of its experiments, <expdir>/<transcoder_tag>_<lang>; default: the name of transcoder_config
transcoder_words=50000  # so many of the most frequent words it can write
transcoder_args=""  # more options of asr_train.py in stages 10 and 11
transcoder_noise=false  # true: stage 10 corrupts its text with the errors that the recognizer of stage 8 makes on the valid set
transcoder_text_args=""  # more options of transcoder_text, for example "--test 500"
hypothesis_folds=2  # stage 11: a recognizer of the other parts decodes each part; 0: the one of stage 8 decodes all
inference_modes="greedy"  # of greedy, free (tokens with n-gram), lexicon, lexicon_lm, transcoder, transcoder_lm, transcoder_text (before stage 11)
tune_lm=false  # choose the weights of n-gram and words on the valid set of each language
prior_weights=""  # of label priors in searches (docs/transcribe.md), or several for --tune_lm true to choose from: "0 0.3 0.6"
restrict_langs=false  # with separate vocabularies: an utterance has tokens of its language only
inference_args=""  # more options of asr_infer.py in every mode, for example "--max_seconds 20"
beam_args=""  # more options of asr_infer.py where it searches (not greedy), for example "--beam_size 100"
score_label=""  # how the texts were made, e.g. "tags: xlsr"; shown with every error rate
results=""  # table to write; default: <expdir>/RESULTS.md
results_args=""  # more options of results.py, for example "--baseline xlsr_mono --langs as tl sw lo"
skip_packing=true  # false: stage 14 writes <asr_exp>/<name>.zip, which asr_infer.py takes; without stage 8 <pretrain_exp>/<name>.zip
pack_args=""  # more options of pack, e.g. "--license cc-by-4.0"

if [ ! -e ./path.sh ]; then
    echo "error: no ./path.sh here; start it in the folder of a recipe: cd ${0%/*} && ./${0##*/}" >&2
    exit 2
fi
. ./path.sh
. "${ASRKIT_ROOT}/utils/training_options.sh"
. "${ASRKIT_ROOT}/utils/parse_options.sh"
. "${ASRKIT_ROOT}/utils/stages.sh"
. "${ASRKIT_ROOT}/utils/launch.sh"
. "${ASRKIT_ROOT}/utils/asr_checks.sh"
. "${ASRKIT_ROOT}/utils/asr_names.sh"
. "${ASRKIT_ROOT}/utils/asr_used.sh"
. "${ASRKIT_ROOT}/utils/asr_data.sh"
. "${ASRKIT_ROOT}/utils/asr_train.sh"
. "${ASRKIT_ROOT}/utils/self_training.sh"
. "${ASRKIT_ROOT}/utils/language.sh"
. "${ASRKIT_ROOT}/utils/asr_decode.sh"
. "${ASRKIT_ROOT}/utils/asr_models.sh"
. "${ASRKIT_ROOT}/utils/transcoder.sh"

if [ $# -ne 0 ]; then
    log "error: no arguments without -- expected, found: $*"
    exit 2
fi
[ "${skip_data_prep}" = false ] || skip_stages+=" 1 2 3 4 5"
[ "${skip_train}" = false ] || skip_stages+=" 6 7 8 9 10 11"
[ "${skip_eval}" = false ] || skip_stages+=" 12 13"
check_options
check_used
name_experiments
check_language
need_data
org=${dumpdir}/org
raw=${dumpdir}/raw

if in_stage 1 "data preparation"; then
    for lang in "${all_langs[@]}"; do
        step "data/${lang}_train/.done" local/data.sh local/*.py "${local_data_files[@]}" -- \
            local/data.sh --lang "${lang}" "${local_data_opts[@]}"
    done
fi

if in_stage 2 "speed perturbation"; then
    if [ -z "${speed_perturb_factors}" ]; then
        log "no --speed_perturb_factors: nothing to do"
    else
        perturb_speed
    fi
fi

if in_stage 3 "format audio"; then
    format_sets
fi

if in_stage 4 "filter, combine, hours per language"; then
    prepare_sets
fi

if in_stage 5 "phonemes and token lists"; then
    for name in "${all_sets[@]}"; do
        tokenize "${raw}/${name}"
    done
    make_token_list
    [ -z "${language_config}" ] || list_languages
fi

if in_stage 6 "pre-train"; then
    if [ -n "${pretrained_source}" ]; then
        convert_pretrained
    elif [ -n "${pretrained}" ]; then
        log "--pretrained ${pretrained}: nothing to do"
    elif [ -z "${pretrain_config}" ]; then
        log "no --pretrain_config: ${asr_exp} starts from scratch"
    else
        pretrain
    fi
fi

if in_stage 7 "continue on the target"; then
    if [ -z "${continue_config}" ]; then
        log "no --continue_config: nothing to do"
    else
        continue_pretraining
    fi
fi

if in_stage 8 "fine-tune"; then
    if [ -z "${finetune_config}" ]; then
        log "no --finetune_config: nothing to do"
    else
        finetune "${asr_exp}" "${train_set}"
    fi
    [ -z "${language_config}" ] || train_language
fi

if in_stage 9 "n-gram language models"; then
    if [ "${use_ngram}" = true ]; then
        for lang in "${test_langs[@]}"; do
            make_ngram "${lang}"
        done
    else
        log "--use_ngram false: nothing to do"
    fi
fi

if in_stage 10 "Transcoder on text"; then
    if [ -z "${transcoder_config}" ]; then
        log "no --transcoder_config: nothing to do"
    else
        for lang in "${test_langs[@]}"; do
            transcoder_on_text "${lang}"
        done
    fi
fi

if in_stage 11 "Transcoder on hypotheses"; then
    if [ -z "${transcoder_hyp_config}" ]; then
        log "no --transcoder_hyp_config: nothing to do"
    else
        for lang in "${test_langs[@]}"; do
            transcoder_on_hypotheses "${lang}"
        done
    fi
fi

if in_stage 12 "decode"; then
    for name in "${tests[@]}"; do
        for mode in ${inference_modes}; do
            decode "${name}" "${mode}"
        done
    done
    [ -z "${language_config}" ] || score_language
fi

if in_stage 13 "score"; then
    for name in "${tests[@]}"; do
        for mode in ${inference_modes}; do
            score "${name}" "${mode}"
        done
    done
    if [ -n "${transcoder_config}" ]; then
        for lang in "${test_langs[@]}"; do
            transcode_text "${lang}"
        done
    fi
    run python3 -m asrkit.bin.results --exp "${expdir}" --out "${results}" "${results_args[@]}"
fi

if in_stage 14 "pack"; then
    if [ "${skip_packing}" = true ]; then
        log "--skip_packing true: nothing to do"
    elif [ -n "${finetune_config}" ]; then
        pack_model
    elif [ -n "${pretrain_config}" ]; then
        pack_pretrained
    else
        log "neither --finetune_config nor --pretrain_config: no model to pack"
    fi
fi
report_done
if ((stage > stop_stage)); then
    log "warning: nothing was done: --stage ${stage} is after --stop_stage ${stop_stage}"
else
    log "stages ${stage} to ${stop_stage} done"
fi
