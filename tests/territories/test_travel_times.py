"""Travel times that are given to the page: checked, kept with the plan, and private until then."""

import io
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import select

from geocrm import clock
from geocrm.jobs.models import JobRun
from geocrm.territories import (
    designing,
    explaining,
    kept_times,
    plan_files,
    queries,
    scenarios,
    standing,
    travel_tasks,
)
from geocrm.territories.models import Plan
from geocrm.territories.travel_models import TravelTimes
from geocrm.wiring import actor_for
from geocrm.wiring.handlers import DAILY
from tests.territories.conftest import ROWS, code, neighbours

API = "/api/v1/territories/designs"
ASKED = {
    "level": "tst-adm2",
    "within": "tst-adm1:w",
    "count": 2,
    "balance": "population",
    "name": "By road",
    "objective": "travel",
    "time": 5,
    "effort": 1,
    # Four units here and six there.
    "tolerance": 0.25,
}
WEST = [code(column + row) for column in "ab" for row in ROWS]
# A river between the rows 2 and 3: over it everything takes two hours.
RIVER = "\n".join(
    f"{code(a)},{code(b)},{120 if {a[1], b[1]} == {'2', '3'} else 10}"
    for a, b, _ in neighbours()
    if code(a) in WEST and code(b) in WEST
)


@pytest.fixture
def give(client_of, manager, country):
    """Give a table of times as the manager, or as somebody else; the answer."""

    def give(rows=RIVER, *, head="from,to,minutes", who=manager, name="times.csv", **more):
        content = rows if isinstance(rows, bytes) else f"{head}\n{rows}\n".encode()
        form = {"level": "tst-adm2", "within": "tst-adm1:w", "file": (io.BytesIO(content), name)}
        return client_of(who).post(f"{API}/times", data=form | more)

    return give


@pytest.fixture
def manager_actor(session, manager):
    return actor_for(session, manager)


@pytest.fixture
def design(client_of, manager, give, run_job, session):
    """Design by given times, and the draft that came out."""

    def go(**more):
        asked = {**ASKED, "times": give().json["id"], **more}
        answer = client_of(manager).post(API, json=asked)
        assert answer.status_code == 202, answer.json
        job = run_job(answer.json["job_id"])
        assert job.state == "done", job.message
        return session.get(Plan, job.result["plan_id"])

    return go


def _kept(session):
    session.expire_all()
    return session.scalars(select(TravelTimes)).all()


# ------------------------------------------------------------------------------ giving a file


def test_what_is_given_says_how_it_was_understood(give):
    answer = give(speed="50")
    assert answer.status_code == 201
    # Eight units have ten neighbours; the two of the island are reached by no way at all.
    assert answer.json == {
        "id": answer.json["id"],
        "file": "times.csv",
        "level": "tst-adm2",
        "pairs": {"known": 10, "pieced": 18, "straight": 17},
    }


@pytest.mark.parametrize("head", ["origin;destination;menit", "dari,ke,duration_min"])
def test_other_words_and_delimiters_are_understood(give, head):
    rows = RIVER.replace(",", ";") if ";" in head else RIVER
    assert give(rows, head=head).status_code == 201


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "cp1252"])
def test_other_encodings_are_read(give, encoding):
    assert give(f"from,to,minutes\n{RIVER}\n".encode(encoding)).status_code == 201


