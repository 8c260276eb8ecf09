#!/usr/bin/env bash
# Common Voice with one labelled hour a language: Table 1 of the XLSR paper, phone error rates.
#
#   ./run.sh --method xlsr_10 --target it        # one cell: pre-training on 11 languages, then Italian
#   ./run.sh --method xlsr_10 --finetune_on all  # one model of the ten languages
#
# --method NAME        scratch m_cpc xlsr_mono xlsr_english xlsr_10 (default) xlsr_10_unbalanced xlsr_10_large xlsr_53
#                      unispeech unispeech_plus unidata2vec unidata2vec_plus unidata2vec_joint
# --commonvoice PATH   a release, a folder of releases or archives, or an archive; default: $COMMONVOICE
# --fewshot_lists PATH folder of the lists, or common_voices_splits.tar.gz; default: $CV_FEWSHOT
# --splits official    all of the release's own splits, of any language: letters, decoded with a lexicon and an
#                      n-gram; with --phone_labels espeak phones, and words by the same
# --phone_labels NAME  lists: those of the few-shot lists; espeak: espeak-ng of today. PER is reported by both.
#                      TranUSR's methods learn phones of English, too: espeak
# --token_type NAME    phn, char or bpe: what the fine-tuned model writes; part of its name
# --transcoder NAME    words from phones by TranUSR's Transcoder: standard, or onehot oneconv ctc conformer of its Table 3
# --cpc_hours 100|360  of English that m_cpc is pre-trained on: LibriSpeech's where --librispeech FOLDER
#                      (default: $LIBRISPEECH) is given, else Common Voice's
# --urls, --release, --locales, --fewshot_hours, --min_matched, --allow_missing, --max_hours,
# --tables, --digits   as local/data.sh --help explains them
set -euo pipefail
from=${PWD}
cd "$(dirname -- "${BASH_SOURCE[0]}")"

phone_labels="" token_type="" bpe_size=4000 tokens_from=train splits=fewshot fewshot_hours=1 digits=drop
transcoder=()
# shellcheck disable=SC2034  # read by utils/xlsr_methods.sh
languages="es fr it ky nl ru sv tr tt zh" pretrain_languages="es fr it ky nl ru sv tr tt zh en" alpha=0.5 finetune_kind=""
pretrain_part=pretrain # the hours of Table 1; 557 h of English
librispeech=${LIBRISPEECH:-}
cpc_hours=360
of_cpc=
method_name=
target="" pretrain_langs="" locales=""
data=()
rest=()
. ./path.sh
. "${ASRKIT_ROOT}/utils/xlsr_methods.sh"

while [ $# -gt 0 ]; do
    if [[ $1 == --?* ]]; then # as everywhere, --a-b is --a_b
        name=${1#--}
        set -- "--${name//-/_}" "${@:2}"
    fi
    [[ $# -ge 2 || $1 == --help || $1 == -h ]] || bad_option "option $1 needs a value"
    case "$1" in
    --phone_labels) phone_labels=$2 && shift 2 ;;
    --token_type) token_type=$2 && shift 2 ;;
    --bpe_size) bpe_size=$2 && shift 2 ;;
    --transcoder) transcoder_options "$2" && shift 2 ;;
    --tokens_from) tokens_from=$2 && shift 2 ;;
    --librispeech) librispeech=$2 of_cpc+=" $1" && shift 2 ;;
    --cpc_hours) cpc_hours=$2 of_cpc+=" $1" && shift 2 ;;
    --commonvoice | --fewshot_lists | --urls)
        path=$(corpus_path "$1" "$2")
        data+=("${1/#--commonvoice/--corpus}" "${path}") && shift 2
        ;;
    --release | --locales | --splits | --fewshot_hours | --min_matched | --allow_missing | --max_hours | \
        --tables | --digits)
        [[ $2 != *' '* ]] || bad_option "$1 is one word, not '$2'"
        case "$1" in
        --splits) splits=$2 ;;
        --fewshot_hours) fewshot_hours=$2 ;;
        --digits) digits=$2 ;;
        esac
        # One list for all languages: each takes its own.
        [ "$1" != --locales ] || { locales=$2 && data+=(--skip_other_locales true); }
        data+=("$1" "$2") && shift 2
        ;;
    --local_data_opts) data+=("$2") && shift 2 ;;
    --help | -h)
        print_comment run.sh
        rest+=("$1") && shift
        ;;
    --method) method_name=$2 && rest+=("$1" "$2") && shift 2 ;;
    --target) target=$2 && rest+=("$1" "$2") && shift 2 ;;
    --pretrain_langs) pretrain_langs=$2 && rest+=("$1" "$2") && shift 2 ;;
    *) rest+=("$1" "$2") && shift 2 ;;
    esac
