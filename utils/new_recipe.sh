#!/usr/bin/env bash
# Make the folder of a new recipe from the template.
# Usage: utils/new_recipe.sh egs/mycorpus/asr1
set -euo pipefail
if [ $# -ne 1 ] || [[ -z $1 || $1 == -* ]]; then
    echo "usage: $0 egs/<corpus>/asr1" >&2
    exit 2
fi
template=$(cd "$(dirname -- "${BASH_SOURCE[0]}")/../egs/TEMPLATE/asr1" && pwd)
target=$1
if [ -e "${target}" ]; then
    echo "error: ${target} is there already; nothing was changed" >&2
    exit 1
fi
mkdir -p "${target}/local" "${target}/conf"
# The configurations that run.sh names; the template has more (docs/methods/xlsr.md).
for name in pretrain_xlsr_base finetune_ctc_base; do
    cp -- "${template}/conf/${name}.yaml" "${target}/conf/"
done
cp -- "${template}/run.sh" "${target}/"
cp -- "${template}/local/data.sh" "${target}/local/data.sh"
# The stage runner is shared: links, so that repairs reach every recipe and path.sh finds asrkit.
relative=$(realpath --relative-to="${target}" "${template}")
ln -s "${relative}/asr.sh" "${relative}/path.sh" "${target}/"
echo "made ${target}: write local/prepare.py, which local/data.sh calls, and set langs and target in run.sh (docs/own_data.md)"
