#!/usr/bin/env bash
# One recipe: variables and a call of asr.sh. Every option of asr.sh can be given to run.sh too.
set -euo pipefail
cd "$(dirname -- "${BASH_SOURCE[0]}")"

./asr.sh \
    --langs "en it" \
    --target it \
    --pretrain_config conf/pretrain_xlsr_base.yaml \
    --finetune_config conf/finetune_ctc_base.yaml \
    "$@"
