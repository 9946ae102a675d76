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


def test_units_are_made_listed_and_deleted(capsys):
    assert run(["boundaries", "make", "East", "--within", "idn-adm1:12", "--hexagons", "40",
                "--json"]) == 0  # fmt: skip
    made = json.loads(capsys.readouterr().out)
    assert made["level"] == "east"
    assert made["units"] > 10
    assert made["customers"] == made["customers_without_place"] == 0
    assert run(["boundaries", "made", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["code"], listed["units"]) == ("east", made["units"])
    assert run(["boundaries", "neighbours", "east", "--csv"]) == 0
    assert len(capsys.readouterr().out.splitlines()) > made["units"]
    assert run(["boundaries", "list", "--json"]) == 0
    assert "east" not in capsys.readouterr().out
    assert run(["boundaries", "delete", "east"]) == 0
    assert run(["boundaries", "delete", "east"]) == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--within", "idn-adm1:12"], "Say one way to cut"),
        (["--within", "idn-adm1:12", "--hexagons", "5", "--customers", "9"], "Say one way to cut"),
        (["--within", "idn-adm1:12", "--customers", "9"], "You see no customers"),
        (["--within", "idn-adm1:12", "--customers", "0"], "give 1 or more"),
        (["--within", "idn-adm1:99", "--hexagons", "5"], "There is no boundary unit idn-adm1:99"),
        (["--hexagons", "5"], "Say in which area"),
        (["--level", "idn-adm2", "--split", "12.01"], "is not CODE:N"),
        (["--level", "idn-adm2", "--split", "idn-adm2:99.01:5km"], "is no unit of idn-adm2"),
        (["--within", "idn-adm1:12", "--hexagons", "0.01"], "at most 50,000"),
    ],
)
def test_units_that_cannot_be_made_are_a_sentence_and_status_2(capsys, words, says):
    assert run(["boundaries", "make", "East", *words]) == 2
    assert says in capsys.readouterr().err
