#!/usr/bin/env bash
# Prepare one language of IARPA BABEL; asr.sh calls it once for each of its languages in stage 1.
#
# Leaves data/<lang>_train (nine tenths of the full language pack's training sides), data/<lang>_valid
# (the rest; no speaker is in both) and data/<lang>_test (the official dev sides), and in
# data/faults/<lang>.tsv what was wrong with the transcripts. Files of the corpus are only read.
set -euo pipefail

lang=ka  # language as in local/packs.tsv: ka, zh (or yue), tpi, ceb, ...
babel=${BABEL:-}  # folder that holds the releases, below it somewhere; BABEL if that is set
packs=${BABEL_PACKS:-}  # releases elsewhere: "404=/corpora/georgian 101=/corpora/cantonese"; BABEL_PACKS if set
tags=xlsr  # what becomes of tags such as <breath>: xlsr, kaldi or lhotse (local/tags.tsv)
lexicon=""  # with --tags kaldi; default: reference_materials/lexicon.txt of the release
roman=false  # true: transcript_roman instead of transcription
train_list=""  # train on these sides only: a list of the limited language pack
valid_split=speaker  # speaker, or utterance: voices of the validation set are trained on
valid_share=0.1  # of the training sides' speech
split_seed=0  # another choice of speakers
dry_run=false  # true: print the commands only

[ -e ./path.sh ] || { echo "error: no ./path.sh here; start it in the recipe's folder, as local/data.sh" >&2 && exit 2; }
# shellcheck source=egs/TEMPLATE/asr1/path.sh
. ./path.sh
. "${ASRKIT_ROOT}/utils/parse_options.sh"
. "${ASRKIT_ROOT}/utils/stages.sh"

if [ -z "${babel}${packs}" ] && [ "${dry_run}" = false ]; then
    log "error: where is BABEL? Give --babel FOLDER (of asr.sh: --local_data_opts \"--babel FOLDER\"), or set BABEL"
    exit 2
fi
read -r -a folders <<<"${packs}"

run python3 local/babel_prepare.py --lang "${lang}" --data data \
    ${babel:+--babel "${babel}"} ${packs:+--packs "${folders[@]}"} ${lexicon:+--lexicon "${lexicon}"} \
    ${train_list:+--train_list "${train_list}"} --roman "${roman}" --tags "${tags}" \
    --valid_split "${valid_split}" --valid_share "${valid_share}" --seed "${split_seed}"
run python3 -m asrkit.bin.validate_data_dir "data/${lang}_train" "data/${lang}_valid" "data/${lang}_test"
variables_used "data/${lang}_train" BABEL "${babel}" BABEL_PACKS "${packs}"
