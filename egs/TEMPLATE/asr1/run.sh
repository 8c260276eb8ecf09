#!/usr/bin/env bash
# One recipe: variables and a call of asr.sh.
#
# --size small: the demo's network, in minutes on a laptop, from the demo's pre-trained model where that was made
# (--pretrained takes another, --pretrained "" none). base: XLSR Base is pre-trained first, or --pretrained. large:
# fine-tunes a released model, --pretrained_source FOLDER, on a GPU.
set -euo pipefail
cd "$(dirname -- "${BASH_SOURCE[0]}")"
. ./path.sh

lang=""  # the language: --langs and --target in one
langs=""  # languages, where there are several
target=""  # the one of them to recognize
corpus=""  # what stage 1 imports: a table (.csv, .tsv), ELAN or Praat files, a folder of them or of audio with texts, a saved data set (`asrkit data import --help`); or what your own local/prepare.py reads. Without it data/<lang>_{train,valid,test} are there already
table=""  # the same as --corpus
audio=""  # folder of the audio that the corpus names, where it is not beside it
import_args=""  # more options of the import, for example "--tier utterance --test 5 --by recording"
local_data_opts=""  # more options for local/data.sh
size=base  # small, base or large
passes_to=(./asr.sh)
. "${ASRKIT_ROOT}/utils/parse_options.sh"
. "${ASRKIT_ROOT}/utils/recipe.sh"

demo=../../mini_asterisk/asr1/exp/pretrain_xlsr

# word TEXT: one word of --local_data_opts, whatever is in it.
word() {
    printf "'%s'" "${1//\'/\'\\\'\'}"
}

: "${langs:=${lang}}" "${target:=${lang}}" "${corpus:=${table}}"
[ -n "${langs}" ] || bad_option "which language? Give --lang LANG, its code of ISO 639"
if [ -z "${target}" ]; then
    [[ ${langs} != *' '* ]] || bad_option "which of --langs '${langs}' shall be recognized? Give --target LANG"
    target=${langs}
fi
data=()
[ -z "${corpus}" ] || data+=(--corpus "$(word "$(absolute "${corpus}")")")
[ -z "${audio}" ] || data+=(--audio "$(word "$(absolute "${audio}")")")
[ -z "${import_args}" ] || data+=(--import_args "$(word "${import_args}")")
[ -z "${local_data_opts}" ] || data+=("${local_data_opts}")
given=" ${rest[*]} "
case "${size}" in
small)
    system=(--finetune_config conf/finetune_ctc_small.yaml --token_type auto --inference_modes "greedy lexicon lexicon_lm")
    if [[ ${given} != *" --pretrain"* && -e ${demo}/last.pt ]]; then
        system+=(--pretrained "${demo}")
        echo "$0: starts from the demo's pre-trained model, ${demo}; --pretrained \"\" starts from scratch" >&2
    fi
    ;;
base)
    system=(--finetune_config conf/finetune_ctc_base.yaml)
    [[ ${given} == *" --pretrained"* ]] || system+=(--pretrain_config conf/pretrain_xlsr_base.yaml)
    ;;
large)
    [[ ${given} == *" --pretrained"* ]] ||
        bad_option "--size large starts from a released model: give --pretrained_source FOLDER (docs/own_data.md)"
    system=(--finetune_config conf/finetune_ctc_large_quick.yaml --token_type auto --ngpu 1 --gpu_inference true
        --inference_modes "greedy lexicon lexicon_lm")
    ;;
*) bad_option "--size is small, base or large, not '${size}'" ;;
esac

./asr.sh --langs "${langs}" --target "${target}" --local_data_opts "${data[*]}" "${system[@]}" "${rest[@]}"
echo "$0: to recognize new speech, here: . ./path.sh && asrkit infer FILE   (--lang ${target}: with its lexicon)" >&2
