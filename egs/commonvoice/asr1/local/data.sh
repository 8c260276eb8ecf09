#!/usr/bin/env bash
# Prepare one language of Common Voice; asr.sh calls it in stage 1.
#
# Leaves data/<lang>_{train,valid,test} and, for audio to pre-train on, data/<lang>_pretrain. Files
# of the user are only read: archives are unpacked, and links of --urls are fetched, into --downloads.
set -euo pipefail

lang=it  # ISO 639-1 code
parts=""  # of labeled, pretrain (hours of Table 1), pretrain_<hours>h; default: what run.sh's methods need
librispeech=${LIBRISPEECH:-}  # with lang en: adds its parts librispeech_100h, _360h; default: $LIBRISPEECH
corpus=${COMMONVOICE:-}  # a release, a folder of releases or archives, or an archive; default: $COMMONVOICE
urls=""  # file of "<lang or locale> <signed link>" lines, to fetch archives
downloads=downloads  # where archives are fetched to and unpacked
locales=""  # in place of the usual locale (sv-SE, zh-CN), for example zh-CN,zh-TW
skip_other_locales=false  # true: locales may be of other languages, too, as run.sh has one list for all
release=""  # version where the corpus holds several, for example 6.1
splits=fewshot  # fewshot (needs the lists) or official (train.tsv, dev.tsv, test.tsv)
fewshot_lists=${CV_FEWSHOT:-}  # folder of the lists, or common_voices_splits.tar.gz; default: $CV_FEWSHOT
fewshot_hours=1  # hours to train on: 1 or 5 of the lists, or 10: the listed hour and more, drawn by seed
min_matched=0.95  # share of each list that must be in the release
allow_missing=false  # go on with fewer
digits=drop  # drop or keep sentences with digits (official splits)
max_hours=""  # of pretrain, in place of Table 1's; 0: all there are
tables=validated  # pre-train on these tables, for example validated,other
seed=0  # which clips, where not all are used
dry_run=false  # true: print the commands only

[ -e ./path.sh ] || { echo "error: no ./path.sh here; start it in the recipe's folder, as local/data.sh" >&2 && exit 2; }
# shellcheck source=egs/TEMPLATE/asr1/path.sh
. ./path.sh
. "${ASRKIT_ROOT}/utils/parse_options.sh"
. "${ASRKIT_ROOT}/utils/stages.sh"

if [ -z "${corpus}${urls}" ] && [ "${dry_run}" = false ]; then
    log "error: where is Common Voice? Give --corpus FOLDER, set COMMONVOICE, or give --urls FILE"
    exit 2
fi
if [ -z "${parts}" ]; then
    parts=labeled,pretrain
    [ "${lang}" != en ] || parts+=,pretrain_100h,pretrain_360h,pretrain_1350h # of m_cpc and xlsr_english
fi
parts=${parts/labelled/labeled} # as earlier versions wrote it
run python3 local/cv_prepare.py --lang "${lang}" --parts "${parts}" --data data \
    --downloads "${downloads}" ${corpus:+--corpus "${corpus}"} ${urls:+--urls "${urls}"} \
    ${locales:+--locales "${locales}" --skip_other_locales "${skip_other_locales}"} ${release:+--release "${release}"} --splits "${splits}" \
    ${fewshot_lists:+--fewshot_lists "${fewshot_lists}"} --fewshot_hours "${fewshot_hours}" \
    --min_matched "${min_matched}" --allow_missing "${allow_missing}" --digits "${digits}" \
    ${max_hours:+--max_hours "${max_hours}"} --tables "${tables}" --seed "${seed}"
parts=${parts/labeled/train valid test}
read -r -a names <<<"${parts//,/ }"
if [ "${lang}" = en ] && [ -n "${librispeech}" ]; then
    for part in librispeech_100h librispeech_360h; do
        [ -d "${librispeech}/train-clean-${part//[!0-9]/}" ] || continue
        run python3 local/cv_librispeech.py --corpus "${librispeech}" --part "${part}" --data data
        names+=("${part}")
    done
fi
names=("${names[@]/#/data/${lang}_}")
run python3 -m asrkit.bin.validate_data_dir "${names[@]}" --check_audio false # cv_prepare.py has seen the files
used=(COMMONVOICE "${corpus}" CV_FEWSHOT "${fewshot_lists}")
[ "${lang}" != en ] || used+=(LIBRISPEECH "${librispeech}")
variables_used "data/${lang}_train" "${used[@]}"
