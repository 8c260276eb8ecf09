#!/usr/bin/env bash
# Two hours of prompts in five languages: what does cross-lingual pre-training give a language with
# ten labelled minutes? Every option of asr.sh can be given here too (--help lists them).
set -euo pipefail
cd "$(dirname -- "${BASH_SOURCE[0]}")"

langs="en es fr it ru"
target=it

for word in "$@"; do
    if [ "${word}" = --help ] || [ "${word}" = -h ]; then
        exec ./asr.sh --help
    fi
done

# One model of all five languages, shared phones: what asr_infer.py uses by default.
./asr.sh --langs "${langs}" --finetune_config conf/ctc_multilingual.yaml --asr_tag multilingual "$@"

# Ten labelled minutes of the target: from scratch, and after contrastive pre-training on all five.
common=(--langs "${langs}" --target "${target}" --labelled_minutes 10 --finetune_config conf/ctc_10min.yaml)
./asr.sh "${common[@]}" --asr_tag "${target}_10min_scratch" "$@"
./asr.sh "${common[@]}" --asr_tag "${target}_10min_xlsr" --pretrain_config conf/pretrain_xlsr.yaml "$@"
