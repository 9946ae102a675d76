"""Two plans against each other, a unit's reasons, and territories with people below each other."""

from collections.abc import Iterator
from datetime import date

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from geocrm.db import unit_of_work
from geocrm.security import OPERATOR
from geocrm.territories import designing, queries, service
from geocrm.territories.models import Measure, Plan
from geocrm.territories.requests import Request


@pytest.fixture(autouse=True)
def _patience() -> None:
    expect.set_options(timeout=20_000)


@pytest.fixture
def plans(site) -> Iterator[tuple[int, int]]:
    """West Java in four, and the same with one unit elsewhere."""
    with unit_of_work(site.sessions, OPERATOR) as session:
        request = Request(
            "idn-adm2", 4, Measure.POPULATION, within="idn-adm1:32", effort=1, proven=False
        )
        surveyed = designing.survey(session, OPERATOR, request)
        first = service.save(session, OPERATOR, "As it is", designing.solve(surveyed, request))
        second = service.copy(session, OPERATOR, first.id, "As it may be")
        unit = next(u for u in queries.placed_units(session, first.id) if u.territory == 1)
        move = [service.Move(unit.code, 2)]
        service.move_units(session, OPERATOR, second.id, None, move, splits_allowed=True)
        made = first.id, second.id
    yield made
    with unit_of_work(site.sessions, OPERATOR) as session:
        for plan_id in made:
            service.discard(session, OPERATOR, plan_id)


def test_one_map_is_swiped_over_the_other_and_the_address_keeps_it(sign_in, plans) -> None:
    page: Page = sign_in("manager")
    page.goto(f"/territories/compare?a={plans[0]}&b={plans[1]}")
    expect(page.locator("#diff-maps[data-ready]")).to_be_visible()
    line = page.get_by_role("slider")
    expect(line).to_be_hidden()
    page.get_by_role("button", name="Swipe").click()
    expect(line).to_have_attribute("aria-valuenow", "50")
    line.press("PageUp")
    expect(line).to_have_attribute("aria-valuenow", "60")
    clip = "document.querySelector('#map-b canvas').style.clipPath"
    assert page.evaluate(clip) == "inset(0px 0px 0px 60%)"
    box = line.bounding_box()
    place = page.locator("#diff-maps").bounding_box()
    assert box
    assert place
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(place["x"] + place["width"] * 0.25, box["y"] + 60, steps=3)
    page.mouse.up()
    expect(line).to_have_attribute("aria-valuenow", "25")
    assert "view=swipe" in page.url
    assert "line=25" in page.url
    page.reload()
    expect(line).to_have_attribute("aria-valuenow", "25")
    layer = page.get_by_role("button", name="What moves")
    layer.click()
    expect(layer).to_have_attribute("aria-pressed", "false")
    expect(page.locator(".rating-table")).to_contain_text("largest deviation")
    expect(page.locator(".radar")).to_be_visible()


def test_inspecting_a_unit_says_why_it_is_there(sign_in, plans) -> None:
    page = _open(sign_in("manager"), plans[0])
    page.locator("#bars .bar-row").first.click()
    page.locator("#drawer .unit-link").first.click()
    reasons = page.locator("#drawer .explain")
    expect(reasons).to_contain_text("Why here?")
    expect(reasons.locator("p").first).to_be_visible()


def test_territories_lie_below_each_other_and_are_folded_away(sign_in, site, plans) -> None:
    page = _open(sign_in("manager"), plans[0])
    rows = page.locator("#bars .bar-row")
    rows.nth(1).click()
    parent = page.get_by_label("Lies below")
    parent.select_option(index=1)
    expect(page.locator("#bars.is-tree")).to_be_visible()
    expect(page.locator("#bars .bar-sum")).to_contain_text("with 1 below it")
    fold = page.get_by_role("button", name="Fold away")
    fold.press("Enter")
    expect(rows).to_have_count(3)
    page.reload()
    expect(rows).to_have_count(4)
    expect(page.locator("#bars.is-tree")).to_be_visible()
    with unit_of_work(site.sessions, OPERATOR) as session:
        assert sum(t.parent_id is not None for t in queries.territories(session, plans[0])) == 1


def test_people_work_in_a_territory_from_a_day_to_a_day(sign_in, site, plans) -> None:
    page = _open(sign_in("manager"), plans[0])
    page.locator("#bars .bar-row").first.click()
    drawer = page.locator("#drawer")
    drawer.get_by_label("Add somebody").select_option(index=1)
    drawer.get_by_role("button", name="Add", exact=True).click()
    expect(drawer.locator(".person")).to_have_count(1)
    drawer.get_by_label("From").fill("2031-01-01")
    drawer.get_by_label("From").blur()
    expect(drawer.get_by_label("From")).to_have_value("2031-01-01")
    drawer.locator(".person select").select_option("manager")
    # One change after the other goes out; the last one holds them all.
    with page.expect_response(lambda r: "2031-06-30" in (r.request.post_data or "")) as answer:
        drawer.get_by_label("To, itself included").fill("2031-06-30")
        drawer.get_by_label("To, itself included").blur()
    assert answer.value.ok
    page.reload()
    page.locator("#bars .bar-row").first.click()
    expect(drawer.get_by_label("To, itself included")).to_have_value("2031-06-30")
    with unit_of_work(site.sessions, OPERATOR) as session:
        [one] = queries.members(session, [plans[0]])
        assert (one.role, one.from_day, one.to_day) == (
            "manager", date(2031, 1, 1), date(2031, 6, 30),
        )  # fmt: skip


def test_a_rep_is_told_why_a_unit_of_the_live_plan_is_where_it_is(sign_in, site) -> None:
    with unit_of_work(site.sessions, OPERATOR) as session:
        live = session.scalars(select(Plan).where(Plan.state == "live")).one()
        plan_id, measure = live.id, live.measure
    page = _open(sign_in("rep01"), plan_id, None)
    page.locator("#bars .bar-row").first.click()
    expect(page.locator("#drawer .people-list, #drawer .muted").first).to_be_visible()
    page.locator("#drawer .unit-link").first.click()
    told = 1 if measure == Measure.POPULATION else 0
    expect(page.locator("#drawer .explain")).to_have_count(told)
    if told:
        expect(page.locator("#drawer .explain")).to_contain_text("Why here?")


def _open(page: Page, plan_id: int, count: int | None = 4) -> Page:
    page.goto(f"/territories/{plan_id}")
    expect(page.locator("#map[data-ready]")).to_be_visible()
    if count:
        expect(page.locator("#bars .bar-row")).to_have_count(count)
    return page
