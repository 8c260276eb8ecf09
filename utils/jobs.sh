#!/usr/bin/env bash
# For launchers (local.sh, slurm.sh), whose words are those of Kaldi's, [--max-jobs-run M] [JOB=1:N] LOG
# COMMAND...: with JOB=1:8 the command runs eight times, with its number in the place of JOB, where that is a word of the
# command, and in the name of LOG; M of them at a time.

# read_jobs WORD...: sets count (0 without JOB=), most (or empty), log and command.
# shellcheck disable=SC2034  # the launchers read them
read_jobs() {
    count=0 most=
    if [ "${1:-}" = --max-jobs-run ] && [[ ${2:-} =~ ^[1-9][0-9]*$ ]]; then
        most=$2
        shift 2
        [[ ${1:-} == JOB=* ]] || set -- # without an array it has no use
    fi
    if [[ ${1:-} =~ ^JOB=1:([1-9][0-9]*)$ ]]; then
        count=${BASH_REMATCH[1]}
        shift
    fi
    if [ $# -lt 2 ] || [[ $1 == --* || $1 == JOB=* ]] || { [ "${count}" != 0 ] && [[ ${1##*/} != *JOB* ]]; }; then
        echo "usage: $0 LOG COMMAND...; or $0 [--max-jobs-run M] JOB=1:N LOG_OF_JOB COMMAND... JOB ..." >&2
        exit 2
    fi
    log=$1
    command=("${@:2}")
    mkdir -p "$(dirname -- "${log}")"
    if [ "${count}" != 0 ]; then
        ended=$(mktemp -d "$(cd -- "$(dirname -- "${log}")" && pwd)/.ended.XXXXXX") # where every machine can write
    fi
}

# log_of NUMBER: the log of one job.
log_of() {
    local name=${log##*/}
    printf '%s\n' "$(dirname -- "${log}")/${name//JOB/$1}"
}

# words_of NUMBER: sets words, the command of one job.
words_of() {
    local word
    words=()
    for word in "${command[@]}"; do
        [ "${word}" != JOB ] || word=$1
        words+=("${word}")
    done
}

# tell_failed WHOSE: of count jobs, which left no status 0 in ended; the end of the first one's log.
tell_failed() {
    local number first='' failed=() status
    for ((number = 1; number <= count; number++)); do
        status=$(cat -- "${ended}/${number}" 2>/dev/null || echo none)
        [ "${status}" != 0 ] || continue
        : "${first:=${number}}"
        [ "${status}" != none ] || status="none: it was stopped, or killed for memory or time"
        failed+=("${number} (status ${status}; $(log_of "${number}"))")
    done
    printf 'error: %s%s of %s jobs failed:\n' "$1" "${#failed[@]}" "${count}" >&2
    printf '  %s\n' "${failed[@]}" >&2
    [ -z "${first}" ] || tell_end "$(log_of "${first}")"
}

# tell_end LOG: its last lines.
tell_end() {
    echo "the end of $1:" >&2
    [ ! -e "$1" ] || tail -n 20 -- "$1" >&2
}
