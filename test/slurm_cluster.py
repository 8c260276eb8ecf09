"""A Slurm cluster of one machine with its own configuration, in a folder of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from ports import free_port

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol")
CONF = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={daemon}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=5
SchedulerParameters=batch_sched_delay=1,sched_interval=2
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> str | None:
    """Why no cluster can be started here, if so."""
    path = os.environ.get("PATH", "") + ":/usr/sbin"
    absent = [name for name in PROGRAMS if shutil.which(name, path=path) is None]
    if absent:
        return f"no {', '.join(absent)}: apt-get install slurm-wlm"
    if os.geteuid() != 0:
        return "slurmd starts only as root"
    return None


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[dict[str, str]]:
    """Starts the daemons and gives the environment in which sbatch finds them; stops them."""
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    folder.chmod(0o755)
    host = socket.gethostname().split(".")[0]
    (folder / "slurm.conf").write_text(
        CONF.format(host=host, folder=folder, controller=free_port(), daemon=free_port())
    )
    key = folder / "munge.key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o600)
    env = os.environ | {
        "SLURM_CONF": str(folder / "slurm.conf"),
        "PATH": os.environ.get("PATH", "") + ":/usr/sbin",
    }
    munge = [
        "munged", "--foreground", "--force", "--key-file", str(key),
        "--socket", str(folder / "munge.socket"), "--pid-file", str(folder / "munged.pid"),
        "--seed-file", str(folder / "seed"), "--log-file", str(folder / "munged.log"),
    ]  # fmt: skip
    daemons: list[subprocess.Popen[bytes]] = []

    def start(*command: str) -> None:
        quiet = subprocess.DEVNULL
        daemons.append(subprocess.Popen(command, env=env, stdout=quiet, stderr=quiet))

    try:
        start(*munge)
        _wait(lambda: (folder / "munge.socket").exists(), "munged", folder)
        start("slurmctld", "-D", "-c")
        start("slurmd", "-D", "-N", host)
        _wait(lambda: _idle(env), "slurmd", folder)
        yield env
    finally:
        subprocess.run(["scancel", "--user", "root"], env=env, capture_output=True)
        with contextlib.suppress(RuntimeError):  # slurmd waits for jobs that are ending
            _wait(lambda: _idle(env), "the last job", folder)
        for daemon in reversed(daemons):
            daemon.terminate()
        for daemon in daemons:
            try:
                daemon.wait(timeout=30)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()


def _idle(env: dict[str, str]) -> bool:
    command = ["sinfo", "--noheader", "--format=%T"]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    return done.stdout.strip() == "idle"


def _wait(ready, what: str, folder: Path) -> None:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + 60
    while not ready():
        if time.monotonic() > deadline:
            logs = "".join(path.read_text()[-1500:] for path in folder.glob("*.log"))
            raise RuntimeError(f"{what} does not start:\n{logs}")
        time.sleep(0.2)
