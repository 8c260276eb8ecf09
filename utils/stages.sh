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
# MARK holds this very command and is newer than every input, and its folder has no variables_changed.
# MARK is written at the end; an older one is gone before, so that half a step is never taken for a whole.
# Where another run in this folder does the same step, this one waits for it.
step() {
    step_by run -- "$@"
}

# step_by RUNNER... -- MARK INPUT... -- COMMAND...: as step; RUNNER, a function and its first arguments, runs the command.
step_by() {
    local runner=() mark inputs=() status=0
    while [ "$1" != -- ]; do
        runner+=("$1")
        shift
    done
    mark=$2
    shift 2
    while [ "$1" != -- ]; do
        inputs+=("$1")
        shift
    done
    shift
    _held=
    if [ "${dry_run:-false}" != true ] && ! _is_done "${mark}" "${inputs[@]}" -- "$@"; then
        need_environment
        _hold "${mark}"
    fi
    if _is_done "${mark}" "${inputs[@]}" -- "$@"; then
        _done_before=$((_done_before + 1))
    elif [ "${dry_run:-false}" = true ]; then
        "${runner[@]}" "$@"
    else
        rm -f -- "${mark}"
        "${runner[@]}" "$@" || status=$?
        if [ "${status}" = 0 ]; then
            quoted "$@" >"${mark}.new"
            mv -- "${mark}.new" "${mark}"
        fi
    fi
    [ -z "${_held}" ] || exec {_held}>&-
    return "${status}"
}

# _is_done MARK INPUT... -- COMMAND...: whether the step was done by this command.
_is_done() {
    local mark=$1
    shift
    while [ "$1" != -- ]; do
        [ "${mark}" -nt "$1" ] || return 1
        shift
    done
    shift
    [ -e "${mark}" ] && [ "$(<"${mark}")" = "$(quoted "$@")" ] || return 1
    ! variables_changed "${mark%/*}"
}

# _hold MARK: sets _held to a descriptor whose lock no other run has; none where there are no locks.
_hold() {
    command -v flock >/dev/null || return 0
    mkdir -p .locks
    exec {_held}>>".locks/$(printf '%s' "$1" | cksum | tr ' ' _)"
    flock -n "${_held}" && return
    log "another run works on ${1%/*} in this folder; waiting until it ends"
    flock "${_held}" || log "warning: this file system has no locks; start no second run here"
}

# variables_used FOLDER NAME VALUE...: local/data.sh records which environment variables it took VALUEs
# from, in FOLDER/.variables. A VALUE that an option gave is left out: the command of the step holds it.
variables_used() {
    local folder=$1 lines=
    shift
    if [ "${dry_run:-false}" = true ] || [ ! -d "${folder}" ]; then return 0; fi # data.sh was asked for other parts
    while [ $# -ge 2 ]; do
        [ "$2" != "${!1:-}" ] || lines+="$1=$2"$'\n'
        shift 2
    done
    printf '%s' "${lines}" >"${folder}/.variables.new"
    mv -- "${folder}/.variables.new" "${folder}/.variables"
}

# variables_changed FOLDER: true when a variable of variables_used has another value now. One that is
# not set now, or was not recorded, does not count.
variables_changed() {
    local line name value
    [ -e "$1/.variables" ] || return 1
    while IFS= read -r line; do
        [[ ${line} =~ ^([A-Z][A-Z0-9_]*)=(.*)$ ]] || continue
        name=${BASH_REMATCH[1]} value=${BASH_REMATCH[2]}
        [ -z "${!name:-}" ] || [ "${!name}" = "${value}" ] || return 0
    done <"$1/.variables"
    return 1
}

# need_integer NAME VALUE: exit 2 unless VALUE is a whole number. The shell would read 08 as octal.
need_integer() {
    if [[ ! $2 =~ ^(0|[1-9][0-9]*)$ ]]; then
        log "error: --$1 is a whole number, not '$2'"
        exit 2
    fi
}

# words_in OPTION...: each, several options in one variable, becomes an array of words. They are split at
# spaces; quotes and backslashes keep words together, and nothing is evaluated.
words_in() {
    local name lines
    for name in "$@"; do
        if ! lines=$(xargs -r printf '%s\n' <<<"${!name}" 2>/dev/null); then
            log "error: --${name}: a quotation mark is open in '${!name}'"
            exit 2
        fi
        unset "${name}"
        declare -ga "${name}=()"
        [ -z "${lines}" ] || mapfile -t "${name}" <<<"${lines}"
    done
}
