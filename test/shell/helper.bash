# Shared by the .bats files: a recipe in a folder of its own, without network or Python.
setup_recipe() {
    root=$(cd "${BATS_TEST_DIRNAME}/../.." && pwd)
    recipe=${BATS_TEST_TMPDIR}/recipe
    mkdir -p "${recipe}/local" "${recipe}/conf"
    ln -s "${root}/egs/TEMPLATE/asr1/asr.sh" "${root}/egs/TEMPLATE/asr1/path.sh" "${recipe}/"
    printf '#!/usr/bin/env bash\necho "$@" >>called\n' >"${recipe}/local/data.sh"
    chmod +x "${recipe}/local/data.sh"
    : >"${recipe}/conf/tune.yaml"
    # An environment that path.sh accepts at once; no stage here gets as far as Python.
    export ASRKIT_VENV=${BATS_TEST_TMPDIR}/venv
    mkdir -p "${ASRKIT_VENV}/bin"
    printf '#!/usr/bin/env bash\nexit 9\n' >"${ASRKIT_VENV}/bin/python3"
    chmod +x "${ASRKIT_VENV}/bin/python3"
    cd "${recipe}" || return 1
}

# Every file below the current folder with its size and time.
listing() {
    find . -printf '%p %s %T@\n' | sort
}
