#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154,SC2034  # literal code; variables set by eval or read by sourced files
# The scripts of utils/ on their own.
setup() {
    root=$(cd "${BATS_TEST_DIRNAME}/../.." && pwd)
    cd "${BATS_TEST_TMPDIR}" || return 1
}

@test "quoted words can be pasted back" {
    . "${root}/utils/stages.sh"
    words=('a b' "it's" '$(x)' '' plain 'a;b' $'line\nbreak')
    eval "again=($(quoted "${words[@]}"))"
    [ "${#again[@]}" -eq "${#words[@]}" ]
    for i in "${!words[@]}"; do [ "${again[$i]}" = "${words[$i]}" ]; done
}

@test "step does a command once, and again when it or an input changes" {
    . "${root}/utils/stages.sh"
    count() { echo x >>counted; }
    need_environment() { :; }
    echo 1 >input
    sleep 0.02
    step mark input -- count
    step mark input -- count
    [ "$(wc -l <counted)" -eq 1 ]
    step mark input -- count other
    [ "$(wc -l <counted)" -eq 2 ]
    sleep 0.02
    echo 2 >input
    step mark input -- count other
    [ "$(wc -l <counted)" -eq 3 ]
}

@test "where there is no n-gram the reason is lmplz, or that stage 9 was not run" {
    . "${root}/utils/stages.sh"
    . "${root}/utils/asr_decode.sh"
    local lmplz
    python3() { return "${lmplz}"; }
    for lmplz in 3 0; do
        if dry_run=false has_ngram word.bin folder 2>told; then return 1; fi
        if [ "${lmplz}" = 0 ]; then why="stage 9 makes word.bin: run stages 9 to 13"; else why=${no_lmplz}; fi
        [ "$(<folder/skipped)" = "${why}" ]
        grep -q "skipped: folder: no word.bin; ${why}" told
    done
    touch word.bin
    dry_run=false has_ngram word.bin folder
    [ ! -e folder/skipped ]
}

@test "step leaves no mark when the command fails" {
    . "${root}/utils/stages.sh"
    need_environment() { :; }
    if step mark -- false; then return 1; fi
    [ ! -e mark ]
}

@test "a step that was begun with another command and not ended is done again" {
    . "${root}/utils/stages.sh"
    need_environment() { :; }
    step mark -- true one
    if step mark -- false two; then return 1; fi
    [ ! -e mark ]
}

@test "a corpus that a variable names elsewhere is prepared again; one not named is as it was" {
    . "${root}/utils/stages.sh"
    need_environment() { :; }
    prepare() {
        echo x >>counted
        variables_used d CORPUS "${1:-${CORPUS:-}}" LISTS "${LISTS:-}"
    }
    variables_used d CORPUS /a # no such folder: nothing to say
    [ ! -e d ]
    mkdir d
    CORPUS=/a step d/.done -- prepare
    cp d/.done before
    for setting in CORPUS=/a CORPUS= OTHER=/x; do
        export "${setting?}"
        step d/.done -- prepare
    done
    [ "$(wc -l <counted)" -eq 1 ]
    CORPUS='/b c' step d/.done -- prepare
    CORPUS='/b c' step d/.done -- prepare
    [ "$(wc -l <counted)" -eq 2 ]
    LISTS=/l step d/.done -- prepare # was not set before
    [ "$(wc -l <counted)" -eq 3 ]
    cmp d/.done before
    # what an option gave is in the command: the variable is not asked
    CORPUS=/a step d/.done -- prepare /option
    CORPUS=/b step d/.done -- prepare /option
    [ "$(wc -l <counted)" -eq 4 ]
}

@test "whole numbers are read as decimal: 08 is refused" {
    . "${root}/utils/stages.sh"
    need_integer stage 10
    status=0
    (need_integer stage 08) || status=$?
    [ "${status}" -eq 2 ]
}

@test "local.sh logs and returns the status" {
    run "${root}/utils/local.sh" log/x.log bash -c 'echo out; exit 5'
    [ "$status" -eq 5 ]
    [ "$(cat log/x.log)" = out ]
}

@test "slurm.sh quotes the command and passes the site's options" {
    mkdir bin
    printf '#!/usr/bin/env bash\necho 17\nprintf "%%s\\n" "$@" >&2\n' >bin/sbatch
    chmod +x bin/sbatch
    PATH="${PWD}/bin:${PATH}" ASRKIT_SBATCH="--partition=gpu --time=1:00:00" run "${root}/utils/slurm.sh" log/x.log echo 'a b'
    [ "$status" -eq 0 ]
    [[ "$output" == *"--partition=gpu"* && "$output" == *"echo a\\ b"* ]]
}

@test "slurm.sh shows the end of a failing job's log and gives its status" {
    mkdir bin log
    printf '#!/usr/bin/env bash\necho 17\nexit 3\n' >bin/sbatch
    chmod +x bin/sbatch
    echo "what went wrong" >log/x.log
    PATH="${PWD}/bin:${PATH}" run "${root}/utils/slurm.sh" log/x.log false
    [ "$status" -eq 3 ]
    [[ "$output" == *"job 17 ended with status 3"*"what went wrong"* ]]
}

@test "sbatch_train.sh outside of Slurm says how it is used" {
    run "${root}/utils/sbatch_train.sh" --config x.yaml
    [ "$status" -eq 2 ]
    [[ "$output" == *"sbatch [--nodes=N"* ]]
    SLURM_JOB_ID=1 run "${root}/utils/sbatch_train.sh" --config x.yaml
    [ "$status" -eq 1 ]
    [[ "$output" == *"in the folder of a recipe"* ]]
}

