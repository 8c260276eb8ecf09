#!/usr/bin/env bash
# Prepare one language of VoxPopuli: 16 transcribed ones, 23 with unlabeled speech.
#
# Leaves data/<lang>_{train,valid,test} with segments of whole sessions, which stage 3 cuts. Files of
# the user are neither changed nor downloaded over. The sessions (archives of years) are not fetched.
set -euo pipefail

lang=it  # language to prepare
voxpopuli=${VOXPOPULI:-}  # folder that holds raw_audios and, somewhere, the tables; default: $VOXPOPULI
part=transcribed  # transcribed; unlabelled; or both: and data/<lang>_unlabelled
plenary=false  # unlabelled: plenary sessions alone (the release's 100k subset)
raw_text=false  # true: with case and punctuation; false: as the release normalizes
download=false  # true: fetch tables that are missing
downloads=downloads  # where they go
max_missing=0.01  # share of utterances whose session may be missing
dry_run=false  # true: print the commands only

[ -e ./path.sh ] || { echo "error: no ./path.sh here; start it in the recipe's folder, as local/data.sh" >&2 && exit 2; }
# shellcheck source=egs/TEMPLATE/asr1/path.sh
. ./path.sh
. "${ASRKIT_ROOT}/utils/parse_options.sh"
. "${ASRKIT_ROOT}/utils/stages.sh"

run python3 local/voxpopuli_prepare.py --lang "${lang}" ${voxpopuli:+--voxpopuli "${voxpopuli}"} --part "${part}" \
    --plenary "${plenary}" --raw_text "${raw_text}" --download "${download}" --downloads "${downloads}" \
    --max_missing "${max_missing}"
empty=false
[ "${part}" != unlabelled ] || empty=true
run python3 -m asrkit.bin.validate_data_dir "data/${lang}_train" "data/${lang}_valid" "data/${lang}_test" \
    --allow_empty_text "${empty}"
if [ "${part}" = both ]; then
    run python3 -m asrkit.bin.validate_data_dir "data/${lang}_unlabelled" --allow_empty_text true
fi
variables_used "data/${lang}_train" VOXPOPULI "${voxpopuli}"
