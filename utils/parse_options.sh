#!/usr/bin/env bash
# Kaldi-style options for the script that sources this file: `--name value` sets the variable `name`.
#
# The variables set before sourcing are the options; the comment after each is its help. A value that
# was `true` or `false` accepts only these. `--a-b` is `--a_b`. Values are never evaluated.
# Unknown option, bad value or a word without --: exit 2. Words after a lone -- are in "$@" afterwards.
#
# Options that several scripts share are in a file that they source before, which adds itself to the array
# option_files; what the script sets itself wins. `options_of FILE` lists their names.
# default_of has the value of each before the command line was read.
# A script that sets the array passes_to, the program that it calls, passes options on: those unknown here go to the
# array `rest` with their values, and --help ends with the help of that program.

# options_of FILE: all `name=` assignments at the start of a line, down to the line that sources this file.
options_of() {
    local line
    while IFS= read -r line; do
        [[ ${line} == *parse_options.sh* ]] && break
        if [[ ${line} =~ ^([a-z][a-z0-9_]*)=([^\(].*)?$ ]]; then
            printf '%s\n' "${BASH_REMATCH[1]}"
        fi
    done <"$1"
}

# _print_options FILE [KNOWN...]: its options with defaults and comments, but for those that are known already.
_print_options() {
    local line name rest known=" ${*:2} "
    while IFS= read -r line; do
        [[ ${line} == *parse_options.sh* ]] && break
        if [[ ${line} =~ ^([a-z][a-z0-9_]*)=([^\(].*)?$ ]]; then
            name=${BASH_REMATCH[1]}
            rest=${BASH_REMATCH[2]}
            [[ ${rest} == *'  # '* ]] && rest="${rest#*  # }" || rest=""
            [[ ${known} != *" ${name} "* ]] || continue
            [[ -z ${!name} || ${rest} == *default* ]] || rest+=" (default: ${!name})"
            printf '  --%-22s %s\n' "${name}" "${rest}"
        elif [[ ${line} =~ ^'# -- '(.*)$ ]]; then
            printf '\n%s\n' "${BASH_REMATCH[1]}"
        fi
    done <"$1"
}

# _print_help SCRIPT FILE...: the comment block at the top of the script, then its options and those of the files.
_print_help() {
    local line file known=()
    printf 'Usage: %s [--option value ...]\n' "${1#"${PWD}/"}"
    while IFS= read -r line; do
        [[ -z ${line} || ${line} == '#'* ]] || break
        [[ ${line} == '#!'* || ${line} == '# -- '* || ${line} == '# shellcheck '* || -z ${line} ]] && continue
        line=${line#\#}
        printf '%s\n' "${line# }"
    done <"$1"
    for file in "$@"; do
        _print_options "${file}" "${known[@]}"
        mapfile -t -O "${#known[@]}" known < <(options_of "${file}")
    done
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
[ -r "${_script}" ] || _script=${0##*/} # it has changed to its own folder
# shellcheck disable=SC2154  # unset where nothing is passed on
[[ $(declare -p passes_to 2>/dev/null) == 'declare -a'* ]] && _passes=true rest=() || _passes=false
_known=()
# shellcheck disable=SC2154  # unset where no file has added itself
for _name in "${_script}" "${option_files[@]}"; do
    mapfile -t -O "${#_known[@]}" _known < <(options_of "${_name}")
done
declare -A default_of=()
for _name in "${_known[@]}"; do
    # shellcheck disable=SC2034  # for scripts that refuse what has no use
    default_of[${_name}]=${!_name-}
done
while [ $# -gt 0 ]; do
    case "$1" in
    --help | -h)
        _print_help "${_script}" "${option_files[@]}"
        [ "${_passes}" = true ] || exit 0
        printf '\n%s\n%s\n\n' "And every option of ${passes_to[0]##*/}. The defaults below are its own, some of which this script changes:" \
            "--dry_run true shows every command with what it gets."
        exec "${passes_to[@]}" --help
        ;;
    --)
        [ "${_passes}" = false ] || break
        shift
        break
        ;;
    --*=*)
        echo "$0: write '${1%%=*} ${1#*=}', not '$1'" >&2
        exit 2
        ;;
    --*)
        _name=${1#--}
        _name=${_name//-/_}
        if [[ ${_name} == *labelled* ]]; then # earlier versions had British names
            _name=${_name//labelled/labeled}
            echo "$0: warning: $1 is deprecated; write --${_name}" >&2
        fi
        if [[ " ${_known[*]} " != *" ${_name} "* ]] && [ "${_passes}" = true ] && [ $# -ge 2 ]; then
            rest+=("--${_name}" "$2")
            shift 2
            continue
        fi
        if [[ " ${_known[*]} " != *" ${_name} "* ]] && [ "${_passes}" = false ]; then
            read -r -a _known_there <<<"${ASRKIT_CALLER_OPTIONS-}"
            _close=$(_closest_option "${_name}" "${_known[@]}" "${_known_there[@]}")
            echo "$0: unknown option $1${_close:+; did you mean --${_close}?} (--help lists them)" >&2
            exit 2
        fi
        if [ $# -lt 2 ]; then
            echo "$0: option $1 needs a value" >&2
            exit 2
        fi
        if [[ ${!_name} == true || ${!_name} == false ]] && [[ $2 != true && $2 != false ]]; then
            echo "$0: option $1 is true or false, not '$2'" >&2
            exit 2
        fi
        printf -v "${_name}" '%s' "$2"
        shift 2
        ;;
    *)
        echo "$0: no arguments without -- expected, found: $1 (--help lists the options)" >&2
        exit 2
        ;;
    esac
done
unset ASRKIT_CALLER_OPTIONS
if [ "${_passes}" = true ]; then
    export ASRKIT_CALLER_OPTIONS="${_known[*]}" # what a word that is known to neither may have been meant for
    rest+=("$@") # after a lone --, which the other program reads or refuses
    set --
fi
unset _known _known_there _name _close _script _passes
