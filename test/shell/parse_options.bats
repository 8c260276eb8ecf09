#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154,SC2034  # literal code; variables set by eval or read by sourced files
# Options of a script, by utils/parse_options.sh.
setup() {
    root=$(cd "${BATS_TEST_DIRNAME}/../.." && pwd)
    cd "${BATS_TEST_TMPDIR}" || return 1
    cat >tool.sh <<EOF
#!/usr/bin/env bash
# A tool.
set -euo pipefail
word=one  # what to say
flag=false  # whether
dry_run=false  # print only
. "${root}/utils/parse_options.sh"
. "${root}/utils/stages.sh"
printf '<%s>' "\${word}" "\${flag}" "\$@"
EOF
    chmod +x tool.sh
}

@test "parse_options sets variables, keeps the rest" {
    run ./tool.sh --word 'a  b' --flag true -- --rest 'x y'
    [ "$status" -eq 0 ]
    [ "$output" = '<a  b><true><--rest><x y>' ]
}

@test "parse_options passes on what it does not know to the program that the script names" {
    cat >"${BATS_TEST_TMPDIR}/pass.sh" <<END
#!/usr/bin/env bash
# Calls another program.
set -euo pipefail
cd "\$(dirname -- "\$0")"
mine=1  # of this script
flag=false  # a switch
passes_to=(echo help of)
. "${root}/utils/parse_options.sh"
printf '%s;' "\${mine}" "\${flag}" "\${#rest[@]}" "\${rest[@]}"
END
    cd /
    run bash "${BATS_TEST_TMPDIR}/pass.sh" --lang it --mine 2 --dry-run true --opts "--a b"
    [ "$status" -eq 0 ]
    [ "$output" = "2;false;6;--lang;it;--dry_run;true;--opts;--a b;" ]
    run bash "${BATS_TEST_TMPDIR}/pass.sh" --lang
    [ "$status" -eq 2 ]
    [[ "$output" == *"option --lang needs a value"* ]]
    run bash "${BATS_TEST_TMPDIR}/pass.sh" --flag 3
    [ "$status" -eq 2 ]
    [[ "$output" == *"--flag is true or false"* ]]
    run bash "${BATS_TEST_TMPDIR}/pass.sh" word
    [ "$status" -eq 2 ]
    run bash "${BATS_TEST_TMPDIR}/pass.sh" --mine 3 -- word
    [ "$output" = "3;false;2;--;word;" ]
    run bash "${BATS_TEST_TMPDIR}/pass.sh" --help
    [[ "$output" == *"Calls another program."*"--mine"*"of this script (default: 1)"*"every option of echo."*"help of --help" ]]
    [[ "$output" != *"--passes_to"* ]]
}

@test "parse_options takes options of a file, and the script's own value of one" {
    printf 'a=1  # of the file\nb=2  # too\noption_files+=("${BASH_SOURCE[0]}")\n' >"${BATS_TEST_TMPDIR}/more.sh"
    cat >"${BATS_TEST_TMPDIR}/main.sh" <<END
. "${BATS_TEST_TMPDIR}/more.sh"
b=3  # of the script
. "${root}/utils/parse_options.sh"
echo "\${a} \${b}"
END
    run bash "${BATS_TEST_TMPDIR}/main.sh" --a 7
    [ "$output" = "7 3" ]
    run bash "${BATS_TEST_TMPDIR}/main.sh" --help
    [[ "$output" == *"--b "*"of the script (default: 3)"*"--a "*"of the file (default: 1)"* ]]
    [[ "$output" != *"too"* ]]
}

@test "the training options of asr.sh are options of asr_train.py" {
    . "${root}/utils/parse_options.sh"
    mapfile -t names < <(options_of "${root}/utils/training_options.sh")
    [ "${#names[@]}" -ge 8 ]
    (cd "${root}" && python3 -c 'import sys
from asrkit.config import parser
known = parser().format_help()
assert not [name for name in sys.argv[1:] if f"--{name}" not in known]' "${names[@]}")
}

@test "parse_options refuses a word without --: the options after it would be lost" {
    run ./tool.sh word --dry_run true
    [ "$status" -eq 2 ]
    [[ "$output" == *"no arguments without -- expected, found: word"* ]]
}

@test "parse_options takes empty values and dashes" {
    run ./tool.sh --word ''
    [ "$output" = '<><false>' ]
    run ./tool.sh --word --strange
    [ "$output" = '<--strange><false>' ]
}

@test "parse_options does not set what is not an option" {
    run ./tool.sh --PATH /tmp
    [ "$status" -eq 2 ]
    run ./tool.sh --BASH_ENV x
    [ "$status" -eq 2 ]
    run ./tool.sh '--a[$(touch bad)]' x
    [ "$status" -eq 2 ]
    [ ! -e bad ]
}

@test "help shows the comments" {
    run ./tool.sh --help
    [ "$status" -eq 0 ]
    [[ "$output" == *"A tool."*"--word"*"what to say (default: one)"* ]]
}

@test "options of earlier versions in British spelling are taken, with a word" {
    sed -i 's/^word=/labeled_word=one\nword=/' tool.sh
    printf 'echo "${labeled_word}"\n' >>tool.sh
    run ./tool.sh --labelled-word two
    [ "$status" -eq 0 ]
    [[ "$output" == *"warning: --labelled-word is deprecated; write --labeled_word"*two ]]
}
