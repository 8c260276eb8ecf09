#!/usr/bin/env bash
# Fetch and prepare the Asterisk core sounds of one language: studio speech of telephone prompts, and
# the LibreOffice help as text for language models.
#
# Leaves data/<lang>_{train,valid,test} and data/lm_text/<lang>.txt. No root needed. Goes on where an
# earlier call stopped; files in downloads that are there already are used as they are.
set -euo pipefail

lang=it  # language: en, es, fr, it or ru
downloads=${ASTERISK_SOUNDS:-downloads}  # folder for packages; ASTERISK_SOUNDS if that is set
source=auto  # debian (apt-get download), http (downloads.asterisk.org), auto
lm_text=true  # fetch the LibreOffice help too (Debian, Ubuntu); needed to repair lost letters in Italian
dry_run=false  # true: print the commands only

[ -e ./path.sh ] || { echo "error: no ./path.sh here; start it in the recipe's folder, as local/data.sh" >&2 && exit 2; }
# shellcheck source=egs/TEMPLATE/asr1/path.sh
. ./path.sh
. "${ASRKIT_ROOT}/utils/parse_options.sh"
. "${ASRKIT_ROOT}/utils/stages.sh"

english_help=${downloads}/libreoffice-help-en-us
untranslated=()
case "${lang}" in
en) help_pages=${english_help} ;;
es | fr | it | ru)
    help_pages=${downloads}/libreoffice-help-${lang}
    untranslated=(--english_dir "${english_help}")
    ;;
*)
    log "error: this corpus has en, es, fr, it and ru, not '${lang}'"
    exit 2
    ;;
esac

run python3 local/fetch.py --lang "${lang}" --downloads "${downloads}" --source "${source}" --lm_text "${lm_text}"

help_text=data/help_text/${lang}.txt
if [ -d "${help_pages}" ] && [ ! -s "${help_text}" ]; then
    run python3 local/help_text.py --lang "${lang}" --help_dir "${help_pages}" "${untranslated[@]}" --output "${help_text}"
fi

run python3 local/prepare.py --lang "${lang}" --downloads "${downloads}" --data data --help_text "${help_text}"
for name in train valid test; do
    run python3 -m asrkit.bin.validate_data_dir "data/${lang}_${name}"
done
[ "${downloads}" != downloads ] || downloads=""
variables_used "data/${lang}_train" ASTERISK_SOUNDS "${downloads}"
