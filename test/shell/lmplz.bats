#!/usr/bin/env bats
# tools/install_lmplz.sh: what can be tested without a network.
# shellcheck disable=SC2016  # the program is written, not run here
load helper
setup() {
    mkdir -p "${BATS_TEST_TMPDIR}/tools/bin"
    cp "${BATS_TEST_DIRNAME}/../../tools/install_lmplz.sh" "${BATS_TEST_TMPDIR}/tools/"
    cd "${BATS_TEST_TMPDIR}/tools" || return 1
}

@test "lmplz: an unknown option exits 2" {
    run ./install_lmplz.sh --prefix x
    [ "$status" -eq 2 ]
    [[ "$output" == *"usage: "* ]]
}

@test "lmplz: programs that work are left alone" {
    printf '%s\n' '#!/bin/sh' 'echo "ngram 2=1"' >bin/lmplz
    printf '%s\n' '#!/bin/sh' 'echo packed >"$2"' >bin/build_binary
    chmod +x bin/lmplz bin/build_binary
    before=$(cksum bin/*)
    run ./install_lmplz.sh
    [ "$status" -eq 0 ]
    [[ "$output" == *"is there and works"* ]]
    [ "$(cksum bin/*)" = "${before}" ]
}

@test "lmplz: without pip it says what to do" {
    run env PYTHON="${BATS_TEST_TMPDIR}/none" ./install_lmplz.sh
    [ "$status" -eq 1 ]
    [[ "$output" == *"has no pip"* ]]
    [ ! -e src ]
}
