#!/usr/bin/env bash
# Print a bats that can run: the system's, or one fetched without root into ~/.cache/asrkit/bats.
set -euo pipefail
if command -v bats; then
    exit 0
fi
folder=${XDG_CACHE_HOME:-${HOME:-~}/.cache}/asrkit/bats
if [ ! -x "${folder}/usr/bin/bats" ] && command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; then
    mkdir -p "${folder}/state/lists/partial" "${folder}/cache/archives/partial"
    touch "${folder}/state/status"
    apt=(-o "Dir::State=${folder}/state" -o "Dir::State::status=${folder}/state/status"
        -o "Dir::Cache=${folder}/cache" -o "APT::Sandbox::User=root")
    if apt-get "${apt[@]}" -qq update >&2 && (cd "${folder}" && apt-get "${apt[@]}" -qq download bats >&2); then
        dpkg-deb -x "${folder}"/bats_*.deb "${folder}"
    fi
fi
if [ ! -x "${folder}/usr/bin/bats" ] && command -v npm >/dev/null; then
    npm install --silent --prefix "${folder}" bats >&2 && mkdir -p "${folder}/usr/bin" &&
        ln -sf "${folder}/node_modules/.bin/bats" "${folder}/usr/bin/bats"
fi
if [ ! -x "${folder}/usr/bin/bats" ]; then
    echo "error: no bats, which the tests of the shell scripts need; run: sudo apt-get install bats" >&2
    exit 1
fi
echo "${folder}/usr/bin/bats"
