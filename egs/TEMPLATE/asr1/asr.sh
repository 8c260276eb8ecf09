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
expdir=exp  # experiments
dumpdir=dump  # formatted audio and tokenised text
launcher=""  # put before training and decoding commands; ${ASRKIT_ROOT}/utils/slurm.sh for Slurm

# -- Data
langs="en"  # languages (ISO 639-1) to prepare, pre-train on and, without a target, recognise
target=""  # language to fine-tune on and test; empty: all of langs together
labelled_minutes=0  # fine-tune on so many minutes of the target; 0: all of its training set
local_data_opts=""  # more options for local/data.sh
speed_perturb_factors=""  # for example "0.9 1.0 1.1"
min_wav_duration=0.2  # seconds; shorter utterances leave training and validation
max_wav_duration=30  # seconds; longer ones too
train_set=""  # default: train, <target>_train or <target>_train_<minutes>min
valid_set=""  # default: valid or <target>_valid
test_sets=""  # default: <lang>_test of the target or of all langs

# -- Tokens
token_type=phn  # phn, char or bpe
bpe_size=4000  # with token_type bpe
word_boundary=false  # with phn: keep <space> between words

# -- Training
pretrain_config=""  # conf/*.yaml of stage 6; empty: no pre-training
pretrain_tag=""  # default: the name of that file, less pretrain_
pretrain_sets=""  # sets of dumpdir/raw to pre-train on; default: train, all of langs
pretrain_valid_sets=""  # default: valid
pretrain_exp=""  # default: <expdir>/pretrain_<pretrain_tag>
pretrain_args=""  # more options of asr_train.py in stage 6; they do not rename the experiment
continue_config=""  # stage 7
finetune_config=""  # conf/*.yaml of stage 8
asr_tag=""  # default: <finetune_config>_<train_set>_<token_type>, and _from_<pretrain_tag>
asr_exp=""  # default: <expdir>/asr_<asr_tag>
finetune_args=""  # more options of asr_train.py in stage 8; they do not rename the experiment
max_update=""  # of stages 6 and 8; default: the configuration's
batch_bins=""  # likewise
accum_grad=""  # likewise
num_workers=""  # likewise
log_interval=""  # likewise
valid_interval=""  # likewise
save_interval=""  # likewise
seed=""  # likewise

# -- Language models and decoding
use_ngram=true  # make n-gram models and a lexicon per language (stage 9)
ngram_num=4  # their order
lm_text=data/lm_text  # folder of <lang>.txt, one sentence a line, added to the training texts
transcoder_config=""  # stages 10 and 11
inference_modes="greedy"  # of greedy, free (tokens with n-gram), lexicon, lexicon_lm
inference_args=""  # more options of asr_infer.py
results=""  # table to write; default: <expdir>/RESULTS.md
skip_packing=true  # stage 14

. ./path.sh
. "${ASRKIT_ROOT}/utils/parse_options.sh"
. "${ASRKIT_ROOT}/utils/stages.sh"
. "${ASRKIT_ROOT}/utils/asr_functions.sh"

if [ $# -ne 0 ]; then
    log "error: no arguments without -- expected, found: $*"
    exit 2
fi
check_options
name_experiments
[ "${skip_data_prep}" = false ] || skip_stages+=" 1 2 3 4 5"
[ "${skip_train}" = false ] || skip_stages+=" 6 7 8 9 10 11"
[ "${skip_eval}" = false ] || skip_stages+=" 12 13"
org=${dumpdir}/org
raw=${dumpdir}/raw

if in_stage 1 "data preparation"; then
    for lang in "${all_langs[@]}"; do
        # shellcheck disable=SC2086  # several options in one variable, split at spaces on purpose
        step "data/${lang}_train/.done" local/data.sh local/*.py -- local/data.sh --lang "${lang}" ${local_data_opts}
    done
fi

if in_stage 2 "speed perturbation"; then
    log "no --speed_perturb_factors: nothing to do"
fi

if in_stage 3 "format audio"; then
    for lang in "${all_langs[@]}"; do
        for part in train valid test; do
            step "${org}/${lang}_${part}/.done" "data/${lang}_${part}/wav.scp" "data/${lang}_${part}/text" -- \
                python3 -m asrkit.bin.format_audio --in_dir "data/${lang}_${part}" \
                --out_dir "${org}/${lang}_${part}" --nj "${nj}"
        done
    done
fi

if in_stage 4 "filter, combine, hours per language"; then
    prepare_sets
fi

if in_stage 5 "phonemes and token lists"; then
    for name in "${all_sets[@]}"; do
        tokenise "${raw}/${name}"
    done
    make_token_list
fi

if in_stage 6 "pre-train"; then
    if [ -z "${pretrain_config}" ]; then
        log "no --pretrain_config: ${asr_exp} starts from scratch"
    else
        # shellcheck disable=SC2086
        train "${pretrain_exp}" --config "${pretrain_config}" \
            --train_data "${pretrain_train_data[@]}" --valid_data "${pretrain_valid_data[@]}" \
            "${train_options[@]}" ${pretrain_args}
    fi
fi

if in_stage 7 "continue on the target"; then
    log "no --continue_config: not part of this recipe's systems"
fi

if in_stage 8 "fine-tune"; then
    if [ -z "${finetune_config}" ]; then
        log "no --finetune_config: nothing to do"
    else
        init=()
        if [ -n "${pretrain_config}" ]; then
            init=(--init "${pretrain_exp}/last.pt" --init_take encoder)
        fi
        # shellcheck disable=SC2086
        train "${asr_exp}" --config "${finetune_config}" "${init[@]}" \
            --train_data "${raw}/${train_set}" --valid_data "${raw}/${valid_set}" \
            --token_list "${token_list}" --token_file "${token_file}" \
            "${train_options[@]}" ${finetune_args}
    fi
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

if in_stage 10 "Transcoder on text" || in_stage 11 "Transcoder on hypotheses"; then
    log "no --transcoder_config: not part of this recipe's systems"
fi

if in_stage 12 "decode"; then
    for name in "${tests[@]}"; do
        for mode in ${inference_modes}; do
            decode "${name}" "${mode}"
        done
    done
fi

if in_stage 13 "score"; then
    for name in "${tests[@]}"; do
        for mode in ${inference_modes}; do
            score "${name}" "${mode}"
        done
    done
    run python3 -m asrkit.bin.results --exp "${expdir}" --out "${results}"
fi

if in_stage 14 "pack"; then
    log "--skip_packing true: nothing to do"
fi
report_done
log "stages ${stage} to ${stop_stage} done"
