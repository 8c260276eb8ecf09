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
# They are imported from --corpus by `asrkit data import`, or written by local/prepare.py if that is there. Without
# --corpus they are there already, and are checked.
# Never delete, change or download over files of the user.
set -euo pipefail

lang=it  # language to prepare
corpus=${MY_CORPUS:-}  # table, file of annotations or folder to import; MY_CORPUS if that is set
audio=""  # folder of its audio, where that is not beside it
import_args=""  # more options of asrkit data import
dry_run=false  # true: print the commands only

[ -e ./path.sh ] || { echo "error: no ./path.sh here; start it in the recipe's folder, as local/data.sh" >&2 && exit 2; }
# shellcheck source=egs/TEMPLATE/asr1/path.sh
. ./path.sh
. "${ASRKIT_ROOT}/utils/parse_options.sh"
. "${ASRKIT_ROOT}/utils/stages.sh"

if [ -n "${audio}${import_args}" ] && { [ -z "${corpus}" ] || [ -e local/prepare.py ]; }; then
    log "error: --audio and --import_args have no use without --corpus that is imported; local/prepare.py reads its own"
    exit 2
fi
words_in import_args
if [ -z "${corpus}" ] && [ ! -e "data/${lang}_train/wav.scp" ]; then
    log "error: where is the speech of ${lang}? Give --corpus FILE_OR_FOLDER, set MY_CORPUS, or make data/${lang}_train"
    exit 2
fi

if [ -n "${corpus}" ] && [ -e local/prepare.py ]; then
    run python3 local/prepare.py --lang "${lang}" --corpus "${corpus}" --data data
elif [ -n "${corpus}" ]; then
    run python3 -m asrkit.bin.import_data "${corpus}" --lang "${lang}" --out data ${audio:+--audio "${audio}"} \
        --replace true "${import_args[@]}"
fi
for name in train valid test; do
    run python3 -m asrkit.bin.validate_data_dir "data/${lang}_${name}"
done
# For stage 1: the corpus that the variable names now was prepared; another is prepared again.
variables_used "data/${lang}_train" MY_CORPUS "${corpus}"
