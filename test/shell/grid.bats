#!/usr/bin/env bats
# utils/grid.sh: one call of run.sh for each method, seed and target.
load helper
setup() {
    setup_recipe
    # shellcheck disable=SC2154  # root is set by setup_recipe
    grid=${root}/utils/grid.sh
    # A recipe that notes how it was called and fails where `fail` says so.
    cat >run.sh <<'END'
#!/usr/bin/env bash
echo "$*" >>calls
echo "training"
[ ! -e fail ] || ! grep -qxF -- "$*" fail
END
    chmod +x run.sh
    printf '#!/usr/bin/env bash\necho "$*" >>python_calls\n' >"${ASRKIT_VENV}/bin/python3"
}

@test "data and n-grams once a target, then every system with its seed" {
    run "${grid}" --methods "scratch xlsr" --seeds "0 1" --targets "it es"
    [ "$status" -eq 0 ]
    [ "$(grep -c -- '--stop_stage 5' calls)" -eq 4 ]
    [ "$(grep -c -- '--stage 9 --stop_stage 9' calls)" -eq 2 ]
    [ "$(grep -c -- '--stage 6 --skip_stages 9' calls)" -eq 8 ]
    grep -qxF -- "--method xlsr --target es --expdir exp --seed 1 --stage 6 --skip_stages 9" calls
    [ "$(<exp/log/grid/es_xlsr_seed1.log)" = training ]
    grep -qF "asrkit.bin.results --exp exp --out exp/RESULTS.md" python_calls
}

@test "a system that fails is named, the others are trained, the exit status is 1" {
    echo "--method xlsr --target it --expdir exp --seed 0 --stage 6 --skip_stages 9" >fail
    run "${grid}" --methods "xlsr scratch" --seeds "0 1" --jobs 2
    [ "$status" -eq 1 ]
    [[ "$output" == *"failed: it_xlsr_seed0"* ]]
    [ "$(grep -c -- '--stage 6 --skip_stages 9' calls)" -eq 4 ]
    [ -e python_calls ]
}

@test "more options of run.sh may hold spaces" {
    run "${grid}" --methods xlsr --seeds 0 --run_opts "--finetune_args '--set x=1' --nj 3"
    [ "$status" -eq 0 ]
    [[ "$output" == *"--expdir exp --finetune_args --set\ x=1 --nj 3 --seed 0 --stage 6"* ]]
}

@test "a dry run touches nothing" {
    cp "${root}/egs/mini_asterisk/asr1/run.sh" run.sh
    rm -r conf
    ln -s "${root}/egs/mini_asterisk/asr1/conf" .
    before=$(listing)
    run "${grid}" --methods "xlsr_mono" --seeds "3" --dry_run true
    [ "$status" -eq 0 ]
    [[ "$output" == *"--output_dir exp/asr_it_5min_xlsr_mono_seed3 "* ]]
    [ "$(listing)" = "${before}" ]
}

@test "outside a recipe, and with a bad number of jobs, exit 2" {
    run "${grid}" --jobs many
    [ "$status" -eq 2 ]
    rm run.sh
    run "${grid}"
    [ "$status" -eq 2 ]
}

@test "an interrupt ends the systems that run, too" {
    printf '#!/usr/bin/env bash\n[[ "$*" != *seed* ]] || { echo $$ >>numbers; sleep 30; echo; }\n' >run.sh
    "${grid}" --methods "a b" --seeds 0 --jobs 2 2>said &
    number=$!
    for ((i = 0; i < 50; i++)); do
        [ ! -e numbers ] || [ "$(wc -l <numbers)" -lt 2 ] || break
        sleep 0.1
    done
    kill -TERM "${number}"
    status=0
    wait "${number}" || status=$?
    [ "${status}" -eq 130 ]
    grep -q "run again to go on" said
    while read -r number; do
        if kill -0 "${number}"; then return 1; fi
    done <numbers
}

@test "an empty list of methods, seeds or targets exits 2" {
    run "${grid}" --methods ""
    [ "$status" -eq 2 ]
    [[ "$output" == *"--methods is empty"* ]]
}

@test "no jobs, and seeds that are not numbers, are refused before anything runs" {
    run "${grid}" --methods scratch --jobs 0
    [ "$status" -eq 2 ]
    [[ "$output" == *"--jobs is at least 1"* ]]
    run "${grid}" --methods scratch --seeds "0 x"
    [ "$status" -eq 2 ]
    [[ "$output" == *"--seeds is a whole number, not 'x'"* ]]
    [ ! -e calls ]
}