@test "new_recipe wants a name: an empty one is not the root of the file system" {
    run "${root}/utils/new_recipe.sh" ""
    [ "$status" -eq 2 ]
    [[ "$output" == "usage: "* ]]
}

@test "new_recipe makes a recipe that answers, and overwrites nothing" {
    mkdir egs
    run "${root}/utils/new_recipe.sh" egs/mine/asr1
    [ "$status" -eq 0 ]
    [ -x egs/mine/asr1/run.sh ]
    [ -e egs/mine/asr1/asr.sh ]
    [ "$(realpath egs/mine/asr1/path.sh)" = "${root}/egs/TEMPLATE/asr1/path.sh" ]
    while IFS= read -r name; do
        [ -e "egs/mine/asr1/${name}" ]
    done < <(grep -o 'conf/[a-z_]*.yaml' egs/mine/asr1/run.sh)
    run "${root}/utils/new_recipe.sh" egs/mine/asr1
    [ "$status" -eq 1 ]
    [[ "$output" == *"nothing was changed"* ]]
}

@test "a recipe of one's own asks for its language, and takes a corpus as an option" {
    "${root}/utils/new_recipe.sh" egs/mine/asr1 --small
    [ "$(grep -c '^size=small  #' egs/mine/asr1/run.sh)" = 1 ]
    cd egs/mine/asr1
    run ./run.sh --dry_run true
    [ "$status" -eq 2 ]
    [[ "$output" == *"which language? Give --lang LANG"* ]]
    run ./run.sh --langs "it es" --dry_run true
    [ "$status" -eq 2 ]
    [[ "$output" == *"which of --langs 'it es' shall be recognized? Give --target LANG"* ]]
    run ./run.sh --lang qxx --corpus "a b's.csv" --audio clips --token_type char --dry_run true
    [ "$status" -eq 0 ]
    [[ "$output" == *"local/data.sh --lang qxx --corpus ${PWD}/a\\ b\\'s.csv --audio ${PWD}/clips"* ]]
    [[ "$output" == *"--config conf/finetune_ctc_small.yaml"* ]]
    run ./run.sh --lang qxx --size large --dry_run true
    [ "$status" -eq 2 ]
    [[ "$output" == *"give --pretrained_source FOLDER"* ]]
    run ./run.sh --lang qxx --corpus
    [ "$status" -eq 2 ]
    [[ "$output" == *"option --corpus needs a value"* ]]
}

@test "local/data.sh imports a corpus, and leaves to prepare.py what that reads" {
    "${root}/utils/new_recipe.sh" egs/mine/asr1 --small
    cd egs/mine/asr1
    run local/data.sh --lang qxx --dry_run true
    [ "$status" -eq 2 ]
    [[ "$output" == *"where is the speech of qxx?"* ]]
    run local/data.sh --lang qxx --corpus x.csv --import_args "--tier 'my tier'" --dry_run true
    [ "$status" -eq 0 ]
    [[ "$output" == *"bin.import_data x.csv --lang qxx --out data --replace true --tier my\\ tier"* ]]
    touch local/prepare.py
    run local/data.sh --lang qxx --corpus x.csv --dry_run true
    [[ "$output" == *"local/prepare.py --lang qxx --corpus x.csv --data data"* ]]
    rm local/prepare.py && mkdir -p data/qxx_train && touch data/qxx_train/wav.scp
    run local/data.sh --lang qxx --dry_run true
    [ "$status" -eq 0 ]
    [[ "$output" != *import_data* && "$output" == *"validate_data_dir data/qxx_train"* ]]
}

@test "a second run waits for a step that the first does, says so, and does not do it again" {
    command -v flock || skip "no flock"
    . "${root}/utils/stages.sh"
    need_environment() { :; }
    mkdir d
    slow() { echo once >>calls && sleep 1; }
    step d/.done -- slow 3>&- &
    for ((i = 0; i < 500; i++)); do [ ! -e calls ] || break && sleep 0.02; done
    output=$(step d/.done -- slow 2>&1)
    [[ "$output" == *"another run works on d in this folder; waiting until it ends"* ]]
    wait
    [ "$(cat calls)" = once ]
    mkdir e
    # shellcheck disable=SC2218  # it comes with the file that is sourced above
    output=$(step e/.done -- true 2>&1)
    [[ "$output" != *waiting* ]]
}

@test "a step that failed gives up its lock and its status" {
    . "${root}/utils/stages.sh"
    need_environment() { :; }
    status=0
    step mark -- bash -c 'exit 7' || status=$?
    [ "${status}" -eq 7 ]
    [ ! -e mark ]
    step mark -- true
    [ -e mark ]
}

@test "scripts of a recipe say where to start them" {
    for script in "${root}"/egs/TEMPLATE/asr1/asr.sh "${root}"/egs/*/asr1/local/data.sh; do
        run "${script}" --dry_run true
        [ "$status" -eq 2 ]
        [[ "$output" == "error: no ./path.sh here; start it in the "* ]]
        [ "${#lines[@]}" -eq 1 ]
    done
}

@test "without HOME the cache is in the home folder of the user" {
    run env -u HOME -u XDG_CACHE_HOME -u ASRKIT_VENV "${root}/tools/env.sh" --print
    [ "$status" -eq 0 ]
    [[ "$output" == /*/.cache/asrkit/venv-* ]]
}
