#!/usr/bin/env python3
"""Runs the job scripts on a real SLURM: one node on loopback, in a temporary folder, gone at the end.

    scripts/test-slurm.py AMORPH            (`make test-slurm` installs slurm-wlm and munge first)

Every scenario ends with the file that an undisturbed run makes, bit for bit.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

import h5py

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ROOT / "jobscripts"
AMORPH = Path(sys.argv[1]).resolve()
PATIENCE = 700  # s for any one thing to happen
VOLATILE = {"items/seconds", "items/host", "items/finished"}

STUDY = """version = 1
[study]
name = "study"
replicas = {replicas}
[solid]
dimension = 2
particles = 128
pressure = 0.1
[parameters]
species = [20]
[output]
curves = 0
"""
REPLICAS = 300  # some 15 s on two cores: a signal after the first commit, 5 s, comes in time

CONFIG = """
ClusterName=amorph
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmdPort={daemon_port}
AuthType=auth/munge
AuthInfo=socket={here}/munge.socket,cred_expire=5
SlurmUser=root
SlurmdUser=root
StateSaveLocation={here}/state
SlurmdSpoolDir={here}/spool
SlurmctldPidFile={here}/slurmctld.pid
SlurmdPidFile={here}/slurmd.pid
SlurmctldLogFile={here}/slurmctld.log
SlurmdLogFile={here}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SchedulerParameters=sched_min_interval=100000,bf_interval=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=1
KillWait=5
PropagateResourceLimits=NONE
SlurmdParameters=config_overrides
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs=8 RealMemory=4000 State=UNKNOWN
PartitionName=low Nodes={host} Default=YES PriorityTier=1
PartitionName=high Nodes={host} PriorityTier=10 PreemptMode=OFF
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cluster:
    """A SLURM of our own; its daemons are our children."""

    def __init__(self, here):
        self.here, self.children = here, []

    def begin(self):
        here = self.here
        for folder in ("state", "spool"):
            (here / folder).mkdir()
        key = here / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        here.chmod(0o755)
        config = here / "slurm.conf"
        config.write_text(
            CONFIG.format(
                host=socket.gethostname().split(".")[0], port=free_port(), daemon_port=free_port(), here=here
            )
        )
        os.environ["SLURM_CONF"] = str(config)
        munge = [f"--{name}={here}/munge.{end}" for name, end in
                 (("key-file", "key"), ("socket", "socket"), ("pid-file", "pid"), ("log-file", "log"), ("seed-file", "seed"))]
        self.start("munged", "--foreground", "--force", *munge)
        wait_for(lambda: (here / "munge.socket").exists(), "munged")
        self.start("slurmctld", "-D")
        self.start("slurmd", "-D")
        wait_for(lambda: "idle" in run("sinfo", "-h", "-o", "%t", check=False).stdout, "SLURM")

    def start(self, *command):
        log = open(self.here / f"{command[0]}.out", "w")
        path = shutil.which(command[0]) or f"/usr/sbin/{command[0]}"
        self.children.append(subprocess.Popen([path, *command[1:]], stdout=log, stderr=log))

    def stop(self):
        run("scancel", "-u", "root", check=False)
        time.sleep(1)
        for child in reversed(self.children):
            child.terminate()
        for child in self.children:
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()


def run(*command, check=True, **options):
    done = subprocess.run([str(it) for it in command], capture_output=True, text=True, **options)
    if check and done.returncode != 0:
        raise AssertionError(f"{command}: exit code {done.returncode}: {done.stdout}{done.stderr}")
    return done


def wait_for(condition, what, patience=PATIENCE):
    end = time.time() + patience
    while time.time() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.3)
    raise AssertionError(f"{what}: not within {patience} s")


class Job:
    def __init__(self, folder, *arguments, **exported):
        exported = {"AMORPH": AMORPH, **exported}
        export = ",".join(["ALL", *(f"{name}={value}" for name, value in exported.items())])
        said = run("sbatch", "--parsable", f"--export={export}", *arguments, cwd=folder).stdout
        self.number, self.folder = said.strip().split(";")[0], folder

    def show(self, key):
        text = run("scontrol", "show", "job", self.number, check=False).stdout
        return re.findall(rf"\b{key}=(\S*)", text)

    def states(self):
        return self.show("JobState")

    def is_running(self):
        return self.states() == ["RUNNING"]

    def ended(self):
        """The exit codes of all of its tasks, once all have ended."""
        over = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY", "BOOT_FAIL"}
        states = self.states()
        return states if states and set(states) <= over else None

    def completes(self):
        states = wait_for(self.ended, f"the end of job {self.number} in {self.folder}")
        assert set(states) == {"COMPLETED"}, (states, self.log())

    def restarts(self):
        return int(self.show("Restarts")[0])

    def log(self):
        return "".join(path.read_text() for path in sorted(self.folder.glob("*.log")))


def study(folder, replicas=REPLICAS):
    folder.mkdir(exist_ok=True)
    (folder / "study.toml").write_text(STUDY.format(replicas=replicas))
    return folder


