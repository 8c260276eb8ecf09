#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # literal code; variables set by helper
# Steps whose work several jobs share: launchers, and asr.sh --shards. Programs here only write what they were given.
load helper
setup() {
    setup_recipe
    cat >"${ASRKIT_VENV}/bin/python3" <<'EOF'
#!/usr/bin/env bash
printf '%s\n' "$*" >>calls
if [[ "$*" == *" --split "* ]]; then cat dealt; else printf 'heard %s\n' "$*"; fi
[[ "$*" != *" --shard ${FAILING:-none}" ]]
EOF
    # One machine's sbatch --wait: says its number, runs what it was given, once or for each number of an array.
    mkdir bin
    cat >bin/sbatch <<'EOF'
#!/usr/bin/env bash
echo 17
printf '%s ' "${@:1:$#-1}" >>submitted
array=none
for word in "$@"; do
    case "${word}" in
    --array=1-*) last=${word#--array=1-} array=$(seq "${last%%%*}") ;;
    --output=*) output=${word#--output=} ;;
    esac
done
worst=0
for number in ${array}; do
    SLURM_ARRAY_TASK_ID=${number} sh -c "${@: -1}" >>"${output//%a/${number}}" 2>&1 || worst=$?
    [ "${number}" != "${KILLED:-}" ] || rm -f -- "$(dirname -- "${output}")"/.ended.*/"${number}"
done
exit "${worst}"
EOF
    chmod +x bin/sbatch
    PATH=${PWD}/bin:${PATH}
    mkdir -p {data,dump/org}/it_{train,valid,test}
    for part in train valid test; do
        touch "data/it_${part}"/{wav.scp,utt2spk,utt2lang,text}
    done
    echo 3 >dealt
    stage3=(./asr.sh --langs it --stage 3 --stop_stage 3 --shards 4)
}

@test "a job has its number for JOB, as a word and in the name of its log" {
    run "${root}/utils/local.sh" --max-jobs-run 2 JOB=1:3 log/x.JOB.log bash -c 'printf "%s|" "$@"' - JOB 'a  JOB' ''
    [ "$status" -eq 0 ]
    [ "$(cat log/x.1.log log/x.2.log log/x.3.log)" = '1|a  JOB||2|a  JOB||3|a  JOB||' ]
    run "${root}/utils/slurm.sh" JOB=1:2 log/y.JOB.log bash -c 'printf "%s|" "$@"' - JOB 'a  $JOB' ''
    [ "$status" -eq 0 ]
    [ "$(cat log/y.1.log log/y.2.log)" = '1|a  $JOB||2|a  $JOB||' ]
    [ "$(find log -name '.ended*')" = '' ]
}

@test "launchers say which jobs failed, with what, and where their logs are" {
    for launcher in local slurm; do
        run "${root}/utils/${launcher}.sh" JOB=1:4 log/x.JOB.log bash -c 'echo "said $1"; [ "$1" -lt 3 ] || exit "$1"' - JOB
        [ "$status" -ne 0 ]
        [[ "$output" == *"2 of 4 jobs failed:"*"3 (status 3; log/x.3.log)"*"4 (status 4; log/x.4.log)"*"the end of log/x.3.log:"*"said 3"* ]]
        [[ "$output" != *"said 4"* ]]
        [ "$(find log -name '.ended*')" = '' ]
        rm -r log
    done
}

@test "a job of an array that was killed is among those that failed" {
    KILLED=2 run "${root}/utils/slurm.sh" JOB=1:2 log/x.JOB.log bash -c '[ "$1" != 2 ] || exit 1' - JOB
    [[ "$output" == *"1 of 2 jobs failed:"*"2 (status none: it was stopped, or killed for memory or time; log/x.2.log)"* ]]
}

@test "an array has options of its own" {
    export ASRKIT_SBATCH="--gres=gpu:4"
    "${root}/utils/slurm.sh" JOB=1:2 log/x.JOB.log true JOB
    ASRKIT_SBATCH_ARRAY='' "${root}/utils/slurm.sh" --max-jobs-run 5 JOB=1:2 log/x.JOB.log true JOB
    ASRKIT_SBATCH_ARRAY=--mem=4G "${root}/utils/slurm.sh" JOB=1:2 log/x.JOB.log true JOB
    [ "$(grep -o -- '--array=[^ ]*\|--gres=[^ ]*\|--mem=[^ ]*' submitted | tr '\n' ' ')" = \
        '--array=1-2 --gres=gpu:4 --array=1-2%5 --array=1-2 --mem=4G ' ]
}

