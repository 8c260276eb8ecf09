#!/usr/bin/env bash
# Common Voice with one labeled hour a language: Table 1 of the XLSR paper, phone error rates.
#
#   ./run.sh --method xlsr_10 --target it        # one cell: pre-training on 11 languages, then Italian
#   ./run.sh --method xlsr_10 --finetune_on all  # one model of the ten languages
#
# --splits official    all of the release's own splits, of any language: letters, decoded with a lexicon and an
#                      n-gram; with --phone_labels espeak phones, and words by the same
# --phone_labels NAME  lists: those of the few-shot lists; espeak: espeak-ng of today. PER is reported by both.
#                      TranUSR's methods learn phones of English, too: espeak
# --release, --min_matched, --allow_missing, --max_hours and --tables are for local/data.sh, whose --help
# explains them.
# shellcheck disable=SC2034  # options are read by their names, too
set -euo pipefail
cd "$(dirname -- "${BASH_SOURCE[0]}")"
. ./path.sh
. "${ASRKIT_ROOT}/utils/method_options.sh"

method=xlsr_10  # scratch m_cpc xlsr_mono xlsr_english xlsr_10 xlsr_10_unbalanced xlsr_10_large xlsr_53; unispeech unispeech_plus unidata2vec unidata2vec_plus unidata2vec_joint; best_rq_10
commonvoice=""  # a release, a folder of releases or archives, or an archive; default: $COMMONVOICE
fewshot_lists=""  # folder of the lists, or common_voices_splits.tar.gz; default: $CV_FEWSHOT
urls=""  # file of links to fetch archives from (local/data.sh)
splits=""  # fewshot (default) or official
fewshot_hours=""  # 1 (default), 5 or 10 hours to train on (local/data.sh)
digits=""  # of --splits official: drop (default) or keep sentences with digits
locales=""  # in place of the usual locales, for example zh-HK,sv-SE: each language takes its own
phone_labels=""  # lists or espeak; default: by what has phones of the lists
token_type=""  # phn, char or bpe: what the fine-tuned model writes; part of its name. default: phn; char of official splits
bpe_size=4000  # with token_type bpe
tokens_from=train  # train or text, as asr.sh has it
transcoder=""  # words from phones by TranUSR's Transcoder: standard, or onehot oneconv ctc conformer of its Table 3
cpc_hours=360  # of English that m_cpc is pre-trained on: 100 or 360, of LibriSpeech where that is given, else of Common Voice
librispeech=${LIBRISPEECH:-}  # its folder; default: $LIBRISPEECH
local_data_opts=""  # more options for local/data.sh
passes_to=(./asr.sh)
. "${ASRKIT_ROOT}/utils/parse_options.sh"
. "${ASRKIT_ROOT}/utils/recipe.sh"
. "${ASRKIT_ROOT}/utils/xlsr_methods.sh"

transcoder_options "${transcoder}"
data=()
for name in commonvoice fewshot_lists urls; do
    [ -n "${!name}" ] || continue
    path=$(corpus_path "--${name}" "${!name}")
    data+=("--${name/#commonvoice/corpus}" "${path}")
done
# One list of locales for all languages: each takes its own.
[ -z "${locales}" ] || data+=(--skip_other_locales true)
for name in splits fewshot_hours digits locales; do
    one_word "--${name}" "${!name}"
    [ -z "${!name}" ] || data+=("--${name}" "${!name}")
done
data_options release min_matched allow_missing max_hours tables
[ -z "${local_data_opts}" ] || data+=("${local_data_opts}")
: "${splits:=fewshot}" "${fewshot_hours:=1}"

for name in cpc_hours librispeech; do
    # shellcheck disable=SC2154  # of parse_options.sh
    [ "${method}" = m_cpc ] || [ "${!name}" = "${default_of[${name}]}" ] ||
        bad_option "--${name} is of --method m_cpc alone; leave it out"
done
[ "${splits}/${digits}" != fewshot/keep ] || bad_option "--digits is of --splits official; leave it out"

# shellcheck disable=SC2034  # read by utils/xlsr_methods.sh
languages="es fr it ky nl ru sv tr tt zh" pretrain_languages="es fr it ky nl ru sv tr tt zh en" alpha=0.5 finetune_kind=""
pretrain_part=pretrain # the hours of Table 1; 557 h of English
# shellcheck disable=SC2034  # read by utils/tranusr_methods.sh: L and U of TranUSR's Table 1
labeled_sets=en_pretrain_1350h unlabeled_part=pretrain
# What the fine-tuned model learns: its tokens, and its labeled sets. Both are part of its name.
known=lists modes=greedy
[[ ${splits} == fewshot && ${fewshot_hours} != 10 ]] || known=none # the lists' phones are of what they name
[[ ${splits} == fewshot || ${fewshot_hours} == 1 ]] || bad_option "--fewshot_hours is of the few-shot lists, not of --splits official"
case "${method}" in
unispeech* | unidata2vec*) # TranUSR: seven languages, and no list has phones of English
    known=none
    languages="es fr it ky nl ru tt"
    ;;
esac
[ "${fewshot_hours}" != 10 ] || finetune_kind=_10h # where there is such a configuration
if [ -z "${token_type}" ]; then
    token_type=phn
    [ "${splits}/${phone_labels}" != official/ ] || [[ ${method} == uni* ]] || token_type=char
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
case "${method}" in
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
[ -z "${librispeech}" ] || LIBRISPEECH=$(absolute "${librispeech}")
[ -z "${librispeech}" ] || export LIBRISPEECH
case "${method}/${cpc_hours}/${librispeech}" in
xlsr_english/*) pretrain_part=pretrain_1350h ;;
m_cpc/360/) pretrain_part=pretrain_360h ;;
m_cpc/100/) pretrain_part=pretrain_100h tag_suffix=_100h${tag_suffix} ;;
m_cpc/100/* | m_cpc/360/*)
    pretrain_part=librispeech_${cpc_hours}h
    tag_suffix=_${pretrain_part}${tag_suffix}
    ;;
m_cpc/*) bad_option "--cpc_hours is 100 or 360, not '${cpc_hours}'" ;;
esac
[[ ${method} != m_cpc || ${pretrain_part} == pretrain_360h ]] ||
    rest+=(--pretrain_tag "m_cpc_${pretrain_part#pretrain_}")
compared="espeak lists" words=false
[ "${splits}/${token_type}" = fewshot/phn ] || compared=espeak
[ "${token_type}" = phn ] || compared=
[ "${splits}/${token_type}" != official/char ] || words=true modes="greedy lexicon_lm"
[ "${splits}/${token_type}" != official/phn ] || words=true modes="greedy lexicon lexicon_lm"
# shellcheck disable=SC2034  # these two as well
method_options=(--token_type "${token_type}" --bpe_size "${bpe_size}" --tokens_from "${tokens_from}"
    --phone_labels "${phone_labels}" --compare_labels "${compared}" --use_ngram "${words}" --tune_lm "${words}"
    --inference_modes "${modes}" --max_bad 0.01 --pretrain_part "${pretrain_part}" --local_data_opts "${data[*]}" "${transcoding[@]}")
run_method