def status(path):
    return run(AMORPH, "status", path, check=False).returncode


def items_done(folder):
    said = run(AMORPH, "status", folder / "results.h5", check=False).stdout
    found = re.search(r": (\d+) of \d+ items done", said)
    return int(found.group(1)) if found else 0


def content(dataset):
    """Bits, and text of variable length as text."""
    found = dataset[()]
    return repr(found.tolist()) if found.dtype == object else found.tobytes()


def values(path):
    with h5py.File(path, locking=False) as file:
        found = {}
        file.visititems(
            lambda name, item: found.update({name: (item.shape, str(item.dtype), content(item))})
            if isinstance(item, h5py.Dataset) else None
        )
    return {name: it for name, it in found.items() if name not in VOLATILE}


def is_whole(path, reference=None):
    assert status(path) == 0, f"{path}: not complete"
    found, expected = values(path), values(reference or REFERENCE)
    assert len(expected) > 30 and found.keys() == expected.keys()
    differ = [name for name in expected if found[name] != expected[name]]
    assert not differ, f"{path}: {differ}"


COMMON = ["--ntasks=2", "--mem-per-cpu=200M", "--time=10", "--signal=B:USR1@60", "--output=%x-%j.log"]


def submit(folder, *more, script="amorph.slurm", **exported):
    return Job(folder, *COMMON, *more, SCRIPTS / script, STUDY="study.toml", OUTPUT="results.h5", **exported)


def begun(folder, job):
    """Waits until the job has computed something, and is not near its end."""
    wait_for(lambda: job.is_running() and items_done(folder) > 20, f"progress of job {job.number}")


def signalled(folder, **exported):
    job = submit(folder, **exported)
    begun(folder, job)
    analysis = Job(folder, f"--dependency=afterok:{job.number}", "--mem=200M", "--output=analysis.out",
                   SCRIPTS / "analysis.slurm", "results.h5")
    run("scancel", "-b", "-s", "USR1", job.number)
    wait_for(lambda: job.restarts() == 1, f"requeue of job {job.number}")
    assert status(folder / "results.h5") == 75 and not (folder / "analysis.out").exists()
    job.completes()
    is_whole(folder / "results.h5")
    analysis.completes()
    assert "scenario main" in (folder / "analysis.out").read_text()


def time_limit(folder, **exported):
    # Longer than the 30 s before the signal, on any machine.
    study(folder, 2 * REPLICAS)
    job = submit(folder, "--ntasks=1", "--time=1", "--signal=B:USR1@30", **exported)
    wait_for(lambda: job.restarts() >= 1, "the time limit's signal")
    # One such round is enough: on a busy machine they do little each, and would go on for long.
    run("scontrol", "update", f"JobId={job.number}", "TimeLimit=20")
    job.completes()
    run("mpirun", "-n", "2", AMORPH, "run", "study.toml", "-o", "whole.h5", "--quiet", cwd=folder)
    is_whole(folder / "results.h5", folder / "whole.h5")


def signal_at_start(folder):
    job = submit(folder)
    wait_for(job.log, f"the start of job {job.number}")
    run("scancel", "-b", "-s", "USR1", job.number)
    job.completes()
    assert job.restarts() == 1, job.log()
    is_whole(folder / "results.h5")


def lead_too_long(folder):
    job = submit(folder, "--time=1", "--signal=B:USR1@600")
    states = wait_for(job.ended, "the end of a job that is told to stop at once")
    assert set(states) <= {"FAILED", "COMPLETED"} and job.restarts() <= 10, (states, job.log())
    assert "is the lead of --signal as long as --time?" in job.log()
    if states == ["COMPLETED"]:
        is_whole(folder / "results.h5")


def cancelled(folder, **exported):
    job = submit(folder, **exported)
    begun(folder, job)
    run("scancel", job.number)
    wait_for(job.ended, "scancel")
    time.sleep(10)
    assert job.states() == ["CANCELLED"] and job.restarts() == 0, job.log()
    assert status(folder / "results.h5") == 75
    run(AMORPH, "check", folder / "results.h5")
    submit(folder).completes()
    is_whole(folder / "results.h5")


def requeued(folder):
    job = submit(folder)
    begun(folder, job)
    run("scontrol", "requeue", job.number)
    wait_for(lambda: job.restarts() == 1, "scontrol requeue")
    job.completes()
    is_whole(folder / "results.h5")


def works_in(pid, folder):
    try:
        return os.readlink(f"/proc/{pid}/cwd") == str(folder)
    except FileNotFoundError:
        return False


def killed_rank(folder, **exported):
    job = submit(folder, **exported)
    begun(folder, job)
    ranks = run("pgrep", "-f", f"^{AMORPH} run study.toml -o results.h5", check=False).stdout.split()
    mine = [pid for pid in ranks if works_in(pid, folder)]
    assert len(mine) == 2, ranks
    os.kill(int(mine[-1]), signal.SIGKILL)
    job.completes()
    assert job.restarts() == 1, job.log()
    is_whole(folder / "results.h5")