@pytest.mark.parametrize(
    ("rows", "head", "why"),
    [
        (RIVER, "a1,b,c", "needs the columns from, to and minutes (found: a1, b, c)"),
        ("x9,tst-adm2:a1,5", "from,to,minutes", "row 2, column 'from': 'x9' is none of the units"),
        ("a1,a2,-5", "from,to,minutes", "row 2, column 'minutes': the travel time is '-5', which"),
        ("a1,a2,5\na1,b1,NaN", "from,to,minutes", "row 3, column 'minutes': the travel time is"),
        ("a1,a2,\na1,b1,4", "from,to,minutes", "the travel time is missing"),
        ("a1,a2,5\na1,a2,6", "from,to,minutes", "row 3: from tst-adm2:a1 to tst-adm2:a2 it is 6"),
        ("", "from,to,minutes", "holds column names but no rows"),
        (b"", "", "is empty"),
        ("a1,a2,5,7", "from,to,minutes", "row 2 has 4 cells, but there are 3 columns"),
        (b"\x00\x01\x02\xff" * 50, "", "times.csv"),
        ("c1,d1,5", "from,to,minutes", "no travel time between two of the units: name a file of"),
        ("tst-adm1:w,tst-adm1:e,50", "from,to,minutes", "'tst-adm1:w' is none of the units"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_place_and_remedy(
    give, session, rows, head, why
):
    answer = give(rows, head=head)
    assert answer.status_code == 422
    assert why in answer.json["detail"]
    assert not _kept(session)


def test_a_refusal_is_in_the_language_of_whoever_gave_the_file(give, manager, session):
    manager.locale = "id"
    session.commit()
    answer = give("x9,a1,5")
    assert answer.status_code == 422
    assert "times.csv, baris 2, kolom 'from': 'x9' bukan salah satu unit" in answer.json["detail"]


def test_thirty_megabytes_are_refused_with_what_to_leave_out(client_of, manager, country, session):
    # Written out, as the test client leaves the file open in which it writes so long a form.
    rows = b"from,to,minutes\n" + b"tst-adm2:a1,tst-adm2:a2,5\n" * 1_200_000
    part = '--x\r\nContent-Disposition: form-data; name="{}"{}\r\n\r\n'
    body = part.format("level", "").encode() + b"tst-adm2\r\n"
    body += part.format("file", '; filename="times.csv"').encode() + rows + b"\r\n--x--\r\n"
    answer = client_of(manager).post(
        f"{API}/times", data=body, content_type="multipart/form-data; boundary=x"
    )
    assert answer.status_code == 422
    assert "has more than 20 MB: leave out pairs that lie far apart" in answer.json["detail"]
    assert not _kept(session)


def test_no_file_or_a_level_there_is_not_is_refused(client_of, manager, country, give):
    answer = client_of(manager).post(f"{API}/times", data={"level": "tst-adm2"})
    assert answer.status_code == 422
    answer = give(level="mars")
    assert answer.status_code == 422
    assert "There is no boundary level 'mars'" in answer.json["detail"]


def test_the_same_times_given_again_are_the_same_upload(give, session):
    first = give().json["id"]
    turned = "\n".join(reversed(RIVER.splitlines()))
    assert give(turned, name="again.csv").json["id"] == first
    assert [times.name for times in _kept(session)] == ["again.csv"]


def test_many_uploads_that_are_never_used_make_room_for_the_next(give, session, monkeypatch):
    monkeypatch.setattr(kept_times, "MOST_UNUSED", 2)
    for minutes in (1, 2, 3):
        assert give(f"a1,a2,{minutes}").status_code == 201
    assert len(_kept(session)) == 2


# ------------------------------------------------------------------------------ who may see it


def test_only_who_designs_gives_times_or_asks_for_them(give, client_of, rep, marketer):
    times = give().json["id"]
    place = "level=tst-adm2&within=tst-adm1:w"
    for person in (rep, marketer):
        assert give(who=person).status_code == 403
        assert client_of(person).get(f"{API}/times/{times}?{place}").status_code == 403
        asked = {**ASKED, "times": times}
        assert client_of(person).post(API, json=asked).status_code == 403


def test_another_persons_upload_is_not_there(give, client_of, manager, administrator):
    times = give().json["id"]
    place = "level=tst-adm2&within=tst-adm1:w"
    assert client_of(manager).get(f"{API}/times/{times}?{place}").status_code == 200
    assert client_of(administrator).get(f"{API}/times/{times}?{place}").status_code == 404
    asked = {**ASKED, "times": times}
    assert client_of(administrator).post(API, json=asked).status_code == 404


def test_a_plan_brings_its_times_along_to_whoever_designs_like_it(
    design, client_of, administrator, session
):
    design()
    times = _kept(session)[0].id
    asked = {**ASKED, "times": times, "name": "Like it"}
    assert client_of(administrator).post(API, json=asked).status_code == 202


# ------------------------------------------------------------------------------ designing


def test_a_plan_by_road_does_not_cross_the_river_and_says_by_what_it_went(design, session):
    plan = design(speed=50)
    held = {}
    for unit in queries.placed_units(session, plan.id):
        held.setdefault(unit.territory, set()).add(unit.code)
    rows = [{one[-1] for one in units if "i" not in one} for units in held.values()]
    assert all(not ({"1", "2"} & row and {"3", "4"} & row) for row in rows)
    proof, times = plan.params["proof"], plan.params["request"]["times"]
    assert proof["objective_unit"] == "weight x minutes"
    assert (times["file"], times["speed_kmh"]) == ("times.csv", 50.0)
    assert times["pairs"] == {"known": 10, "pieced": 18, "straight": 17}
    assert times["kept"] == _kept(session)[0].digest


def test_the_page_names_the_file_and_its_pairs(design, signed_in_as, manager):
    page = signed_in_as(manager).get(f"/territories/{design().id}").text
    assert "Travel time, from a file" in page
    assert "load × minutes to the centre" in page
    assert "times.csv" in page
    assert "Pairs by a straight line at 35 km/h" in page


def test_another_worker_designs_by_what_is_kept(give, client_of, manager, run_job, session):
    """The times are in the database: whoever takes the job up has them."""
    job = client_of(manager).post(API, json={**ASKED, "times": give().json["id"]}).json["job_id"]
    record = session.get(JobRun, job).params["wishes"]["times"]
    assert record["kept"] == _kept(session)[0].digest
    assert run_job(job).state == "done"


def test_a_job_whose_times_are_gone_says_so(give, client_of, manager, run_job, session):
    job = client_of(manager).post(API, json={**ASKED, "times": give().json["id"]}).json["job_id"]
    session.delete(_kept(session)[0])
    session.commit()
    done = run_job(job)
    assert done.state == "failed"
    assert "times.csv, which are not kept here: give that file again" in done.message


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"objective": "inertia"}, "Travel times are for the objective travel"),
        ({"times": None, "speed": 40}, "A speed is for what travel times leave out"),
        ({"speed": 0}, "speed"),
        ({"speed": 5000}, "speed"),
        ({"within": "tst-adm1:e"}, "no travel time between two of the units"),
    ],
)
def test_wishes_that_do_not_fit_the_times_are_refused(give, client_of, manager, more, why):
    answer = client_of(manager).post(API, json={**ASKED, "times": give().json["id"], **more})
    assert answer.status_code == 422
    assert why in str(answer.json)


