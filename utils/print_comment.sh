#!/usr/bin/env bash
# For --help of scripts whose options are in the comment at their top.

# print_comment FILE: the comment at the top of a script.
print_comment() {
    local line
    while IFS= read -r line; do
        [[ ${line} == '#'* ]] || break
        [[ ${line} == '#!'* || ${line} == *shellcheck* ]] && continue
        line=${line#'#'}
        printf '%s\n' "${line# }"
    done <"$1"
}
