#!/usr/bin/env bash
# Make the Python environment if it is missing, and print its folder. Nothing is installed twice.
# Usage: tools/env.sh [--print]      --print: only the folder, whether it exists or not
#
# ASRKIT_VENV    where to put it (default: a folder in ~/.cache/asrkit named after what is in it)
# ASRKIT_PYTHON  the Python to make it from (default: the first of python3, python3.12 ... python3.10)
set -euo pipefail
root=$(cd "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)

fail() {
    printf 'error: %s\n' "$@" >&2
    exit 1
}

find_python() {
    local name
    for name in ${ASRKIT_PYTHON:+"${ASRKIT_PYTHON}"} python3 python3.12 python3.11 python3.10; do
        if "${name}" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; then
            "${name}" -c 'import os, sys; print(os.path.realpath(sys.executable))'
            return
        fi
    done
    fail "no Python 3.10, 3.11 or 3.12 found" \
        "Debian, Ubuntu: sudo apt-get install python3 python3-venv" \
        "elsewhere: set ASRKIT_PYTHON to one"
}

check_system() { # what pip cannot bring
    local version
    version=$("${python}" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    "${python}" -c 'import venv, ensurepip' 2>/dev/null ||
        fail "${python} cannot make environments; run: sudo apt-get install python${version}-venv"
    local free
    free=$(df -Pk "$(dirname -- "${venv}")" | { read -r _; read -r _ _ _ kib _; echo "${kib}"; })
    ((free > 8 * 1024 * 1024)) ||
        fail "$(dirname -- "${venv}") has $((free / 1024)) MiB free; the environment takes 6 GiB and pip as much again while it works; set ASRKIT_VENV to a folder on a larger disk"
}

install() {
    # One chain: the caller asks for the status, so that set -e does not end it here.
    local requirements="${venv}/requirements.txt"
    { [ -x "${venv}/bin/python" ] || "${python}" -m venv "${venv}"; } &&
        "${venv}/bin/python" -m pip install --quiet --disable-pip-version-check -c "${root}/constraints.txt" pip setuptools wheel &&
        "${venv}/bin/python" "${root}/tools/requirements.py" >"${requirements}" &&
        "${venv}/bin/python" -m pip install --disable-pip-version-check --progress-bar on \
            -c "${root}/constraints.txt" -r "${requirements}"
}

main() {
    if [ "${1:-}" = --print ] && [ -n "${ASRKIT_VENV:-}" ]; then
        echo "${ASRKIT_VENV}"
        exit 0
    fi
    python=$(find_python)
    digest=$({
        # of pyproject.toml only what is installed: another setting there needs no other environment
        sed -n '/^dependencies = /,/^]/p; /^serve = /p; /^onnx = /p; /^test = /p; /^dev = /p' "${root}/pyproject.toml"
        cat "${root}/constraints.txt"
        "${python}" -VV
    } | sha256sum)
    digest=${digest:0:12}
    venv=${ASRKIT_VENV:-${XDG_CACHE_HOME:-${HOME:-~}/.cache}/asrkit/venv-${digest}}
    mark="${venv}/asrkit-${digest}.done"
    if [ "${1:-}" = --print ] || [ -e "${mark}" ]; then
        echo "${venv}"
        exit 0
    elif [ $# -gt 0 ]; then
        echo "usage: $0 [--print]" >&2
        exit 2
    fi

    mkdir -p "${venv}"
    exec 9>"${venv}.lock"
    if command -v flock >/dev/null; then
        flock -n 9 || { echo "another make is installing into ${venv}; waiting for it" >&2 && flock 9; }
    fi
    if [ ! -e "${mark}" ]; then
        check_system
        echo "installing asrkit's packages into ${venv} (about 3 GB to download)" >&2
        install >&2 || fail "pip could not install everything (above); run the same command again to go on"
        : >"${mark}"
    fi
    echo "${venv}"
}

main "$@"
exit  # bash reads a script as it goes: nothing after this line may matter while it changes
