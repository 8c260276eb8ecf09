"""Stages and training under a real Slurm of one machine (apt-get install slurm-wlm)."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import slurm_cluster
from make_audio import data_dir, flac, tone
from tones import corpus, ctc_args

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(slurm_cluster.missing() is not None, reason=str(slurm_cluster.missing())),
]


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    with slurm_cluster.cluster(tmp_path_factory.mktemp("slurm") / "cluster") as env:
        yield env | {"ASRKIT_VENV": sys.prefix, "OMP_NUM_THREADS": "1"}


@pytest.fixture
def recipe(tmp_path):
    for name in ("asr.sh", "path.sh"):
        (tmp_path / name).symlink_to(ROOT / "egs/TEMPLATE/asr1" / name)
    return tmp_path


def launch(slurm, folder, *command, **changes):
    return subprocess.run(
        [str(ROOT / "utils/slurm.sh"), "log/x.log", *command],
        cwd=folder, env=slurm | changes, capture_output=True, text=True,
    )  # fmt: skip


def test_a_job_runs_where_it_was_started_with_its_words_unchanged(slurm, tmp_path):
    done = launch(slurm, tmp_path, "bash", "-c", 'printf "%s|" "$@"; pwd', "-", "two  words", "$x'")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "log/x.log").read_text() == f"two  words|$x'|{tmp_path}\n"


def test_a_failing_job_gives_its_status_and_the_end_of_its_log(slurm, tmp_path):
    done = launch(slurm, tmp_path, "bash", "-c", "echo what went wrong; exit 7")
    assert done.returncode == 7
    assert "ended with status 7" in done.stderr
    assert "what went wrong" in done.stderr


def test_a_job_that_is_not_accepted_fails(slurm, tmp_path):
    done = launch(slurm, tmp_path, "true", ASRKIT_SBATCH="--partition=none")
    assert done.returncode != 0
    assert "invalid partition" in done.stderr


def test_an_interrupt_cancels_the_job(slurm, tmp_path):
    command = [str(ROOT / "utils/slurm.sh"), "log/x.log", "bash", "-c", "echo up; sleep 600"]
    # Tests in the background ignore SIGINT, and a shell cannot trap what it began with ignoring.
    run = subprocess.Popen(command, cwd=tmp_path, env=slurm, preexec_fn=default_interrupt)
    wait_for(lambda: (tmp_path / "log/x.log").exists(), 60)
    run.send_signal(signal.SIGINT)
    assert run.wait(timeout=60) == 130
    wait_for(lambda: "x" not in jobs(slurm), 60)


def default_interrupt():
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def jobs(slurm, shown="%j", states="PENDING,RUNNING"):
    command = ["squeue", "--noheader", f"--format={shown}", f"--states={states}"]
    return subprocess.run(command, env=slurm, capture_output=True, text=True).stdout.split()


def wait_for(ready, seconds):
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.2)


def test_a_stage_of_a_recipe_and_a_stage_that_fails(slurm, recipe):
    tones = corpus(recipe / "dump/raw")
    tokens = recipe / "data/token_list/phn/tokens.txt"
    tokens.parent.mkdir(parents=True)
    os.rename(tones / "tokens.txt", tokens)
    argv = ctc_args(tones, recipe)
    kept = ("objective_conf", "encoder", "encoder_conf", "optimizer_conf", "best_metric")
    pairs = [(name[2:], value) for name, value in zip(argv[::2], argv[1::2], strict=True)]
    config = "".join(f"{name}: {value}\n" for name, value in pairs if name in kept)
    (recipe / "ctc.yaml").write_text(config + "batch_bins: 200000\n")
    stage = [
        "./asr.sh", "--langs", "xx", "--stage", "8", "--stop_stage", "8", "--max_update", "4",
        "--finetune_config", "ctc.yaml", "--asr_tag", "x", "--num_workers", "0",
        "--launcher", str(ROOT / "utils/slurm.sh"),
    ]  # fmt: skip
    done = subprocess.run(stage, cwd=recipe, env=slurm, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert (recipe / "exp/asr_x/last.pt").exists()
    assert "trained for" in (recipe / "exp/log/asr_x.log").read_text()
    decode = [*stage, "--stage", "12", "--stop_stage", "12", "--test_sets", "valid"]
    for name, shards in (("shards", "3"), ("one", "1")):
        done = subprocess.run(
            [*decode, "--shards", shards], cwd=recipe, env=slurm, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-2000:]
        os.rename(recipe / "exp/asr_x/decode_greedy/valid", recipe / name)
    assert "shard 2: 4 done" in (recipe / "shards/log/asr_infer.2.log").read_text()
    for name in ("hyp.tokens", "failed", "decoding.json"):
        assert (recipe / "shards" / name).read_bytes() == (recipe / "one" / name).read_bytes()
    bad = [*stage, "--finetune_args", "--precision fp8", "--asr_tag", "y"]
    done = subprocess.run(bad, cwd=recipe, env=slurm, capture_output=True, text=True)
    assert done.returncode == 1
    assert "precision: fp32, bf16, fp16 or auto" in done.stderr
    assert not (recipe / "exp/asr_y").exists()


def test_torchrun_gets_the_jobs_size_and_its_failure_is_the_jobs(slurm, tmp_path):
    """With a python3 that shows what it was given: no training, no requeue."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "path.sh").write_text(f'export PATH="{tmp_path}/bin:$PATH"\n')
    program = tmp_path / "bin/python3"
    program.write_text('#!/usr/bin/env bash\necho "$*"\ntrap\nexit 9\n')
    program.chmod(0o755)
    command = ["sbatch", "--wait", "--parsable", "--cpus-per-task=3"]
    done = subprocess.run(
        [*command, str(ROOT / "utils/sbatch_train.sh"), "--output_dir", "a b"],
        cwd=tmp_path, env=slurm | {"ASRKIT_PROCESSES": "2"}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 9
    log = (tmp_path / f"asr_train_{done.stdout.strip()}.log").read_text()
    assert "--nnodes=1 --nproc_per_node=2 --rdzv_backend=c10d" in log
    assert "--resume true --output_dir a b" in log
    assert "trap -- '' SIGUSR1" in log  # torchrun would die of it
    assert not jobs(slurm)


def test_before_the_time_limit_training_saves_goes_back_into_the_queue_and_ends(slurm, recipe):
    tones = corpus(recipe / "tones")
    argv = ctc_args(tones, recipe / "exp", "--max_update", "120", "--log_interval", "1")
    command = ["sbatch", "--parsable", str(ROOT / "utils/sbatch_train.sh"), *argv]
    env = slurm | {"ASRKIT_PROCESSES": "2"}
    done = subprocess.run(command, cwd=recipe, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    job = done.stdout.strip()
    journal = recipe / "exp/train.jsonl"
    wait_for(journal.exists, 600)
    subprocess.run(["scancel", "--batch", "--signal=USR1", job], env=slurm, check=True)
    wait_for((recipe / "exp/last.pt").exists, 300)
    path = recipe / f"asr_train_{job}.log"
    wait_for(lambda: "going on at update" in path.read_text(), 900)
    wait_for((recipe / "exp/average.pt").exists, 900)
    log = path.read_text()
    steps = [json.loads(line)["step"] for line in journal.open() if '"train"' in line]
    assert steps == list(range(1, 121))
    assert "2 x 1 micro-batches" in log


def test_stages_in_shards_write_what_one_process_writes(slurm, recipe):
    """Stages 3 to 5; of the first, a job is canceled."""
    table = {f"r{n}": flac(recipe / f"r{n}", tone(0.3 + n / 10)) for n in range(5)}
    for part in ("train", "valid", "test"):
        texts = {f"{part}_{key}": "ciao mondo" + f" {key}" for key in table}
        audio = {f"{part}_{key}": path for key, path in table.items()}
        data_dir(recipe / f"data/it_{part}", audio, text=texts)
    waits = f"touch {recipe}/up; until [ -e {recipe}/go ]; do sleep 0.1; done; cat {table['r4']} |"
    data_dir(recipe / "data/it_test", audio | {"test_r4": waits}, text=texts)
    stage = ["./asr.sh", "--langs", "it", "--stage", "3", "--stop_stage", "5"]
    shards = [*stage, "--shards", "3", "--launcher", str(ROOT / "utils/slurm.sh")]
    run = subprocess.Popen(shards, cwd=recipe, env=slurm, stderr=subprocess.PIPE, text=True)
    wait_for((recipe / "up").exists, 300)
    shard = next(
        path.name.split(".")[0]
        for path in (recipe / "dump/org/it_test/.shards").glob("*.todo")
        if '"test_r4"' in path.read_text()
    )
    array = jobs(slurm, "%F", "RUNNING")[0]
    subprocess.run(["scancel", f"{array}_{shard}"], env=slurm, check=True)
    _, error = run.communicate(timeout=300)
    log = f"dump/org/it_test/log/format_audio.{shard}.log"
    assert run.returncode == 1
    assert f"error: of array {array} 1 of 3 jobs failed:" in error
    assert f"{shard} (status none: it was stopped, or killed for memory or time; {log})" in error
    assert "what its shards have done is kept: see the logs above, and run again" in error
    assert not (recipe / "dump/org/it_test/wav.scp").exists()
    (recipe / "go").touch()
    done = subprocess.run(shards, cwd=recipe, env=slurm, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    alone = [*stage, "--dumpdir", "one"]
    subprocess.run(alone, cwd=recipe, env=slurm, check=True, capture_output=True)
    assert (recipe / "dump/raw/it_test/text.phn").exists()
    assert files(recipe, "dump") == files(recipe, "one")


def files(recipe, dump):
    """Contents by name, but of journals, logs and marks, which name the folder."""
    return {
        str(path.relative_to(recipe / dump)): path.read_bytes().replace(f"{dump}/".encode(), b"")
        for path in (recipe / dump).rglob("*")
        if path.is_file() and not path.name.startswith(".") and path.parent.name != "log"
    }
