#!/usr/bin/env bash
# Prepare one language of Multilingual LibriSpeech (OpenSLR 94): de, en, es, fr, it, nl, pl or pt.
#
# Leaves data/<lang>_{train,valid,test} (all of train), lists of the limited supervision in
# data/lists/<lang>/{10min_0 ... 10min_5,1h,10h}, and data/lm_text/<lang>.txt where the release's
# mls_lm_<language> is. Files of the user are neither changed nor downloaded over.
set -euo pipefail

lang=it  # language to prepare
mls=${MLS:-}  # folder that holds mls_italian, mls_italian_opus or their .tar.gz; an archive; its address; default: $MLS
codec=auto  # flac, opus, or auto: flac if it is there
download=false  # true: fetch the release (Opus unless --codec flac) and its text where they are missing
downloads=downloads  # where archives are fetched and unpacked
lm_text=true  # prepare the text for language models
max_missing=0.01  # share of transcripts that may have no audio
dry_run=false  # true: print the commands only

[ -e ./path.sh ] || { echo "error: no ./path.sh here; start it in the recipe's folder, as local/data.sh" >&2 && exit 2; }
# shellcheck source=egs/TEMPLATE/asr1/path.sh
. ./path.sh
. "${ASRKIT_ROOT}/utils/parse_options.sh"
. "${ASRKIT_ROOT}/utils/stages.sh"

case "${lang}" in
de | en | es | fr | it | nl | pl | pt) ;;
*)
    log "error: MLS has de, en, es, fr, it, nl, pl and pt, not '${lang}'"
    exit 2
    ;;
esac

run python3 local/mls_prepare.py --lang "${lang}" --mls "${mls}" --codec "${codec}" \
    --download "${download}" --downloads "${downloads}" --lm_text "${lm_text}" --max_missing "${max_missing}"
run python3 -m asrkit.bin.validate_data_dir "data/${lang}_train" "data/${lang}_valid" "data/${lang}_test" \
    --check_audio false # the walk through the folders has seen the files
variables_used "data/${lang}_train" MLS "${mls}"
