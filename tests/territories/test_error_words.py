"""What services refuse, said in the reader's language: whole sentences that name their figures."""

import ast
import io
import string
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from babel.messages.pofile import read_po
from flask_babel import force_locale

from geocrm.errors import Infeasible, InvalidInput, Phrase, Share
from geocrm.jobs import service as jobs
from geocrm.security import Role
from geocrm.spatial.districting import Objective, Terms, Units
from geocrm.territories import relaxing, solving, standing_tasks
from geocrm.web.words import kept_problem, said
from geocrm.wiring import actor_of
from geocrm.wiring.handlers import JOB_HANDLERS

ROOT = Path(__file__).parents[2]
CATALOGUE = ROOT / "geocrm/web/translations/id/LC_MESSAGES/messages.po"
SAYS = {"Phrase", "InvalidInput", "Infeasible", "Conflict", "NotFound", "Forbidden"}
API = "/api/v1/territories"


SOURCES = sorted(
    path
    for places in (
        "territories/*.py",
        "spatial/districting/*.py",
        "visits/true_cost*.py",
        "jobs/service.py",
    )
    for path in (ROOT / "geocrm").glob(places)
)


def _said(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in SAYS and node.args:
            yield node


def _figures(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_errors_are_sentences_that_name_their_figures(path):
    for call in _said(ast.parse(path.read_text(encoding="utf-8"))):
        sentence = call.args[0]
        if isinstance(sentence, ast.Name):  # words that were made with Phrase before
            continue
        where = f"{path.name}:{call.lineno}"
        assert isinstance(sentence, ast.Constant), f"{where} is no literal sentence"
        given = {keyword.arg for keyword in call.keywords}
        assert _figures(sentence.value) == given, where


def test_errors_of_territories_are_translated_with_the_same_figures():
    with CATALOGUE.open("rb") as file:
        indonesian = {message.id: message.string for message in read_po(file, locale="id")}
    sentences = {
        call.args[0].value
        for path in SOURCES
        for call in _said(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call.args[0], ast.Constant)
    }
    assert len(sentences) > 200
    for sentence in sentences:
        assert indonesian.get(sentence), sentence
        assert _figures(indonesian[sentence]) == _figures(sentence), sentence


def test_figures_are_written_as_the_reader_writes_them(app):
    error = InvalidInput(
        "{count} of {share}, {load}, {names}, {day}; {unit!r}",
        count=12_345,
        share=Share(0.049),
        load=1234.5,
        names=Phrase("{some} and {more} more", some="A, B", more=3),
        day=date(2027, 3, 1),
        unit="{x}",
    )
    assert str(error) == "12,345 of 4.9%, 1234.5, A, B and 3 more, 2027-03-01; '{x}'"
    with app.test_request_context(), force_locale("id"):
        words = "12.345 of 4,9%, 1.234,5, A, B dan 3 lagi, 1 Mar 2027; '{x}'"
        assert said(error) == words
        assert kept_problem("", error.phrase.kept()) == words


@pytest.fixture
def bandung(client_of, add_user):
    """A manager's program that asks for Indonesian."""
    return client_of(add_user(Role.TERRITORY_MANAGER, locale="id"))


def test_the_api_refuses_a_name_in_indonesian(bandung, add_plan):
    plan = add_plan("Jawa")
    answer = bandung.patch(f"{API}/plans/{plan.id}/territories/1", json={"name": " "})
    assert (answer.status_code, answer.json["detail"]) == (422, "Wilayah perlu nama")
    answer = bandung.patch(f"{API}/plans/{plan.id}/territories/99", json={"name": "Barat"})
    assert answer.json["detail"] == "'Jawa' tidak punya wilayah 99"


def test_what_cannot_be_designed_is_refused_in_indonesian(bandung, country):
    asked = {"level": "tst-adm2", "count": 99, "balance": "population", "name": "Baru"}
    answer = bandung.post(f"{API}/designs", json=asked)
    assert (answer.status_code, answer.json["detail"]) == (
        422,
        "99 wilayah lebih banyak daripada 18 unit di Regencies: minta lebih sedikit, atau pilih"
        " tingkat yang lebih halus",
    )


def test_why_balance_is_out_of_reach_is_said_in_indonesian(app):
    units = Units(np.array([[90.0], [10], [10], [10]]), None, np.array([[0, 1], [1, 2], [2, 3]]))
    solved = solving.solve(
        units, Terms(2, 0.1, objective=Objective.CUT_EDGES), seed=1, time_s=5, effort=1
    )
    error = relaxing.missed(solved, ["Kota", "A", "B", "C"])
    assert str(error).startswith(
        "+-10.0% is impossible: Kota alone is 1.5 territories, so 50.0% is the least; the best"
        " reached is 50.00%. Allow that (--tolerance 0.5000)"
    )
    with app.test_request_context(), force_locale("id"):
        assert said(error).startswith(
            "+-10,0% tidak mungkin: Kota sendiri setara 1,5 wilayah, jadi 50,0% adalah yang"
            " terkecil; yang terbaik yang tercapai adalah 50,00%. Izinkan itu (--tolerance 0.5000)"
        )


def test_a_file_with_an_unknown_unit_is_refused_in_indonesian(bandung, country):
    form = {
        "file": (io.BytesIO(b"unit,territory\ntst-adm2:zz,1\n"), "plan.csv"),
        "name": "Baru",
        "level": "tst-adm2",
    }
    answer = bandung.post(f"{API}/plans/import", data=form, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert answer.json["detail"] == (
        "plan.csv membagikan unit yang tidak termasuk 18 unit tst-adm2 (1): 'tst-adm2:zz' (baris"
        " 2). Perbaiki kodenya, atau hapus barisnya"
    )


def test_why_a_job_failed_is_said_in_the_readers_language(bandung, session, sessions, add_plan):
    plan = add_plan("Jawa")
    session.commit()
    job = bandung.post(f"{API}/plans/{plan.id}/standing", json={"plans": 100}).json

    def refuse(_work):
        raise Infeasible("The minimum {least} is above the maximum {most}", least=0.5, most=0.25)

    jobs.run(sessions, {**JOB_HANDLERS, standing_tasks.KIND: refuse}, actor_of, job["job_id"])
    told = bandung.get(f"/api/v1/jobs/{job['job_id']}").json
    assert (told["state"], told["result"]) == ("failed", None)
    assert told["message"] == "Minimum 0,5 melebihi maksimum 0,25"
