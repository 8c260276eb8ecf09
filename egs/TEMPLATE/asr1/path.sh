#!/usr/bin/env bash
# Sourced by every script of a recipe: where asrkit is, which Python runs it, how text is read.

ASRKIT_ROOT=$(cd "$(dirname -- "$(realpath -- "${BASH_SOURCE[0]}")")/../../.." && pwd)
export ASRKIT_ROOT
export PYTHONPATH="${ASRKIT_ROOT}${PYTHONPATH:+:${PYTHONPATH}}"
export PYTHONUTF8=1
export LC_ALL=C.UTF-8

# The environment of `make env` if it is there, else the python3 on PATH if it has the packages.
ASRKIT_ENVIRONMENT_ERROR=
if _venv=$("${ASRKIT_ROOT}/tools/env.sh" --print 2>/dev/null) && [ -x "${_venv}/bin/python3" ]; then
    export PATH="${_venv}/bin:${ASRKIT_ROOT}/tools/bin:${PATH}"
else
    export PATH="${ASRKIT_ROOT}/tools/bin:${PATH}"
    if ! python3 -c 'import importlib.util as u, sys
sys.exit(not all(u.find_spec(name) for name in ("torch", "torchaudio", "kaldiio", "phonemizer")))' 2>/dev/null; then
        # shellcheck disable=SC2034  # read by need_environment in utils/stages.sh
        ASRKIT_ENVIRONMENT_ERROR="python3 has no torch: run 'make env' in ${ASRKIT_ROOT}, or activate an environment with asrkit's packages"
    fi
fi
unset _venv

# asrkit COMMAND...: every program under one name, as an installed asrkit has it.
asrkit() {
    python3 -m asrkit "$@"
}

if [ -e local/path.sh ]; then
    # shellcheck source=/dev/null
    . local/path.sh
fi
