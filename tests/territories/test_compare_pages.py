"""The pages and the API that compare plans and take them out of files."""

import io

import pytest
from sqlalchemy import delete

from geocrm.territories import exporting, queries
from geocrm.territories.models import TerritoryUnit
from geocrm.territories.service import Move, move_units
from tests.territories.conftest import code

API = "/api/v1/territories"


@pytest.fixture
def two(session, actor, add_plan):
    """A plan, and one in which a unit lies elsewhere."""
    first, second = add_plan("As it is"), add_plan("As it may be")
    move_units(session, actor, second.id, None, [Move(code("a1"), 2)], splits_allowed=True)
    session.commit()
    return first, second


def upload(client, content: bytes, **fields):
    form = {"file": (io.BytesIO(content), "plan.csv")} | fields
    return client.post(f"{API}/plans/import", data=form, content_type="multipart/form-data")


def test_the_api_says_what_moves(client_of, manager, two):
    found = client_of(manager).get(f"{API}/diff?a={two[0].id}&b={two[1].id}").json
    assert found["moved"]["units"] == 1
    assert found["moved"]["population"] == 100
    [flow] = found["matrix"]
    assert (flow["from"], flow["to"], flow["codes"]) == ("Slice 1", "Slice 2", [code("a1")])
    assert [pair["before"] for pair in found["matched"]] == ["Slice 1", "Slice 2", "Slice 3"]


def test_the_page_shows_both_plans_and_who_gains_and_loses(signed_in_as, manager, two):
    page = signed_in_as(manager).get(f"/territories/compare?a={two[0].id}&b={two[1].id}").text
    for words in ("As it is", "As it may be", "Who gains and loses", "units: +1 −0", "map-b"):
        assert words in page


def test_the_page_shows_what_else_a_plan_balances(session, signed_in_as, manager, two):
    two[1].measure = "workload"
    session.commit()
    page = signed_in_as(manager).get(f"/territories/compare?a={two[0].id}&b={two[1].id}").text
    assert "<dt>Workload</dt><dd>0 h" in page
    assert page.count("0 h</td>") == 1


def test_the_page_says_how_much_only_one_plan_divides(signed_in_as, client_of, manager, two):
    at = f"/territories/compare?a={two[0].id}&b={two[1].id}"
    browser = signed_in_as(manager)
    assert "only one of the two plans" not in browser.get(at).text
    step = {"assign": {"0": [code("a2")]}}
    client_of(manager).post(f"{API}/plans/{two[1].id}/edits", json=step)
    assert "1 unit lies in a territory of only one of the two plans" in browser.get(at).text


def test_the_page_says_when_there_is_nothing_to_compare(signed_in_as, manager, add_plan):
    browser = signed_in_as(manager)
    assert "Two plans are needed" in browser.get("/territories/compare").text
    plan = add_plan()
    assert "Two plans are needed" in browser.get("/territories/compare").text
    same = browser.get(f"/territories/compare?a={plan.id}&b={plan.id}").text
    assert "divide the ground in the same way" in same
    assert browser.get("/territories/compare?a=99999&b=1").status_code == 404


def test_two_plans_that_cannot_be_compared_leave_the_choice_of_others(
    session, signed_in_as, manager, two, add_plan
):
    above = add_plan("On other ground")
    above.level = "tst-adm1"
    session.execute(delete(TerritoryUnit).where(TerritoryUnit.plan_id == above.id))
    session.commit()
    browser = signed_in_as(manager)
    refused = browser.get(f"/territories/compare?a={two[0].id}&b={above.id}")
    assert refused.status_code == 422
    assert "have no unit in common" in refused.text
    assert 'id="field-a"' in refused.text
    # A plan alone is compared with one of its own level, though another is newer.
    lone = browser.get(f"/territories/compare?b={two[1].id}")
    assert lone.status_code == 200
    assert f'<option value="{two[0].id}" selected>As it is' in lone.text


def test_a_file_becomes_a_draft_and_opens(session, client_of, signed_in_as, manager, country):
    names = [*(f"{x}{y}" for x in "abcd" for y in "1234"), "i1", "i2"]
    content = "GEOID,DISTRICT\n" + "".join(f"{n},{'12'[n[0] > 'b']}\n" for n in names)
    assert "tst-adm2" in signed_in_as(manager).get("/territories/bring").text
    answer = upload(client_of(manager), content.encode(), name="Brought", level="tst-adm2")
    assert answer.status_code == 201, answer.text
    assert (answer.json["units"], answer.json["territories"]) == (18, 2)
    found = queries.placed_units(session, answer.json["plan_id"])
    assert {unit.territory for unit in found if unit.code < code("c")} == {1}
    assert signed_in_as(manager).get(f"/territories/{answer.json['plan_id']}").status_code == 200


@pytest.mark.parametrize(
    ("content", "fields", "says"),
    [
        (b"a1,1\nzz,1\n", {"level": "tst-adm2"}, "zz"),
        (b"", {"level": "tst-adm2"}, "is empty"),
        (b"\x00\x01", {"level": "tst-adm2"}, "no text file"),
        (b"a1,1\n", {}, "boundary level"),
        (b"a1,1\n", {"level": "tst-adm2", "balance": "luck"}, "luck"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_in_a_sentence(
    client_of, manager, country, content, fields, says
):
    answer = upload(client_of(manager), content, name="Brought", **fields)
    assert answer.status_code == 422
    assert says in answer.json["detail"]


@pytest.mark.parametrize(
    "path", ["/territories/compare", "/territories/bring", f"{API}/diff?a=1&b=2"]
)
def test_who_may_not_design_neither_compares_nor_brings(
    client_of, signed_in_as, rep, marketer, path
):
    for person in (rep, marketer):
        browser = (client_of if path.startswith("/api") else signed_in_as)(person)
        assert browser.get(path).status_code == 403
        assert upload(client_of(person), b"a1,1\n", name="x").status_code == 403


@pytest.mark.parametrize(
    ("kind", "ending"),
    [("kml", "kml"), ("shp", "zip"), ("bef", "csv"), ("csv", "csv"), ("scenario", "txt")],
)
def test_the_export_has_the_right_name_and_kind(client_of, manager, add_plan, kind, ending):
    plan = add_plan(name="North & South")
    answer = client_of(manager).get(f"{API}/plans/{plan.id}/export.{kind}")
    assert answer.status_code == 200
    # A spreadsheet and a block-equivalency file are both CSV, and lie in one folder.
    apart = "-bef" if kind == "bef" else ""
    assert f"North-South{apart}.{ending}" in answer.headers["Content-Disposition"]
    if kind != "scenario":
        one = client_of(manager).get(f"{API}/plans/{plan.id}/export.{kind}?territory=2")
        assert f"North-South-2{apart}.{ending}" in one.headers["Content-Disposition"]
        assert len(one.data) < len(answer.data)


@pytest.mark.parametrize(
    ("plan", "file"),
    [
        ("Wilayah 2027", "Wilayah-2027.pdf"),
        ("../etc/passwd", "etc-passwd.pdf"),
        ("خطة الأراضي", "خطة-الأراضي.pdf"),
        ("🌴", "territories.pdf"),
    ],
)
def test_a_file_is_called_like_its_plan(plan, file):
    assert exporting.file_name(plan, "pdf") == file
    assert len(exporting.file_name("long " * 60, "pdf")) <= exporting.MAX_FILE_NAME + 4


def test_a_report_says_its_language_as_browsers_know_it(client_of, manager, add_plan):
    plan = add_plan()
    page = client_of(manager).get(f"{API}/plans/{plan.id}/export.html").text
    assert '<html lang="en-GB">' in page