def array(folder):
    job = Job(folder, "--array=0-1", *COMMON, "--ntasks=1", SCRIPTS / "array.slurm", STUDY="study.toml", TASKS=2)
    analysis = Job(folder, f"--dependency=afterok:{job.number}", "--mem=200M", "--output=analysis.out",
                   SCRIPTS / "analysis.slurm", "study-0.h5", "study-1.h5")
    # The first task may have ended before the second one has a place.
    wait_for((folder / "study-1.h5").exists, "the second task")
    time.sleep(2)
    run("scancel", "-b", "-s", "USR1", f"{job.number}_1")
    wait_for(lambda: "1" in job.show("Restarts"), "requeue of a task")
    assert not (folder / "analysis.out").exists()
    job.completes()
    analysis.completes()
    assert "scenario main" in (folder / "analysis.out").read_text()
    parts = [folder / f"study-{task}.h5" for task in (0, 1)]
    run(AMORPH, "merge", *parts, "-o", folder / "results.h5")
    is_whole(folder / "results.h5")


def printed_script(folder):
    text = run(AMORPH, "plan", "study.toml", "--slurm", "--ranks", "2", "--time", "00:10:00", "--pilot", "2", cwd=folder)
    (folder / "study.slurm").write_text(text.stdout)
    before = os.environ["PATH"]
    job = Job(folder, f"--export=ALL,PATH={AMORPH.parent}:{before}", "study.slurm")
    job.completes()
    outputs = list(folder.glob("*.h5"))
    assert len(outputs) == 1, outputs
    is_whole(outputs[0])


def changed_study(folder):
    shutil.copy(REFERENCE, folder / "results.h5")
    (folder / "study.toml").write_text(STUDY.format(replicas=REPLICAS).replace("0.1", "0.2"))
    job = submit(folder)
    states = wait_for(job.ended, "the refusal")
    assert states == ["FAILED"] and job.show("ExitCode") == ["2:0"], (states, job.log())
    assert "was made from another configuration" in job.log()


def no_progress(folder):
    run(AMORPH, "run", "study.toml", "-o", "results.h5", "--max-time", "0", "--quiet", cwd=folder, check=False)
    job = submit(folder, LAUNCHER="false")
    states = wait_for(job.ended, "the end without progress")
    assert states == ["FAILED"] and job.restarts() == 1, (states, job.log())
    assert "no progress in 2 rounds" in job.log()


def preemption(folder):
    job = submit(folder, "--partition=low", script="preemptible.slurm")
    begun(folder, job)
    urgent = Job(folder, "--partition=high", "--exclusive", "--mem=200M", "--output=urgent.out", "--wrap=sleep 1")
    wait_for(lambda: job.restarts() >= 1, "preemption")
    urgent.completes()
    job.completes()
    is_whole(folder / "results.h5")


def with_srun(scenario):
    """The same with the ranks started by srun instead of mpirun."""
    def variant(folder):
        scenario(folder, LAUNCHER="srun --mpi=pmix")

    variant.__name__ = f"{scenario.__name__}_srun"
    return variant


BY_LAUNCHER = [signalled, time_limit, cancelled, killed_rank]
TOGETHER = [*BY_LAUNCHER, *map(with_srun, BY_LAUNCHER), signal_at_start, lead_too_long, requeued, array,
            printed_script, changed_study, no_progress]
ALONE = [preemption]


def main():
    global REFERENCE
    os.environ.update(
        OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
        OMPI_MCA_rmaps_base_oversubscribe="1", OMPI_MCA_hwloc_base_binding_policy="none",
    )
    if os.geteuid() != 0:
        sys.exit("test-slurm: its SLURM runs as root, in a container for example")
    # A limit of time, such as make's, still stops the daemons.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    wanted = sys.argv[2:]
    here = Path(tempfile.mkdtemp(prefix="amorph-slurm-")).resolve()
    results, cluster = {}, None
    try:
        REFERENCE = study(here / "reference") / "results.h5"
        run("mpirun", "-n", "2", AMORPH, "run", "study.toml", "-o", REFERENCE, "--quiet", cwd=REFERENCE.parent)
        cluster = Cluster(here)
        cluster.begin()

        def attempt(scenario):
            began = time.time()
            try:
                scenario(study(here / scenario.__name__))
                results[scenario.__name__] = True
                print(f"ok      {scenario.__name__}  {time.time() - began:.0f} s", flush=True)
            except BaseException:
                results[scenario.__name__] = False
                print(f"FAILED  {scenario.__name__}\n{traceback.format_exc()}", flush=True)

        for group in (TOGETHER, ALONE):
            threads = [threading.Thread(target=attempt, args=[it]) for it in group
                       if not wanted or it.__name__ in wanted]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        if cluster:
            cluster.stop()
        if results and all(results.values()):
            shutil.rmtree(here, ignore_errors=True)
        else:
            print(f"everything is left in {here}")
    passed = sum(results.values())
    print(f"{passed} passed, {len(results) - passed} failed")
    sys.exit(0 if results and passed == len(results) else 1)


if __name__ == "__main__":
    main()
