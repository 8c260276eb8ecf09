#!/usr/bin/env bash
# Run a command on this machine, output on the terminal and in a log file; or several, M at a time (default: one for
# each processor), each with a log of its own. An interrupt ends them.
# Usage: utils/local.sh LOG COMMAND...
#        utils/local.sh [--max-jobs-run M] JOB=1:N LOG.JOB COMMAND... JOB ...   (utils/jobs.sh)
set -euo pipefail
. "$(dirname -- "${BASH_SOURCE[0]}")/jobs.sh"
read_jobs "$@"
if [ "${count}" = 0 ]; then
    "${command[@]}" 2>&1 | tee -a -- "${log}"
    exit
fi
trap 'rm -rf -- "${ended}"' EXIT
# Processes side by side share the processors.
[ "${most:=$(nproc)}" = 1 ] || export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"

declare -A number_of
# end_one: waits until a job ends, whichever, and notes its status.
end_one() {
    local status=0 process
    wait -n -p process || status=$?
    echo "${status}" >"${ended}/${number_of[${process}]}"
}

trap 'kill $(jobs -p) 2>/dev/null; wait; exit 130' INT TERM
for ((number = 1; number <= count; number++)); do
    ((number <= most)) || end_one
    words_of "${number}"
    "${words[@]}" </dev/null >>"$(log_of "${number}")" 2>&1 &
    number_of[$!]=${number}
done
for ((number = 1; number <= count && number <= most; number++)); do
    end_one
done
for ((number = 1; number <= count; number++)); do
    if [ "$(<"${ended}/${number}")" != 0 ]; then
        tell_failed ""
        exit 1
    fi
done
