#!/usr/bin/env bash
# Kaldi-style options for the script that sources this file: `--name value` sets the variable `name`.
#
# The variables set before sourcing are the options; the comment after each is its help. A value that
# was `true` or `false` accepts only these. `--a-b` is `--a_b`. Values are never evaluated.
# Unknown option, bad value or a word without --: exit 2. Words after a lone -- are in "$@" afterwards.

# All `name=` assignments at the start of a line of the calling script, down to the sourcing line.
_options_of() { # script
    local line
    while IFS= read -r line; do
        [[ ${line} == *parse_options.sh* ]] && break
        if [[ ${line} =~ ^([a-z][a-z0-9_]*)=(.*)$ ]]; then
            printf '%s\n' "${BASH_REMATCH[1]}"
        fi
    done <"$1"
}

# The comment block at the top of the script, then its options with defaults and comments.
_print_help() { # script
    local line name rest head=true
    printf 'Usage: %s [--option value ...]\n' "${1#"${PWD}/"}"
    while IFS= read -r line; do
        [[ ${line} == *parse_options.sh* ]] && break
        if [[ ${head} == true && ${line} == '#!'* ]]; then
            continue
        elif [[ ${head} == true && ${line} == '#'* ]]; then
            rest=${line#\#}
            printf '%s\n' "${rest# }"
        elif [[ ${line} =~ ^([a-z][a-z0-9_]*)=(.*)$ ]]; then
            name=${BASH_REMATCH[1]}
            rest=${BASH_REMATCH[2]}
            [[ ${rest} == *'  # '* ]] && rest="${rest#*  # }" || rest=""
            printf '  --%-22s %s (default: %s)\n' "${name}" "${rest}" "${!name}"
        elif [[ ${line} =~ ^'# -- '(.*)$ ]]; then
            printf '\n%s\n' "${BASH_REMATCH[1]}"
        fi
        [[ -n ${line} && ${line} != '#'* ]] && head=false
    done <"$1"
}

# The known name that shares the longest start or a part with the given one.
_closest_option() { # name known...
    local wanted=$1 known length
    shift
    for ((length = ${#wanted}; length >= 3; length--)); do
        for known in "$@"; do
            if [[ ${known} == "${wanted:0:length}"* || ${known} == *"${wanted: -length}" ]]; then
                printf '%s' "${known}"
                return
            fi
        done
    done
}

_script=$0
mapfile -t _known < <(_options_of "${_script}")
while [ $# -gt 0 ]; do
    case "$1" in
    --help | -h)
        _print_help "${_script}"
        exit 0
        ;;
    --)
        shift
        break
        ;;
    --*=*)
        echo "${_script}: write '${1%%=*} ${1#*=}', not '$1'" >&2
        exit 2
        ;;
    --*)
        _name=${1#--}
        _name=${_name//-/_}
        if [[ " ${_known[*]} " != *" ${_name} "* ]]; then
            _close=$(_closest_option "${_name}" "${_known[@]}")
            echo "${_script}: unknown option $1${_close:+; did you mean --${_close}?} (--help lists them)" >&2
            exit 2
        fi
        if [ $# -lt 2 ]; then
            echo "${_script}: option $1 needs a value" >&2
            exit 2
        fi
        if [[ ${!_name} == true || ${!_name} == false ]] && [[ $2 != true && $2 != false ]]; then
            echo "${_script}: option $1 is true or false, not '$2'" >&2
            exit 2
        fi
        printf -v "${_name}" '%s' "$2"
        shift 2
        ;;
    *)
        echo "${_script}: no arguments without -- expected, found: $1 (--help lists the options)" >&2
        exit 2
        ;;
    esac
done
unset _known _name _close _script
