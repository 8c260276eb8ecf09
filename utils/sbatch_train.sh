#!/usr/bin/env bash
# Train on one machine or many under Slurm: srun starts one torchrun on each, they find each other on
# the first. Before the time limit the training saves and the job goes back into the queue; it goes
# on where it stopped, as after the loss of a machine or a preemption.
#
# Usage, in a recipe's folder:
#   sbatch --nodes=8 --gpus-per-node=8 --cpus-per-task=64 --time=24:00:00 \
#       ../../../utils/sbatch_train.sh --config conf/pretrain_xlsr.yaml --output_dir exp/x ...
# Without GPUs: ASRKIT_PROCESSES processes (default 1) on each machine's CPUs.
#SBATCH --job-name=asr_train
#SBATCH --output=asr_train_%j.log
#SBATCH --open-mode=append
#SBATCH --ntasks-per-node=1
#SBATCH --requeue
#SBATCH --signal=B:USR1@180
set -euo pipefail
if [ -z "${SLURM_JOB_ID:-}" ] || [ $# -eq 0 ]; then
    echo "usage, in a recipe's folder: sbatch [--nodes=N ...] $0 OPTIONS OF asr_train.py" >&2
    exit 2
fi
if [ ! -e path.sh ]; then
    echo "error: no path.sh in ${PWD}: run sbatch in the folder of a recipe" >&2
    exit 1
fi
# shellcheck source=egs/TEMPLATE/asr1/path.sh
. ./path.sh

gpus=${SLURM_GPUS_ON_NODE:-0}
processes=${gpus}
[ "${gpus}" != 0 ] || processes=${ASRKIT_PROCESSES:-1}
first=$(scontrol show hostnames "${SLURM_JOB_NODELIST}" | head -n 1)
torchrun=(python3 -m torch.distributed.run --nnodes="${SLURM_JOB_NUM_NODES}"
    --nproc_per_node="${processes}" --rdzv_backend=c10d
    --rdzv_id="${SLURM_JOB_ID}.${SLURM_RESTART_COUNT:-0}"
    --rdzv_endpoint="${first}:$((20000 + SLURM_JOB_ID % 20000))")

# The signal before the time limit comes to this script; the training's processes take it as a wish
# to save and stop. torchrun itself would die of it: it starts with the signal ignored.
stopping=false
trap 'stopping=true; scancel --signal=USR1 "${SLURM_JOB_ID}"' USR1
# From 22.05 on srun does not take over the job's CPUs for each task: it is given them.
# shellcheck disable=SC2016  # the words of "$@" are those of the inner shell
srun --kill-on-bad-exit=1 ${SLURM_CPUS_PER_TASK:+--cpus-per-task="${SLURM_CPUS_PER_TASK}"} bash -c 'trap "" USR1; exec "$@"' - \
    "${torchrun[@]}" -m asrkit.bin.asr_train --ngpu "${gpus}" --resume true "$@" &
step=$!
status=0
wait "${step}" || status=$?
if [ "${stopping}" = true ]; then # the first wait ended with the signal
    for ((second = 0; second < 150; second++)); do
        kill -0 "${step}" 2>/dev/null || break
        sleep 1
    done
    status=0
    kill -0 "${step}" 2>/dev/null && status=1 || wait "${step}" || status=$?
    [ "${status}" -eq 0 ] || scontrol requeue "${SLURM_JOB_ID}"
fi
exit "${status}"