@test "launchers refuse words that are none of theirs" {
    for words in "JOB=1:0 x.JOB.log true" "JOB=2:3 x.JOB.log true" "JOB=1:2 x.log true" "--max-jobs-run 0 x.log true" "x.log"; do
        for launcher in local slurm; do
            # shellcheck disable=SC2086  # several words
            run "${root}/utils/${launcher}.sh" ${words}
            [ "$status" -eq 2 ]
            [[ "$output" == "usage: "* ]]
        done
    done
}

@test "an interrupt ends the jobs of this machine" {
    "${root}/utils/local.sh" JOB=1:2 log/x.JOB.log bash -c 'echo "$$"; exec sleep 600' 3>&- &
    for ((i = 0; i < 500; i++)); do [ ! -s log/x.2.log ] || [ ! -s log/x.1.log ] || break && sleep 0.02; done
    kill -TERM "$!"
    wait "$!" || status=$?
    [ "${status}" -eq 130 ]
    for number in 1 2; do
        if kill -0 "$(cat "log/x.${number}.log")"; then return 1; fi
    done
}

@test "with --shards the work is dealt, done, and taken by the same command; other numbers do nothing again" {
    run "${stage3[@]}"
    [ "$status" -eq 0 ]
    [ "$(grep -c -- '--split 4$' calls)" -eq 3 ]
    for number in 1 2 3; do
        [ "$(grep -c -- "it_train --nj 2 --shard ${number}$" calls)" -eq 1 ]
        grep -q "heard.*--shard ${number}" "dump/org/it_train/log/format_audio.${number}.log"
    done
    [ "$(grep -c -- '--out_dir dump/org/it_train --nj 2$' calls)" -eq 1 ]
    [ "$(tail -n 1 calls)" = "-m asrkit.bin.format_audio --in_dir data/it_test --out_dir dump/org/it_test --nj 2" ]
    before=$(wc -l <calls)
    for number in 1 2 9; do
        "${stage3[@]}" --shards "${number}"
        [ "$(wc -l <calls)" -eq "${before}" ]
    done
}

@test "where nothing is left no job is started" {
    echo 0 >dealt
    run "${stage3[@]}" --launcher "${root}/utils/slurm.sh"
    [ "$status" -eq 0 ]
    [ ! -e submitted ]
    [ "$(wc -l <calls)" -eq 6 ]
}

@test "a shard that fails stops the stage, and is named with its log and what to do" {
    for launcher in local slurm; do
        FAILING=2 run "${stage3[@]}" --launcher "${root}/utils/${launcher}.sh"
        [ "$status" -eq 1 ]
        [[ "$output" == *"1 of 3 jobs failed:"*"2 (status 1; dump/org/it_train/log/format_audio.2.log)"* ]]
        [[ "$output" == *"error: format_audio stopped; what its shards have done is kept: see the logs above, and run again"* ]]
        [ ! -e dump/org/it_train/.done ]
        run grep -c -- '--out_dir dump/org/it_train --nj 2$' calls
        [ "$output" = 0 ]
    done
}

@test "a dry run of shards shows the commands; their number is checked" {
    run "${stage3[@]}" --dry_run true
    [[ "$output" == *"--split 4"*"utils/local.sh --max-jobs-run 2 JOB=1:4 dump/org/it_train/log/format_audio.JOB.log python3 "*"--shard JOB"* ]]
    [ ! -e dump/org/it_train/log ]
    for number in 0 x ''; do
        run "${stage3[@]}" --shards "${number}"
        [ "$status" -eq 2 ]
    done
}

@test "phonemes, hypotheses and decoding are done in shards too" {
    run ./asr.sh --langs it --stage 5 --stop_stage 12 --shards 7 --dry_run true --inference_nj 3 \
        --finetune_config conf/tune.yaml --transcoder_config conf/tune.yaml --transcoder_hyp_config conf/tune.yaml \
        --inference_modes "greedy lexicon transcoder"
    [ "$status" -eq 0 ]
    for line in \
        '--max-jobs-run 2 JOB=1:7 dump/raw/it_train/log/phonemize.JOB.log python3 -m asrkit.bin.phonemize ' \
        '--max-jobs-run 3 JOB=1:7 *log/dump_posteriors.JOB.log python3 -m asrkit.bin.dump_posteriors ' \
        '--max-jobs-run 3 JOB=1:7 *decode_greedy/it_test/log/asr_infer.JOB.log python3 -m asrkit.bin.asr_infer ' \
        '--max-jobs-run 3 JOB=1:7 *decode_lexicon/it_test/log/asr_infer.JOB.log python3 -m asrkit.bin.asr_infer ' \
        '--max-jobs-run 3 JOB=1:7 *decode_tune/it_test/log/transcode.JOB.log python3 -m asrkit.bin.transcode '; do
        # shellcheck disable=SC2053  # a pattern
        [[ "$output" == *${line}*"--shard JOB"* ]] || { echo "no ${line}" && return 1; }
    done
}
