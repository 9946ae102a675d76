"""`geocrm places` at the command line, alone, at once, and killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from geocrm.cli import run
from geocrm.config import ROOT, Settings
from geocrm.db import make_engine, make_sessions, unit_of_work
from geocrm.errors import Conflict
from geocrm.operations import checks
from geocrm.places.packs import service
from geocrm.security import OPERATOR
from tests.database import fresh_database, migrated_template
from tests.places.extract import Extract, country


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A database with the drawn country."""
    name = f"geocrm_packs_{os.getpid()}"
    with fresh_database(name, template=migrated_template()) as url:
        engine = make_engine(url)
        with unit_of_work(make_sessions(engine), OPERATOR) as session:
            country(session)
        engine.dispose()
        yield url


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """An engine on it; no pack remains."""
    engine = make_engine(url)
    yield engine
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM region_packs"))
    engine.dispose()


@pytest.fixture
def packs(engine: Engine, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of packs of an installation on that database."""
    monkeypatch.setenv("GEOCRM_DATABASE_URL", url)
    monkeypatch.setenv("GEOCRM_VAR", str(tmp_path / "var"))
    return tmp_path / "var" / "packs"


@pytest.fixture
def village(tmp_path: Path) -> Path:
    """An extract of one street with two thousand houses."""
    town = Extract()
    town.street("Am Bach", (0, 0), (4_000, 0))
    for i in range(2_000):
        town.house("Am Bach", str(i + 1), (i * 2, 10))
    return town.write(tmp_path / "village.osm.pbf")


def _names(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT name FROM region_packs")).scalars())


def test_add_list_update_remove(packs, engine, village, capsys):
    assert run(["places", "add", str(village), "--json"]) == 0
    added = json.loads(capsys.readouterr().out)
    assert (added["name"], added["changed"]) == ("village", True)
    assert added["counts"]["addresses"] == 2_000

    assert run(["places", "list", "--json"]) == 0
    [listed] = json.loads(capsys.readouterr().out)
    assert listed["licence"] == "ODbL 1.0"
    assert listed["attribution"] == "© OpenStreetMap contributors"
    assert listed["file_bytes"] == village.stat().st_size
    assert listed["data_date"].startswith("2024-05-01")
    files = sorted(path.name for path in (packs / listed["folder"]).iterdir())
    assert files == ["roads.osm.pbf", "streets.pmtiles"]

    assert run(["places", "update", "village", str(village)]) == 0
    assert "up to date" in capsys.readouterr().err
    assert run(["places", "remove", "village"]) == 0
    assert (_names(engine), list(packs.iterdir())) == ([], [])


def test_what_was_done_stands_in_the_audit_trail(packs, engine, village):
    run(["places", "add", str(village)])
    run(["places", "remove", "village"])
    with engine.connect() as connection:
        trail = connection.execute(
            text("SELECT action FROM audit_log WHERE target = 'region_pack:village'")
        ).scalars()
        assert {"add", "remove"} <= set(trail)


def test_a_refusal_is_a_sentence_and_status_2(packs, tmp_path, capsys):
    file = tmp_path / "no.osm.pbf"
    file.write_bytes(b"hello")
    assert run(["places", "add", str(file)]) == 2
    assert "is no OpenStreetMap extract" in capsys.readouterr().err
    assert run(["places", "remove", "nowhere"]) == 2


def test_a_killed_load_leaves_nothing_and_the_next_one_works(packs, engine, village):
    command = [sys.executable, "-m", "geocrm", "places", "add", str(village)]
    with subprocess.Popen(command, cwd=ROOT) as process:
        until = time.monotonic() + 60
        while not (packs.is_dir() and any(packs.iterdir())) and time.monotonic() < until:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert _names(engine) == []
    assert len(list(packs.iterdir())) == 1
    assert run(["places", "add", str(village)]) == 0
    with engine.connect() as connection:
        [folder] = connection.execute(text("SELECT folder FROM region_packs")).scalars()
    assert [path.name for path in packs.iterdir()] == [folder]


def test_two_at_once_do_not_meet(packs, engine, village):
    sessions, refusals = make_sessions(engine), []

    def meanwhile(_source: Path, _target: Path) -> None:
        with unit_of_work(sessions, OPERATOR) as other:
            assert service.clear(other, packs) == []
            with pytest.raises(Conflict) as refusal:
                service.add(other, village, packs, {}, "second")
            refusals.append(str(refusal.value))

    with unit_of_work(sessions, OPERATOR) as session:
        service.add(session, village, packs, {"roads": meanwhile}, "first")
    assert refusals == ["Another region pack is being loaded or removed: wait until it is done"]
    assert _names(engine) == ["first"]


def test_check_names_the_files_a_pack_lacks(packs, engine, village):
    assert run(["places", "add", str(village)]) == 0
    settings = Settings.from_env(os.environ)
    with engine.connect() as connection:
        assert checks.region_packs(connection, settings).state is checks.State.OK
        [folder] = packs.iterdir()
        (folder / "roads.osm.pbf").unlink()
        finding = checks.region_packs(connection, settings)
    assert finding.state is checks.State.WARN
    assert "village lacks roads.osm.pbf" in finding.message
    assert "places update" in finding.remedy


def test_a_disk_that_fills_up_ends_in_a_sentence(packs, engine, village):
    limited = (
        "import resource, sys; from geocrm.cli import run;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100));"
        "sys.exit(run(sys.argv[1:]))"
    )
    run(["places", "list"])  # the session key is made before the disk is full
    done = subprocess.run(
        [sys.executable, "-c", limited, "places", "add", str(village)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    assert "Nothing was loaded" in done.stderr
    assert "Traceback" not in done.stderr
    assert (_names(engine), list(packs.iterdir())) == ([], [])
