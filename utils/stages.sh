#!/usr/bin/env bash
# For recipe scripts: log lines, stage banners, and `run`, which shows a command before it starts.

# log MESSAGE...: a line with time and place on standard error.
log() {
    printf '%(%Y-%m-%dT%H:%M:%S)T (%s:%s) %s\n' -1 "${BASH_SOURCE[1]##*/}" "${BASH_LINENO[0]}" "$*" >&2
}

# quoted WORD...: the words as one line that a shell would read back unchanged.
quoted() {
    local word line=
    for word in "$@"; do
        if [[ ${word} =~ ^[A-Za-z0-9_./:=,@%+-]+$ ]]; then
            line+=" ${word}"
        else
            line+=" $(printf '%q' "${word}")"
        fi
    done
    printf '%s\n' "${line# }"
}

# run COMMAND...: print it, then do it, unless dry_run=true.
run() {
    printf '+ %s\n' "$(quoted "$@")" >&2
    if [[ ${dry_run:-false} != true ]]; then
        need_environment
        "$@"
    fi
}

# need_environment: stop with the remedy when path.sh found no Python with asrkit's packages.
need_environment() {
    if [[ -n ${ASRKIT_ENVIRONMENT_ERROR:-} ]]; then
        log "error: ${ASRKIT_ENVIRONMENT_ERROR}"
        exit 1
    fi
}

# in_stage NUMBER TITLE: true, with a banner, when the number is between stage and stop_stage
# and not among skip_stages.
in_stage() {
    # shellcheck disable=SC2154  # set by the script that sources this file
    if ((stage > $1 || stop_stage < $1)) || [[ " ${skip_stages:-} " == *" $1 "* ]]; then
        return 1
    fi
    report_done
    log "stage $1: $2"
}

_done_before=0

# report_done: how many steps since the last report were complete already.
report_done() {
    if ((_done_before)); then
        log "${_done_before} step(s) done before by the same command; to do one again remove its .done file"
        _done_before=0
    fi
}

# step MARK INPUT... -- COMMAND...: run the command unless it was run before on the same inputs:
# MARK holds this very command and is newer than every input. MARK is written at the end.
step() {
    local mark=$1 inputs=() input done_before=true
    shift
    while [ "$1" != -- ]; do
        inputs+=("$1")
        shift
    done
    shift
    [ -e "${mark}" ] && [ "$(<"${mark}")" = "$(quoted "$@")" ] || done_before=false
    for input in "${inputs[@]}"; do
        [ "${mark}" -nt "${input}" ] || done_before=false
    done
    if [ "${done_before}" = true ]; then
        _done_before=$((_done_before + 1))
    else
        run "$@" || return
        if [ "${dry_run:-false}" != true ]; then
            quoted "$@" >"${mark}.new"
            mv -- "${mark}.new" "${mark}"
        fi
    fi
}

# need_integer NAME VALUE: exit 2 unless VALUE is a whole number.
need_integer() {
    if [[ ! $2 =~ ^[0-9]+$ ]]; then
        log "error: --$1 is a whole number, not '$2'"
        exit 2
    fi
}
