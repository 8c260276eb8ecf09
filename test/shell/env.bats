#!/usr/bin/env bats
# tools/env.sh with a Python and a pip that only look like it: nothing is fetched.
setup() {
    root=$(cd "${BATS_TEST_DIRNAME}/../.." && pwd)
    cd "${BATS_TEST_TMPDIR}" || return 1
    mkdir bin
    # shellcheck disable=SC2016  # the programs are written, not run here
    printf '%s\n' '#!/usr/bin/env bash' 'case "$*" in' '*sys.executable*) echo "$0" ;;' '*version_info\[:2\]\)*) echo 3.11 ;;' \
        '*"-m venv "*) mkdir -p "$3/bin" && cp -- "$0" "$3/bin/python" ;;' '*"pip setuptools wheel"*) exit "${FIRST_PIP:-0}" ;;' \
        'esac' >bin/python3
    printf '%s\n' '#!/usr/bin/env bash' 'echo heading' 'echo disk 99999999 0 99999999 0% /' >bin/df
    chmod +x bin/python3 bin/df
    export PATH="${PWD}/bin:${PATH}" ASRKIT_PYTHON="${PWD}/bin/python3" ASRKIT_VENV="${PWD}/venv"
}

@test "env.sh prints the folder and installs once" {
    run "${root}/tools/env.sh"
    [ "$status" -eq 0 ]
    [ "${lines[-1]}" = "${ASRKIT_VENV}" ]
    ls venv/asrkit-*.done
    run "${root}/tools/env.sh"
    [ "$output" = "${ASRKIT_VENV}" ]
}

@test "an environment of which a part could not be installed is not called done" {
    FIRST_PIP=1 run "${root}/tools/env.sh"
    [ "$status" -eq 1 ]
    [[ "$output" == *"pip could not install everything"* ]]
    run ls venv/asrkit-*.done
    [ "$status" -ne 0 ]
}
