#!/usr/bin/env bash
# Make the folder of a new recipe from the template.
# Usage: utils/new_recipe.sh egs/mycorpus/asr1 [--small|--base|--large]
# The size is that of run.sh, where --size chooses another: small for a laptop, base is the default.
set -euo pipefail
size=${2:---base}
if [[ $# -lt 1 || $# -gt 2 || -z $1 || $1 == -* || ! ${size} =~ ^--(small|base|large)$ ]]; then
    echo "usage: $0 egs/<corpus>/asr1 [--small|--base|--large]" >&2
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
for name in pretrain_xlsr_base finetune_ctc_base finetune_ctc_small finetune_ctc_large_quick; do
    cp -- "${template}/conf/${name}.yaml" "${target}/conf/"
done
sed "s/^size=base /size=${size#--} /" "${template}/run.sh" >"${target}/run.sh"
chmod +x "${target}/run.sh"
cp -- "${template}/local/data.sh" "${target}/local/data.sh"
# The stage runner is shared: links, so that repairs reach every recipe and path.sh finds asrkit.
relative=$(realpath --relative-to="${target}" "${template}")
ln -s "${relative}/asr.sh" "${relative}/path.sh" "${target}/"
echo "made ${target}. Next, there: ./run.sh --lang LANG --table TABLE --audio FOLDER (--help, docs/own_data.md)"
