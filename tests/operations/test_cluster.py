"""The private database comes up whatever happened to it, or says what stands in the way."""

import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from geocrm.db import binaries, cluster, ports
from geocrm.db.binaries import Binaries
from geocrm.db.cluster_state import load, save
from geocrm.errors import InvalidInput, ServiceUnavailable
from geocrm.operations.servers import require_suitable, unsuitable


def test_a_database_is_made_where_its_user_may_enter(installation):
    state = load(installation.settings)
    outside = not str(state.folder).startswith(str(installation.settings.var))
    assert outside == (os.geteuid() == 0)
    assert installation.ask("SELECT postgis_lib_version() > '3.3'") == [(True,)]


def test_the_application_is_not_the_superuser(installation):
    assert installation.ask("SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == [
        (False,)
    ]


def test_pages_in_the_log_are_packed_by_what_takes_least_time(installation):
    has_lz4 = binaries.of_major(load(installation.settings).major).has_lz4
    (method,) = installation.ask("SHOW wal_compression")[0]
    assert method == "lz4" if has_lz4 else method in ("on", "pglz")


def test_nobody_gets_in_without_the_password(installation):
    address = installation.up().replace(load(installation.settings).app_password, "guess")
    with pytest.raises(ServiceUnavailable, match="password authentication failed"):
        require_suitable(address)


def test_what_was_saved_survives_the_killing_of_every_process(installation):
    installation.ask("CREATE TABLE IF NOT EXISTS kept (n int)")
    installation.ask("INSERT INTO kept VALUES (42)")
    for process in [installation.server_process, *_children(installation.server_process)]:
        _kill(process)
    assert not cluster.status(installation.settings).running
    installation.up()
    assert any("recovers by itself" in line for line in installation.said)
    assert installation.ask("SELECT n FROM kept") == [(42,)]
    installation.ask("DROP TABLE kept")


def test_a_pid_file_that_names_a_stranger_does_not_stop_the_start(installation):
    cluster.stop(installation.settings)
    state = load(installation.settings)
    state.pid_file.write_text(f"{os.getpid()}\n{state.data}\n")
    assert not cluster.status(installation.settings).running
    installation.up()
    assert cluster.status(installation.settings).running


def test_the_database_moves_when_somebody_else_took_its_port(installation):
    cluster.stop(installation.settings)
    before = load(installation.settings).port
    with _listening(before):
        installation.up()
        after = load(installation.settings).port
    assert after != before
    told = "\n".join(installation.said)
    assert f"Port {before} is taken" in told
    assert f"(process {os.getpid()})" in told


def test_a_port_that_was_asked_for_is_not_exchanged(installation):
    cluster.stop(installation.settings)
    port = ports.first_free(55000)
    with _listening(port), pytest.raises(ServiceUnavailable, match=f"Port {port}, asked for by"):
        installation.up(db_port=port)
    installation.up(db_port=port)
    with pytest.raises(ServiceUnavailable, match="geocrm db down"):
        installation.up(db_port=port + 1)


def test_starting_several_times_at_once_starts_one_server(installation):
    cluster.stop(installation.settings)
    with ThreadPoolExecutor(3) as pool:
        addresses = set(pool.map(lambda _: cluster.ensure_running(installation.settings), range(3)))
    assert len(addresses) == 1


def test_a_server_that_died_is_revived_and_one_that_was_stopped_is_not(installation):
    installation.up()
    cluster.stop(installation.settings)
    assert not cluster.revive(installation.settings)
    installation.up()
    assert not cluster.revive(installation.settings)
    _kill(installation.server_process)
    assert cluster.revive(installation.settings)


def test_the_server_outlives_the_command_that_started_it(installation):
    cluster.stop(installation.settings)
    child = "import sys; from geocrm.cli import run; sys.exit(run(['db', 'up']))"
    environment = {**os.environ, "GEOCRM_VAR": str(installation.settings.var)}
    done = subprocess.Popen([sys.executable, "-c", child], env=environment, start_new_session=True)
    assert done.wait(60) == 0
    # What was left of the command's session would end here.
    with pytest.raises(ProcessLookupError):
        os.killpg(done.pid, signal.SIGKILL)
    assert cluster.status(installation.settings).running


def test_a_full_disk_is_said_before_anything_is_made(installation, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "MIN_FREE_MB", 10**9)
    elsewhere = replace(installation.settings, var=tmp_path / "var")
    with pytest.raises(ServiceUnavailable, match="MB are free on the disk"):
        cluster.ensure_running(elsewhere)
    assert load(elsewhere) is None


def test_a_database_of_a_postgresql_that_was_removed_names_the_package(installation):
    cluster.stop(installation.settings)
    state = load(installation.settings)
    save(installation.settings, replace(state, major=77))
    with pytest.raises(ServiceUnavailable, match="apt-get install postgresql-77"):
        installation.up()
    save(installation.settings, state)
    installation.up()


def test_a_missing_postgresql_or_postgis_names_the_package(tmp_path):
    with pytest.raises(ServiceUnavailable, match="PostgreSQL 15 or newer is not installed"):
        binaries.newest([Binaries(14, tmp_path / "bin")])
    with pytest.raises(ServiceUnavailable, match="postgresql-99-postgis-3"):
        binaries.newest([Binaries(99, tmp_path / "bin")])


@pytest.mark.parametrize(
    ("major", "postgis", "told"),
    [
        (14, "3.4.0", "PostgreSQL 14"),
        (15, "3.2.1", "PostGIS 3.2.1"),
        (15, "3.3.2", None),
        (18, "3.10.0", None),  # 3.10 is newer than 3.3
    ],
)
def test_an_old_server_is_refused(major, postgis, told):
    versions = dict.fromkeys(binaries.EXTENSIONS, "1.0") | {"postgis": postgis}
    problem = unsuitable(major, versions)
    assert (problem is None) if told is None else (told in problem)


def test_somebody_elses_server_is_not_managed(installation):
    foreign = replace(installation.settings, database_url="postgresql+psycopg2://u:p@db/crm")
    assert cluster.ensure_running(foreign) == foreign.database_url
    for change in (cluster.stop, cluster.destroy):
        with pytest.raises(InvalidInput, match="GEOCRM_DATABASE_URL is set"):
            change(foreign)


def _listening(port):
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", port))
    server.listen()
    return server


def _children(process_id):
    found = subprocess.run(
        ["pgrep", "-P", str(process_id)], capture_output=True, text=True, check=False
    )
    return [int(line) for line in found.stdout.split()]


def _kill(process_id):
    try:
        os.kill(process_id, signal.SIGKILL)
    except ProcessLookupError:
        return
    while os.path.exists(f"/proc/{process_id}/cwd"):
        time.sleep(0.01)
