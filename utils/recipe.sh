#!/usr/bin/env bash
# What every run.sh begins with: how it stops at wrong options, and paths as its caller sees them. To be sourced in the
# recipe's folder, after `cd` there.

from=${OLDPWD:-${PWD}} # where run.sh was called

# bad_option MESSAGE: exit 2.
bad_option() {
    echo "$0: $1" >&2
    exit 2
}

# absolute PATH: as seen from where run.sh was called; the address of a download stays as it is.
absolute() {
    if [[ $1 == http*://* ]]; then
        printf '%s\n' "$1"
    else
        (cd "${from}" && realpath -ms -- "$1")
    fi
}

# one_word OPTION VALUE: stop unless VALUE is one word, which the variables of several options need.
one_word() {
    [[ $2 != *' '* ]] || bad_option "$1 '$2' holds a space; give one word (a file: link it to a name without)"
}

# corpus_path OPTION PATH: the absolute path, as one word of --local_data_opts.
corpus_path() {
    local path
    path=$(absolute "$2")
    one_word "$1" "${path}"
    printf '%s\n' "${path}"
}

# refuse_passed_on REASON NAME...: stop where one of these is among the options for asr.sh.
refuse_passed_on() {
    local number name
    for ((number = 0; number < ${#rest[@]}; number += 2)); do
        for name in "${@:2}"; do
            [ "${rest[number]}" != "--${name}" ] || bad_option "--${name} $1"
        done
    done
}

# pretrains_itself METHOD: stop where another model to start from is among the options for asr.sh.
pretrains_itself() {
    refuse_passed_on "does not go with --method $1, which pre-trains a model of its own; leave it out, or call ./asr.sh" \
        pretrained pretrained_source
}

# self_training_suffix: sets rounds_suffix, what --self_training among the options for asr.sh adds to the names of its
# models: others than those of the labels alone.
# shellcheck disable=SC2034  # in names of run.sh and of xlsr_methods.sh
self_training_suffix() {
    local number
    rounds_suffix=
    for ((number = 0; number < ${#rest[@]}; number += 2)); do
        [ "${rest[number]}" = --self_training ] || continue
        rounds_suffix=
        [ "${rest[number + 1]:-0}" = 0 ] || rounds_suffix=_selftrained${rest[number + 1]}
    done
}

# data_options NAME...: moves these, options of local/data.sh, from rest, the options for asr.sh, to data.
data_options() {
    local number name kept=()
    for ((number = 0; number < ${#rest[@]}; number += 2)); do
        name=${rest[number]#--}
        if [[ " $* " == *" ${name} "* ]]; then
            one_word "--${name}" "${rest[number + 1]:-}"
            data+=("${rest[@]:number:2}")
        else
            kept+=("${rest[@]:number:2}")
        fi
    done
    rest=("${kept[@]}")
}
