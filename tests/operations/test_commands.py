"""Every command answers in sentences, with the exit status that was promised."""

import json
import os
import re
import socket
import subprocess
import sys

import click
import pytest

from geocrm.cli import COMMANDS, cli
from geocrm.config import ROOT


def test_a_database_newer_than_the_code_is_refused_by_every_command(installation, command, capsys):
    assert command("migrate") == 0
    (version,) = installation.ask("SELECT version_num FROM alembic_version")[0]
    installation.ask("UPDATE alembic_version SET version_num = '9999'")
    try:
        for arguments in (["migrate"], ["user", "list"], ["serve"]):
            capsys.readouterr()
            assert command(*arguments) == 2
            assert "newer than this code" in capsys.readouterr().err
        assert command("check") == 1
        assert "FAIL  Tables" in capsys.readouterr().out
    finally:
        installation.ask("UPDATE alembic_version SET version_num = %s", version)


def test_an_older_private_database_is_brought_up_by_whatever_needs_it(
    installation, command, capsys
):
    installation.empty()
    assert command("user", "list", "--json") == 0
    assert "Bringing the database to version" in capsys.readouterr().err


def test_a_stopped_database_is_started_by_whatever_needs_it(installation, command, capsys):
    assert command("db", "down") == 0
    assert command("user", "list", "--json") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_deleting_the_database_needs_a_yes(installation, command, capsys):
    assert command("db", "reset") == 2
    assert "--yes" in capsys.readouterr().err
    assert installation.ask("SELECT 1") == [(1,)]


def test_the_server_says_who_holds_its_port(command, monkeypatch, capsys):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        monkeypatch.setenv("GEOCRM_PORT", str(port))
        assert command("serve") == 3
    told = capsys.readouterr().err
    assert f"Port {port} is taken" in told
    assert f"process {os.getpid()}" in told


def test_somebody_who_does_not_exist_cannot_act(command, capsys):
    assert command("--as", "ghost@example.test", "user", "list") == 2
    assert "ghost@example.test" in capsys.readouterr().err
    assert command("user", "list", "--as", "ghost@example.test") == 2


def test_a_server_that_does_not_answer_is_status_3(command, monkeypatch, capsys):
    monkeypatch.setenv("GEOCRM_DATABASE_URL", "postgresql://u:hunter2@127.0.0.1:1/crm")
    assert command("user", "list") == 3
    told = capsys.readouterr().err
    assert "does not answer" in told
    assert "hunter2" not in told


def test_a_bad_setting_is_status_2(command, monkeypatch, capsys):
    monkeypatch.setenv("GEOCRM_PORT", "eighty")
    assert command("serve") == 2
    assert "GEOCRM_PORT='eighty'" in capsys.readouterr().err


def test_check_gives_every_problem_a_remedy(command, monkeypatch, capsys):
    monkeypatch.setenv("GEOCRM_PROT", "8001")
    command("check", "--json")
    findings = json.loads(capsys.readouterr().out)
    assert {finding["state"] for finding in findings} <= {"OK", "WARN", "FAIL"}
    assert [found for found in findings if found["state"] != "OK" and not found["remedy"]] == []
    assert any("GEOCRM_PROT" in finding["message"] for finding in findings)


def test_a_reader_that_has_seen_enough_is_no_error(installation):
    environment = {**os.environ, "GEOCRM_VAR": str(installation.settings.var)}
    writer = subprocess.Popen(
        [sys.executable, "-m", "geocrm", "check", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        cwd=ROOT,
    )
    writer.stdout.close()
    assert b"Traceback" not in writer.communicate(timeout=60)[1]


@pytest.mark.parametrize(
    "program", ["Makefile", "scripts/setup.sh", "scripts/load_places.sh", "scripts/demo.sh"]
)
def test_every_command_that_scripts_use_exists(program):
    used = re.findall(r"/geocrm ([a-z]+)(?: ([a-z][a-z-]+))?", (ROOT / program).read_text())
    assert used
    for name, below in used:
        found = cli.get_command(click.Context(cli), name)
        assert found is not None, name
        if below and isinstance(found, click.Group):
            assert below in found.commands, f"{name} {below}"


def test_the_list_of_commands_is_complete_and_needs_no_imports():
    listed = cli.list_commands(click.Context(cli))
    assert {"import", "geocode", "territories", "visits", "campaigns"} <= set(COMMANDS)
    for name in listed:
        assert cli.get_command(click.Context(cli), name).get_short_help_str()


def test_every_capability_stands_under_the_import_rules():
    declared = (ROOT / "pyproject.toml").read_text()
    outside = {"cli", "db", "demo", "jobs", "operations", "spatial", "web", "wiring"}
    rooms = {init.parent.name for init in (ROOT / "geocrm").glob("*/__init__.py")} - outside
    assert {room for room in rooms if declared.count(f'"geocrm.{room}"') < 2} == set()
