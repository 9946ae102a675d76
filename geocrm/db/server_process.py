"""The server's processes: whether they live, whose they are, how they start and stop."""

import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from geocrm.db import binaries
from geocrm.db.cluster_state import ClusterState
from geocrm.errors import ServiceUnavailable

START_TIMEOUT_S = 120  # recovery after a kill replays up to max_wal_size
_ORPHAN_PATIENCE_S = 2

Say = Callable[[str], None]


def owner_of(folder: Path) -> pwd.struct_passwd:
    """Whom the cluster belongs to; the server always runs as its owner."""
    owner_id = folder.stat().st_uid
    if os.geteuid() not in (0, owner_id):
        raise ServiceUnavailable(
            f"The database in {folder} belongs to {_name_of(owner_id)}: run this as that user or"
            " as root, or set GEOCRM_VAR to a folder of your own"
        )
    return pwd.getpwuid(owner_id)


def _name_of(user_id: int) -> str:
    try:
        return pwd.getpwuid(user_id).pw_name
    except KeyError:
        return f"user {user_id}"


def server_process(state: ClusterState) -> int | None:
    """The process id of the running server, or None; a pid file alone proves nothing."""
    try:
        process_id = int(state.pid_file.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    return process_id if _serves(process_id, state) else None


def _serves(process_id: int, state: ClusterState) -> bool:
    """Whether the process works in the cluster's folder, as only its own servers do."""
    try:
        return Path(f"/proc/{process_id}/cwd").readlink() == state.data.resolve()
    except PermissionError:
        return Path(f"/proc/{process_id}/comm").read_text().strip() == "postgres"
    except OSError:
        return False


def is_ready(state: ClusterState) -> bool:
    """Whether the server runs and accepts connections, by its own word in the pid file."""
    try:
        lines = state.pid_file.read_text().split("\n")
    except OSError:
        return False
    ready = len(lines) > 7 and lines[7].strip() == "ready"
    return ready and server_process(state) is not None


def await_ready(state: ClusterState) -> None:
    """Wait until a server that somebody else is starting accepts connections."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while not is_ready(state):
        if time.monotonic() > deadline or server_process(state) is None:
            raise ServiceUnavailable(
                f"The database does not come up. Its log is {state.log}; try: geocrm db down"
            )
        time.sleep(0.05)


def forget_stale_pid(state: ClusterState, say: Say) -> None:
    """Clear what a server that was killed left behind: its lock files and its orphaned children."""
    if not state.pid_file.exists():
        return
    say("The database was not stopped properly; it recovers by itself")
    _end_orphans(state)
    # Each names a process id, which a zombie or a newcomer may hold by now.
    for left in [state.pid_file, *state.socket_folder.glob(".s.PGSQL.*")]:
        left.unlink(missing_ok=True)


def _end_orphans(state: ClusterState) -> None:
    """Without their parent the children can do no good and block a new start; they usually go."""
    deadline = time.monotonic() + _ORPHAN_PATIENCE_S
    while orphans := _processes_of(state):
        if time.monotonic() > deadline:
            for process_id in orphans:
                os.kill(process_id, signal.SIGKILL)
        time.sleep(0.05)


def _processes_of(state: ClusterState) -> list[int]:
    numbers = (int(entry.name) for entry in Path("/proc").glob("[0-9]*"))
    return [number for number in numbers if _works_in(number, state.data)]


def _works_in(process_id: int, folder: Path) -> bool:
    process = Path(f"/proc/{process_id}")
    try:
        return (
            process.joinpath("cwd").readlink() == folder.resolve()
            and process.joinpath("comm").read_text().strip() == "postgres"
        )
    except OSError:
        return False


def pg_ctl(state: ClusterState, *arguments: str) -> None:
    """Start or stop the server and wait for it; ServiceUnavailable says why it did not."""
    server = binaries.of_major(state.major)
    command = [server.program("pg_ctl"), "-D", str(state.data), "-w", "-s", *arguments]
    done = run_as(command, owner_of(state.folder), state.folder)
    if done.returncode:
        log = state.log.read_text(errors="replace")[-4000:] if state.log.exists() else ""
        verb = {"start": "starting", "stop": "stopping"}[arguments[0]]
        raise ServiceUnavailable(explain(f"{verb} the database", done.stdout + log, state))


def run_as(
    command: list[str], account: pwd.struct_passwd, folder: Path
) -> subprocess.CompletedProcess[str]:
    """Run a program as the account, in a session of its own so that it outlives this terminal."""
    somebody_else = os.geteuid() != account.pw_uid
    return subprocess.run(
        command,
        user=account.pw_uid if somebody_else else None,
        group=account.pw_gid if somebody_else else None,
        extra_groups=os.getgrouplist(account.pw_name, account.pw_gid) if somebody_else else None,
        cwd=folder,
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )


_REMEDIES = (
    ("No space left on device", "the disk is full: free some space and try again"),
    ("Address already in use", "its port was taken meanwhile: try again"),
    ("Permission denied", "a file is not readable for the server's user: see the log"),
    ("could not resize shared memory", "shared memory is too small: enlarge /dev/shm"),
    ("incompatible with server", "another version of PostgreSQL made these files"),
)


def explain(doing: str, output: str, state: ClusterState) -> str:
    """What went wrong in a sentence, with PostgreSQL's own words when we have none."""
    known = next((remedy for sign, remedy in _REMEDIES if sign in output), None)
    if known is None:
        lines = [line.strip() for line in output.splitlines() if line.strip()]
        telling = [line for line in lines if "FATAL" in line or "error" in line.lower()] or lines
        known = telling[-1] if telling else "PostgreSQL gave no reason"
    return f"Failed {doing}: {known} (folder {state.folder}, log {state.log})"
