#!/usr/bin/env bash
# Every method with every seed on every target: ./run.sh --method M --seed S --target T for each, then
# one table of means and spreads. Run from a recipe's folder; run again, it goes on where it stopped.
set -euo pipefail

methods="scratch xlsr_mono xlsr_english xlsr_all xlsr_all_unbalanced xlsr"  # of run.sh
seeds="0 1 2"  # of pre-training and fine-tuning alike
targets="it"  # languages
jobs=1  # systems trained at the same time, with one thread each if more than one
run_opts=""  # more options for run.sh, for example "--max_update 100"; quotes keep words together
expdir=exp  # experiments; logs of the systems in <expdir>/log/grid
results=""  # table to write; default: <expdir>/RESULTS.md
dry_run=false  # print the commands and do nothing

ASRKIT_ROOT=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd)
. "${ASRKIT_ROOT}/utils/parse_options.sh"
. "${ASRKIT_ROOT}/utils/stages.sh"
need_integer jobs "${jobs}"
if [ "${jobs}" = 0 ]; then
    log "error: --jobs is at least 1"
    exit 2
fi
for seed in ${seeds}; do
    need_integer seeds "${seed}"
done
for name in methods seeds targets; do
    if [ -z "${!name}" ]; then
        log "error: --${name} is empty"
        exit 2
    fi
done
if [ ! -x ./run.sh ]; then
    log "error: no ./run.sh here; start it in the folder of a recipe, such as egs/mini_asterisk/asr1"
    exit 2
fi
# shellcheck source=/dev/null
. ./path.sh
words_in run_opts
more=("${run_opts[@]}")
if [ "${dry_run}" = true ]; then more+=(--dry_run true); fi
logs=${expdir}/log/grid
[ "${dry_run}" = true ] || mkdir -p "${logs}"
failed=()

# one NAME METHOD TARGET OPTION...: a call of run.sh; its output goes to a log of that name.
one() {
    local name=$1 command=(./run.sh --method "$2" --target "$3" --expdir "${expdir}" "${more[@]}" "${@:4}")
    printf '+ %s\n' "$(quoted "${command[@]}")" >&2
    if [ "${dry_run}" = true ]; then
        "${command[@]}"
    elif "${command[@]}" </dev/null >"${logs}/${name}.log" 2>&1; then
        log "done: ${name}"
    else
        log "failed: ${name}; see ${logs}/${name}.log"
        return 1
    fi
}

# interrupted: end every system with all that it started; training saves first.
interrupted() {
    trap '' INT TERM
    local pid
    log "interrupted: waiting until ${#pids[@]} system(s) have saved; run again to go on"
    for pid in "${pids[@]}"; do
        kill -TERM -- "-${pid}" 2>/dev/null || true
    done
    for pid in "${pids[@]}"; do
        while kill -0 -- "-${pid}" 2>/dev/null; do sleep 0.2; done
    done
    exit 130
}

# collect NAME PID: wait for one job.
collect() {
    wait "$2" || failed+=("$1")
}

# Data and n-grams before anything is trained, so that no two jobs write the same files.
for target in ${targets}; do
    for method in ${methods}; do
        one "${target}_${method}_data" "${method}" "${target}" --stop_stage 5
    done
    one "${target}_ngram" "${method}" "${target}" --stage 9 --stop_stage 9
done

[ "${jobs}" -le 1 ] || export OMP_NUM_THREADS=1
names=() pids=()
set -m # a group of processes for each system: in the background they would not receive an interrupt
trap interrupted INT TERM
for seed in ${seeds}; do
    for target in ${targets}; do
        for method in ${methods}; do
            if [ "${#pids[@]}" -ge "${jobs}" ]; then
                collect "${names[0]}" "${pids[0]}"
                names=("${names[@]:1}") pids=("${pids[@]:1}")
            fi
            name=${target}_${method}_seed${seed}
            one "${name}" "${method}" "${target}" --seed "${seed}" --stage 6 --skip_stages 9 &
            names+=("${name}") pids+=("$!")
        done
    done
done
for number in "${!pids[@]}"; do
    collect "${names[number]}" "${pids[number]}"
done
trap - INT TERM
set +m
run python3 -m asrkit.bin.results --exp "${expdir}" --out "${results:-${expdir}/RESULTS.md}"
if [ "${#failed[@]}" -gt 0 ]; then
    log "error: ${#failed[@]} system(s) failed: ${failed[*]}; logs in ${logs}; run again to go on"
    exit 1
fi
log "all systems done"