done
[ -z "${of_cpc}" ] || [ "${method_name}" = m_cpc ] || bad_option "${of_cpc# } is of --method m_cpc alone; leave it out"
[ "${splits}/${digits}" != fewshot/keep ] || bad_option "--digits is of --splits official; leave it out"
labelled_sets=en_pretrain_1350h unlabelled_part=pretrain # L and U of TranUSR's Table 1
# What the fine-tuned model learns: its tokens, and its labelled sets. Both are part of its name.
known=lists modes=greedy
[[ ${splits} == fewshot && ${fewshot_hours} != 10 ]] || known=none # the lists' phones are of what they name
[[ ${splits} == fewshot || ${fewshot_hours} == 1 ]] || bad_option "--fewshot_hours is of the few-shot lists, not of --splits official"
case "${method_name}" in
unispeech* | unidata2vec*) # TranUSR: seven languages, and no list has phones of English
    known=none
    languages="es fr it ky nl ru tt"
    ;;
esac
[ "${fewshot_hours}" != 10 ] || finetune_kind=_10h # where there is such a configuration
if [ -z "${token_type}" ]; then
    token_type=phn
    [ "${splits}/${phone_labels}" != official/ ] || [[ ${method_name} == uni* ]] || token_type=char
fi
case "${token_type}/${phone_labels}/${known}" in
phn/lists/lists | phn//lists) phone_labels=lists units="" ;;
phn/espeak/* | phn//none) phone_labels=espeak units=_espeak ;;
phn/lists/none) bad_option "--phone_labels espeak: no list has English, what official splits hold or ten hours" ;;
phn/*) bad_option "--phone_labels is lists or espeak, not '${phone_labels}'" ;;
char//* | bpe//*) phone_labels=espeak units=_${token_type} ;;
char/* | bpe/*) bad_option "--phone_labels goes with --token_type phn" ;;
*) bad_option "--token_type is phn, char or bpe, not '${token_type}'" ;;
esac
[ "${token_type}" != bpe ] || units+="${bpe_size}"
[ "${tokens_from}" = train ] || units+=_${tokens_from}
tag_suffix=${units}
[ "${splits}" = fewshot ] || tag_suffix+=_${splits}
[ "${fewshot_hours}" = 1 ] || tag_suffix+=_${fewshot_hours}h
used="${target:-${languages}} ${pretrain_langs}" # languages that the run prepares
case "${method_name:-xlsr_10}" in
xlsr_10*) used+=" ${pretrain_languages}" ;;
scratch | xlsr_mono | xlsr_53) ;;
*) used+=" en" ;;
esac
for locale in ${locales//,/ }; do
    of=${locale%%-*}
    [ "${locale,,}" != zh-hk ] || of=yue # as local/cv_languages.py has it
    [[ " ${used} " == *" ${of} "* || " ${used} " == *" ${locale} "* ]] ||
        bad_option "--locales ${locale} is of the language ${of}, which is not used here"
done
[ -z "${librispeech}" ] || LIBRISPEECH=$(cd "${from}" && realpath -m -- "${librispeech}")
[ -z "${librispeech}" ] || export LIBRISPEECH
case "${method_name}/${cpc_hours}/${librispeech}" in
xlsr_english/*) pretrain_part=pretrain_1350h ;;
m_cpc/360/) pretrain_part=pretrain_360h ;;
m_cpc/100/) pretrain_part=pretrain_100h tag_suffix=_100h${tag_suffix} ;;
m_cpc/100/* | m_cpc/360/*)
    pretrain_part=librispeech_${cpc_hours}h
    tag_suffix=_${pretrain_part}${tag_suffix}
    ;;
m_cpc/*) bad_option "--cpc_hours is 100 or 360, not '${cpc_hours}'" ;;
esac
[[ ${method_name} != m_cpc || ${pretrain_part} == pretrain_360h ]] ||
    rest+=(--pretrain_tag "m_cpc_${pretrain_part#pretrain_}")
compared="espeak lists" words=false
[ "${splits}/${token_type}" = fewshot/phn ] || compared=espeak
[ "${token_type}" = phn ] || compared=
[ "${splits}/${token_type}" != official/char ] || words=true modes="greedy lexicon_lm"
[ "${splits}/${token_type}" != official/phn ] || words=true modes="greedy lexicon lexicon_lm"
# shellcheck disable=SC2034  # these two as well
method_options=(--token_type "${token_type}" --bpe_size "${bpe_size}" --tokens_from "${tokens_from}"
    --phone_labels "${phone_labels}" --compare_labels "${compared}" --use_ngram "${words}" --tune_lm "${words}"
    --inference_modes "${modes}" --max_bad 0.01 --pretrain_part "${pretrain_part}" --local_data_opts "${data[*]}")
run_method "${transcoder[@]}" "${rest[@]}"
