"""`geocrm boundaries` at the command line."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from geocrm.cli import run
from geocrm.db import make_engine, make_sessions, unit_of_work
from geocrm.places.loading import load_boundaries
from geocrm.security import OPERATOR
from tests.database import fresh_database, migrated_template
from tests.places import drawn


@pytest.fixture(scope="module")
def country_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database that holds the small country."""
    directory: Path = drawn.write_country(tmp_path_factory.mktemp("country"))
    with fresh_database(f"geocrm_boundaries_{os.getpid()}", template=migrated_template()) as url:
        engine = make_engine(url)
        with unit_of_work(make_sessions(engine), OPERATOR) as session:
            load_boundaries(session, directory)
        engine.dispose()
        yield url


@pytest.fixture(autouse=True)
def at_the_country(country_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands work on that database."""
    monkeypatch.setenv("GEOCRM_DATABASE_URL", country_url)


def test_the_list_is_one_json_document(capsys):
    assert run(["boundaries", "list", "--json"]) == 0
    levels = json.loads(capsys.readouterr().out)
    assert [(level["code"], level["units"]) for level in levels] == [
        *(("wld-adm0", 1), ("idn-adm1", 3), ("idn-adm2", 5)),
    ]


def test_neighbours_are_csv_with_a_header(capsys):
    assert run(["boundaries", "neighbours", "idn-adm2", "--csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "a,b,kind,length_m"
    assert lines[1:] == [",".join(map(str, edge)) for edge in drawn.EDGES]


def test_an_unknown_level_is_a_sentence_and_status_2(capsys):
    assert run(["boundaries", "neighbours", "idn-adm9", "--csv"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "idn-adm9" in said.err
    assert "idn-adm1, idn-adm2, wld-adm0" in said.err
