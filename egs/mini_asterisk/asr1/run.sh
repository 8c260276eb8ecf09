#!/usr/bin/env bash
# Two hours of prompts in five languages: what does cross-lingual pre-training give a language with
# five labelled minutes? Every option of asr.sh can be given here too (--help lists them).
set -euo pipefail
cd "$(dirname -- "${BASH_SOURCE[0]}")"

all="en es fr it ru"
langs=${all}
target=it
labelled_minutes=5

options=()
while [ $# -gt 0 ]; do
    if [ $# -eq 1 ] && [[ $1 == --* && $1 != --help ]]; then
        echo "$0: option $1 needs a value" >&2
        exit 2
    fi
    case "$1" in
    --help | -h) exec ./asr.sh --help ;;
    --langs) langs=$2 && shift 2 ;;
    --target) target=$2 && shift 2 ;;
    --labelled_minutes) labelled_minutes=$2 && shift 2 ;;
    --asr_tag | --asr_exp)
        echo "$0: $1 would give three models one name; call ./asr.sh instead" >&2
        exit 2
        ;;
    *) options+=("$1") && shift ;;
    esac
done
modes="greedy lexicon lexicon_lm"
suffix=
[ "${langs}" = "${all}" ] || suffix=_${langs// /_}

# One model of all languages, shared phones: what asr_infer.py uses by default.
./asr.sh --langs "${langs}" --inference_modes "${modes}" \
    --finetune_config conf/ctc_multilingual.yaml --asr_tag "multilingual${suffix}" "${options[@]}"

# A few labelled minutes of the target: from scratch, and after contrastive pre-training on all languages.
name=${target}_${labelled_minutes}min
few=(--langs "${langs}" --target "${target}" --labelled_minutes "${labelled_minutes}"
    --finetune_config conf/ctc_few.yaml --inference_modes "${modes}")
./asr.sh "${few[@]}" --asr_tag "${name}_scratch${suffix}" "${options[@]}"
./asr.sh "${few[@]}" --asr_tag "${name}_xlsr${suffix}" \
    --pretrain_config conf/pretrain_xlsr.yaml --pretrain_tag "xlsr${suffix}" "${options[@]}"
