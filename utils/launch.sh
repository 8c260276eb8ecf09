#!/usr/bin/env bash
# Commands of asr.sh that may run elsewhere, and steps whose work several jobs share.
# shellcheck disable=SC2154  # the options are set by asr.sh

# launch LOG COMMAND...: run, through the launcher if there is one.
launch() {
    local log=$1
    shift
    if [ -n "${launcher}" ]; then
        run "${launcher}" "${log}" "$@"
    else
        run "$@"
    fi
}

# step_in_shards AT_ONCE MARK INPUT... -- COMMAND...: as step, for a program with --split and --shard (asrkit/shards.py).
# With --shards above 1 its work is done before it, in so many jobs: an array of the launcher, or, without one,
# AT_ONCE at a time on this machine. The mark holds the command alone: another number of shards does nothing again.
step_in_shards() {
    if [ "${shards}" = 1 ]; then
        step "${@:2}"
    else
        step_by run_in_shards "$1" "${2%/*}/log" -- "${@:2}"
    fi
}

# run_in_shards AT_ONCE LOGS COMMAND...: the work of step_in_shards; LOGS is the folder of their logs.
run_in_shards() {
    local count=${shards} program=${5##*.} array log
    log=$2/${program}.JOB.log
    array=("${launcher:-${ASRKIT_ROOT}/utils/local.sh}")
    [ -n "${launcher}" ] || array+=(--max-jobs-run "$1")
    shift 2
    if [ "${dry_run}" = true ]; then
        run "$@" --split "${shards}"
    else
        count=$(run "$@" --split "${shards}") || return
    fi
    if [ "${count}" != 0 ] && ! run "${array[@]}" "JOB=1:${count}" "${log}" "$@" --shard JOB; then
        log "error: ${program} stopped; what its shards have done is kept: see the logs above, and run again"
        return 1
    fi
    run "$@"
}
