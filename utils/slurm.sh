#!/usr/bin/env bash
# Run a command as a Slurm job and wait for it; exit with its status. Its output goes to the log; the
# end of it is shown when the job fails. An interrupt cancels the job.
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
job=$(mktemp)
trap 'rm -f -- "${job}"' EXIT
sbatch --wait --parsable --export=ALL --chdir="${PWD}" --output="${log}" --open-mode=append \
    --job-name="$(basename -- "${log}" .log)" "${site[@]}" --wrap "${command}" >"${job}" &
# Before sbatch has said a number, there is none to cancel.
trap 'number=$(head -n 1 -- "${job}"); [ -z "${number}" ] || scancel "${number}"; exit 130' INT TERM
status=0
wait "$!" || status=$?
number=$(head -n 1 -- "${job}")
if [ "${status}" -ne 0 ] && [ -n "${number}" ]; then
    echo "error: job ${number} ended with status ${status}; the end of ${log}:" >&2
    [ ! -e "${log}" ] || tail -n 20 -- "${log}" >&2
fi
exit "${status}"
