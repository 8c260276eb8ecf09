#!/usr/bin/env bash
# Run a command as a Slurm job and wait for it; exit with its status.
# Usage: utils/slurm.sh LOG COMMAND...
# Options of the site (partition, time, account) come from SBATCH_* variables or from the words in
# ASRKIT_SBATCH, for example ASRKIT_SBATCH="--partition=gpu --gres=gpu:4 --time=24:00:00".
set -euo pipefail
if [ $# -lt 2 ]; then
    echo "usage: $0 LOG COMMAND..." >&2
    exit 2
fi
if ! command -v sbatch >/dev/null; then
    echo "error: no sbatch here; run on a Slurm login node, or use utils/local.sh" >&2
    exit 1
fi
log=$1
shift
mkdir -p "$(dirname -- "${log}")"
read -r -a site <<<"${ASRKIT_SBATCH:-}"
printf -v command '%q ' "$@"
exec sbatch --wait --parsable --export=ALL --chdir="${PWD}" --output="${log}" --open-mode=append \
    --job-name="$(basename -- "${log}" .log)" "${site[@]}" --wrap "${command}"
