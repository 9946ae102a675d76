"""A manager designs by travel times: gives the file, reads how it was understood, and the plan."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import delete, select

from geocrm.db import unit_of_work
from geocrm.places import queries as places
from geocrm.security import OPERATOR
from geocrm.territories import service
from geocrm.territories.models import Plan
from geocrm.territories.travel_models import TravelTimes

WEST_JAVA = "idn-adm1:32"


@pytest.fixture(autouse=True)
def _patience() -> None:
    expect.set_options(timeout=30_000)


@pytest.fixture
def times(site) -> bytes:
    """Half an hour between any two neighbours of West Java."""
    with unit_of_work(site.sessions, OPERATOR) as session:
        inside = [unit.code for unit in places.units(session, "idn-adm2", WEST_JAVA)]
        edges = places.edges(session, "idn-adm2", inside)
    rows = [f"{edge.a},{edge.b},30" for edge in edges]
    return "\n".join(["from,to,minutes", *rows]).encode()


@pytest.fixture
def form(sign_in, site) -> Iterator[Page]:
    """The form for West Java; what comes of it is gone afterwards."""
    page: Page = sign_in("manager")
    page.goto("/territories/new")
    page.get_by_label("In the area").select_option(WEST_JAVA)
    expect(page.locator("#ground")).to_contain_text("27 units")
    yield page
    with unit_of_work(site.sessions, OPERATOR) as session:
        for plan in session.scalars(select(Plan).where(Plan.name.startswith("By road"))):
            service.discard(session, OPERATOR, plan.id)
        session.execute(delete(TravelTimes))


def _give(page: Page, content: bytes, name: str = "times.csv") -> None:
    file = {"name": name, "mimeType": "text/csv", "buffer": content}
    page.get_by_label("File of travel times").set_input_files(file)


def _as_told(route: Route) -> None:
    """The answer of the server, but a refusal (422) as one that the browser does not log."""
    answer = route.fetch()
    status = 409 if answer.status == 422 else answer.status
    route.fulfill(status=status, body=answer.body(), headers=answer.headers)


def test_a_manager_designs_by_travel_times_and_reads_the_minutes_on_the_plan(form, times) -> None:
    start = form.get_by_role("button", name="Design", exact=True)
    expect(form.get_by_label("File of travel times")).to_be_hidden()
    form.get_by_label("Within the limits, make small").select_option("Travel time, from a file")
    expect(form.locator("#times-words")).to_have_text("The design waits for the file.")
    expect(start).to_be_disabled()
    _give(form, times)
    expect(form.locator("#times-words")).to_have_text(
        re.compile(r"times.csv gives the minutes of \d+ pairs of units. \d+ more go the shortest")
    )
    form.get_by_label("Number of territories").fill("3")
    form.get_by_label("Population in percent").fill("100")
    form.get_by_label("Tolerance in percent").first.fill("20")
    form.get_by_label("Name of the draft").fill("By road")
    form.get_by_label("Time in seconds").fill("5")
    start.click()
    form.get_by_role("link", name="Open the draft").click()
    proof = form.locator(".proof")
    expect(proof).to_contain_text("load × minutes to the centre")
    expect(proof).to_contain_text("times.csv")
    plan = re.search(r"/territories/(\d+)", form.url)
    assert plan is not None
    form.goto(f"/territories/new?like={plan[1]}")
    # The file need not be given again.
    expect(form.locator("#times-words")).to_contain_text("times.csv gives the minutes")
    expect(start).to_be_enabled()


def test_a_file_that_cannot_be_used_is_answered_beside_it(form, times) -> None:
    form.get_by_label("Within the limits, make small").select_option("Travel time, from a file")
    form.route("**/designs/times", _as_told)
    _give(form, b"from,to,minutes\nAtlantis,3273,10\n", "atlantis.csv")
    refused = form.locator("#times-refused")
    expect(refused).to_contain_text("atlantis.csv, row 2, column 'from': 'Atlantis' is none of")
    expect(form.get_by_role("button", name="Design", exact=True)).to_be_disabled()
    _give(form, times)
    expect(refused).to_be_empty()
    expect(form.get_by_role("button", name="Design", exact=True)).to_be_enabled()
    # Beyond West Java the file knows no way; at what speed is for the manager to say.
    form.get_by_label("In the area").select_option("")
    words = form.locator("#times-words")
    expect(words).to_contain_text("are straight lines at 35 km/h")
    form.get_by_label("Speed where no way leads").fill("50")
    expect(words).to_contain_text("at 50 km/h")
    form.get_by_label("Built of").select_option("idn-adm1")
    expect(refused).to_contain_text("is none of the units")
