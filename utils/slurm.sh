#!/usr/bin/env bash
# Run a command as a Slurm job, or several as an array, and wait; exit with the status. Output goes to the log; the
# end of it is shown when a job fails. An interrupt cancels what was started.
# Usage: utils/slurm.sh LOG COMMAND...
#        utils/slurm.sh [--max-jobs-run M] JOB=1:N LOG.JOB COMMAND... JOB ...   (utils/jobs.sh)
# Options of the site (partition, time, account) come from SBATCH_* variables or from the words in
# ASRKIT_SBATCH, for example ASRKIT_SBATCH="--partition=gpu --gres=gpu:4 --time=24:00:00"; those of arrays from
# ASRKIT_SBATCH_ARRAY, if it is set.
set -euo pipefail
. "$(dirname -- "${BASH_SOURCE[0]}")/jobs.sh"
read_jobs "$@"
job=$(mktemp)
trap 'rm -rf -- "${job}" ${ended:+"${ended}"}' EXIT
if ! command -v sbatch >/dev/null; then
    echo "error: no sbatch here; run on a Slurm login node, or use utils/local.sh" >&2
    exit 1
fi
options=(--output="${log}" --job-name="$(basename -- "${log}" .log)")
printf -v line '%q ' "${command[@]}"
if [ "${count}" != 0 ]; then
    ASRKIT_SBATCH=${ASRKIT_SBATCH_ARRAY-${ASRKIT_SBATCH:-}}
    options=(--array="1-${count}${most:+%${most}}" --output="$(log_of %a)" --job-name="$(basename -- "$(log_of all)" .log)")
    line=
    for word in "${command[@]}"; do
        [ "${word}" = JOB ] && line+="\"\${SLURM_ARRAY_TASK_ID}\" " || line+="$(printf %q "${word}") "
    done
    line+="; status=\$?; echo \${status} >$(printf %q "${ended}")/\${SLURM_ARRAY_TASK_ID}; exit \${status}"
fi
read -r -a site <<<"${ASRKIT_SBATCH:-}"
sbatch --wait --parsable --export=ALL --chdir="${PWD}" --open-mode=append \
    "${options[@]}" "${site[@]}" --wrap "${line}" >"${job}" &
# Before sbatch has printed a number, there is none to cancel.
trap 'number=$(head -n 1 -- "${job}"); [ -z "${number}" ] || scancel "${number}"; exit 130' INT TERM
status=0
wait "$!" || status=$?
number=$(head -n 1 -- "${job}")
if [ "${status}" -ne 0 ] && [ -n "${number}" ]; then
    if [ "${count}" != 0 ]; then
        tell_failed "of array ${number} "
    else
        echo "error: job ${number} ended with status ${status}" >&2
        tell_end "${log}"
    fi
fi
exit "${status}"
