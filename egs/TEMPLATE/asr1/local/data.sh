#!/usr/bin/env bash
# Prepare one language of this corpus; asr.sh calls it once for each of its languages in stage 1.
#
# Leaves data/<lang>_train, data/<lang>_valid and data/<lang>_test. Each holds, sorted (LC_ALL=C):
#   wav.scp   <utterance or recording> <path, or a command that ends in |>
#   text      <utterance> <transcript>
#   utt2spk   <utterance> <speaker>       (the speaker's name begins the utterance's)
#   spk2utt   <speaker> <utterance>...
#   utt2lang  <utterance> <ISO 639-1 code>
#   segments  <utterance> <recording> <start> <end>   (only if wav.scp names recordings)
# Never delete, change or download over files of the user.
set -euo pipefail

lang=it  # language to prepare
corpus=${MY_CORPUS:-}  # folder of the corpus; MY_CORPUS if that is set
dry_run=false  # true: print the commands only

[ -e ./path.sh ] || { echo "error: no ./path.sh here; start it in the recipe's folder, as local/data.sh" >&2 && exit 2; }
# shellcheck source=egs/TEMPLATE/asr1/path.sh
. ./path.sh
. "${ASRKIT_ROOT}/utils/parse_options.sh"
. "${ASRKIT_ROOT}/utils/stages.sh"

if [ -z "${corpus}" ]; then
    log "error: where is the corpus? Give --corpus FOLDER, or set MY_CORPUS"
    exit 2
fi

run python3 local/prepare.py --lang "${lang}" --corpus "${corpus}" --data data
for name in train valid test; do
    run python3 -m asrkit.bin.validate_data_dir "data/${lang}_${name}"
done
# For stage 1: the corpus that the variable names now was prepared; another is prepared again.
variables_used "data/${lang}_train" MY_CORPUS "${corpus}"
