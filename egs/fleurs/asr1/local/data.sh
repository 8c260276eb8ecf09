#!/usr/bin/env bash
# Prepare one of the 102 languages of FLEURS (local/configs.tsv).
#
# Leaves data/<lang>_{train,valid,test}. Files of the user are neither changed nor downloaded over.
set -euo pipefail

lang=it  # language: ISO code of local/configs.tsv
fleurs=${FLEURS:-}  # folder that holds it_it or data/it_it; default: $FLEURS
download=false  # true: fetch the language where it is missing
downloads=downloads  # where archives are fetched and unpacked
raw_text=false  # true: with case and punctuation; false: as the release normalizes
max_missing=0.01  # share of lines that may have no audio
dry_run=false  # true: print the commands only

[ -e ./path.sh ] || { echo "error: no ./path.sh here; start it in the recipe's folder, as local/data.sh" >&2 && exit 2; }
# shellcheck source=egs/TEMPLATE/asr1/path.sh
. ./path.sh
. "${ASRKIT_ROOT}/utils/parse_options.sh"
. "${ASRKIT_ROOT}/utils/stages.sh"

run python3 local/fleurs_prepare.py --lang "${lang}" ${fleurs:+--fleurs "${fleurs}"} \
    --download "${download}" --downloads "${downloads}" --raw_text "${raw_text}" --max_missing "${max_missing}"
run python3 -m asrkit.bin.validate_data_dir "data/${lang}_train" "data/${lang}_valid" "data/${lang}_test"
variables_used "data/${lang}_train" FLEURS "${fleurs}"