def test_times_of_another_level_are_refused(give, client_of, manager):
    answer = client_of(manager).get(f"{API}/times/{give().json['id']}?level=tst-adm1")
    assert answer.status_code == 422
    assert "times.csv is of units of tst-adm2" in answer.json["detail"]


def test_times_there_are_not_are_not_found(client_of, manager, country):
    assert client_of(manager).post(API, json={**ASKED, "times": 4711}).status_code == 404


def test_more_units_than_fit_in_memory_are_refused(give, monkeypatch):
    monkeypatch.setattr("geocrm.territories.travel_times.MAX_UNITS", 9)
    answer = give()
    assert answer.status_code == 422
    assert "Travel times are for up to 9 units, not 10" in answer.json["detail"]


# ------------------------------------------------------------------------------ afterwards


def test_an_explanation_counts_in_the_minutes_of_the_plan(design, session, manager_actor):
    plan = design()
    asked, found = explaining.of_plan(session, manager_actor, plan.id, code("a2"))
    assert found.in_minutes
    minutes = asked.travel.minutes
    moved = asked.district.copy()
    moved[[unit.code for unit in asked.ground.units].index(code("a2"))] = found.alternatives[0].row
    now, then = (_to_the_best_centres(minutes, held) for held in (asked.district, moved))
    assert found.alternatives[0].value_change == pytest.approx(then / now - 1)
    assert found.reason == "near"


def _to_the_best_centres(minutes, district):
    """Minutes of all units, each as many people, to the unit nearest to all of its territory."""
    inside = (np.flatnonzero(district == one) for one in np.unique(district))
    return sum(minutes[np.ix_(units, units)].sum(axis=0).min() for units in inside)


def test_the_trade_off_curve_is_of_plans_by_the_same_minutes(
    design, session, manager_actor, client_of, manager, run_job
):
    plan = design()
    asked = standing.read(session, manager_actor, plan.id)
    units, terms = standing.by_travel(session, manager_actor, asked).by_travel()
    assert units.minutes is not None
    assert terms.objective.value == "travel"
    assert asked.by_travel()[0].minutes is None
    standings = f"/api/v1/territories/plans/{plan.id}/standing"
    job = client_of(manager).post(standings, json={"plans": 10, "seed": 1})
    assert run_job(job.json["job_id"]).state == "done"
    assert client_of(manager).get(standings).json["standing"]["tradeoff"]["points"]


def test_a_scenario_of_it_is_replayed_without_the_file(design, session, manager_actor, tmp_path):
    plan = design()
    path = tmp_path / "plan.txt"
    path.write_bytes(scenarios.write(session, manager_actor, plan.id))
    file = plan_files.read_plan(path)
    request = scenarios.request_of(file)
    surveyed = designing.survey(session, manager_actor, request)
    surveyed = kept_times.timed(session, surveyed, request)
    found = designing.solve(surveyed, request)
    here = scenarios.boundaries(session, request.level)
    assert scenarios.replayed(file, found, here, travel=surveyed.travel).same


def test_a_new_design_like_it_offers_its_times(design, signed_in_as, manager, session):
    plan = design(speed=50)
    page = signed_in_as(manager).get(f"/territories/new?like={plan.id}").text
    assert '"times": {"file": "times.csv"' in page
    assert '<option value="times" selected>' in page
    assert 'value="50"' in page
    session.delete(_kept(session)[0])
    session.commit()
    page = signed_in_as(manager).get(f"/territories/new?like={plan.id}").text
    assert '"lost": "times.csv"' in page


def test_what_is_never_used_goes_after_a_day_and_what_a_plan_names_stays(
    design, give, session, client_of, manager
):
    """A waiting job counts as a plan."""
    design()
    give("a1,a2,5")
    waiting = give("a1,a2,6").json["id"]
    client_of(manager).post(API, json={**ASKED, "times": waiting})
    give("a1,a2,7")
    for times, days in zip(_kept(session), (3, 3, 3, 0), strict=True):
        times.used_at = clock.now() - timedelta(days=days)
    session.commit()
    assert kept_times.forget_unused(session) == 1
    assert len(_kept(session)) == 3
    assert travel_tasks.FORGET in DAILY
