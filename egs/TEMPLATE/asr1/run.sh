#!/usr/bin/env bash
# One recipe: variables and a call of asr.sh.
#
# --lang LANG       the language: --langs and --target of asr.sh
# --corpus SOURCE   what stage 1 imports: a table (.csv, .tsv), ELAN or Praat files, a folder of them or of audio with
#                   texts, a saved data set (`asrkit data import --help`); or what your own local/prepare.py reads.
#                   --table is another name of it. Without it data/<lang>_{train,valid,test} are there already
# --audio FOLDER    of the audio that the source names, where it is not beside it
# --import_args ... more options of the import, for example "--tier utterance --test 5 --by recording"
# --size SIZE       small: the demo's network, in minutes on a laptop, from the demo's pre-trained model where that was
#                   made (--pretrained takes another, --pretrained "" none); base: XLSR Base is pre-trained first, or --pretrained;
#                   large: fine-tunes a released model, --pretrained_source FOLDER, on a GPU
# Every option of asr.sh can be given, too.
set -euo pipefail
from=${PWD}
cd "$(dirname -- "${BASH_SOURCE[0]}")"
. ./path.sh
. "${ASRKIT_ROOT}/utils/print_comment.sh"

size=base
langs=
target=
demo=../../mini_asterisk/asr1/exp/pretrain_xlsr

bad_option() {
    echo "$0: $1" >&2
    exit 2
}

# word TEXT: one word of --local_data_opts, whatever is in it.
word() {
    printf "'%s'" "${1//\'/\'\\\'\'}"
}

# path FILE: from the root of the file system, as seen from where run.sh was called.
path() {
    (cd "${from}" && realpath -ms -- "$1")
}

options=() data=()
while [ $# -gt 0 ]; do
    case "$1" in
    --help | -h)
        print_comment run.sh
        exec ./asr.sh --help
        ;;
    --?*) [ $# -ge 2 ] || bad_option "option $1 needs a value" ;;
    *) bad_option "no arguments without -- expected, found: $1" ;;
    esac
    name=${1#--}
    case "${name//-/_}" in
    lang) langs=$2 target=$2 ;;
    langs) langs=$2 ;;
    target) target=$2 ;;
    corpus | table) data+=(--corpus "$(word "$(path "$2")")") ;;
    audio) data+=(--audio "$(word "$(path "$2")")") ;;
    import_args) data+=(--import_args "$(word "$2")") ;;
    local_data_opts) data+=("$2") ;;
    size) size=$2 ;;
    *) options+=("$1" "$2") ;;
    esac
    shift 2
done
[ -n "${langs}" ] || bad_option "which language? Give --lang LANG, its code of ISO 639"
if [ -z "${target}" ]; then
    [[ ${langs} != *' '* ]] || bad_option "which of --langs '${langs}' shall be recognized? Give --target LANG"
    target=${langs}
fi
given=" ${options[*]//-/_} "
case "${size}" in
small)
    system=(--finetune_config conf/finetune_ctc_small.yaml --token_type auto --inference_modes "greedy lexicon lexicon_lm")
    if [[ ${given} != *" __pretrain"* && -e ${demo}/last.pt ]]; then
        system+=(--pretrained "${demo}")
        echo "$0: starts from the demo's pre-trained model, ${demo}; --pretrained \"\" starts from scratch" >&2
    fi
    ;;
base)
    system=(--finetune_config conf/finetune_ctc_base.yaml)
    [[ ${given} == *" __pretrained"* ]] || system+=(--pretrain_config conf/pretrain_xlsr_base.yaml)
    ;;
large)
    [[ ${given} == *" __pretrained"* ]] ||
        bad_option "--size large starts from a released model: give --pretrained_source FOLDER (docs/own_data.md)"
    system=(--finetune_config conf/finetune_ctc_large_quick.yaml --token_type auto --ngpu 1 --gpu_inference true
        --inference_modes "greedy lexicon lexicon_lm")
    ;;
*) bad_option "--size is small, base or large, not '${size}'" ;;
esac

./asr.sh --langs "${langs}" --target "${target}" --local_data_opts "${data[*]}" "${system[@]}" "${options[@]}"
echo "$0: to recognize new speech, here: . ./path.sh && asrkit infer FILE   (--lang ${target}: with its lexicon)" >&2
