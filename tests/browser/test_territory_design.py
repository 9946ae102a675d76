"""A manager asks for a plan: shares, number and centres, then watches, stops and keeps it."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import select

from geocrm.db import unit_of_work
from geocrm.security import OPERATOR
from geocrm.territories import designing, service
from geocrm.territories.models import Measure, Plan
from geocrm.territories.requests import Request

WEST_JAVA = "idn-adm1:32"


@pytest.fixture(autouse=True)
def _patience() -> None:
    expect.set_options(timeout=30_000)


@pytest.fixture
def plan_id(site) -> Iterator[int]:
    """West Java in three, as a draft."""
    with unit_of_work(site.sessions, OPERATOR) as session:
        request = Request(
            "idn-adm2", 3, Measure.POPULATION, within=WEST_JAVA, effort=0, proven=False
        )
        surveyed = designing.survey(session, OPERATOR, request)
        plan = service.save(session, OPERATOR, "Today", designing.solve(surveyed, request))
        made = plan.id
    yield made
    with unit_of_work(site.sessions, OPERATOR) as session:
        service.discard(session, OPERATOR, made)


@pytest.fixture
def form(sign_in) -> Page:
    """The form for West Java, once it knows the ground."""
    page: Page = sign_in("manager")
    page.goto("/territories/new")
    page.get_by_label("In the area").select_option(WEST_JAVA)
    expect(page.locator("#ground")).to_contain_text("27 units")
    return page


def _shares(page: Page) -> list[int]:
    boxes = page.locator(".design-weight:not([hidden]) input[type=number]").all()
    return [int(box.input_value()) for box in boxes]


def _design(page: Page) -> None:
    page.get_by_role("button", name="Design", exact=True).click()


def _all_of_indonesia(page: Page) -> None:
    """A search that goes on until somebody ends it."""
    page.get_by_label("In the area").select_option("")
    expect(page.locator("#ground")).to_contain_text("514 units")
    page.get_by_label("Population in percent").fill("100")
    page.get_by_label("Number of territories").fill("30")
    page.get_by_label("Time in seconds").fill("600")


def _plans(site, name: str) -> list[Plan]:
    with unit_of_work(site.sessions, OPERATOR) as session:
        return list(session.scalars(select(Plan).where(Plan.name == name)))


def test_shares_add_up_to_a_hundred_and_a_locked_one_stays(form) -> None:
    customers, revenue = form.get_by_label("Customers in percent"), form.get_by_label("Revenue in")
    revenue.fill("30")
    revenue.press("Enter")
    expect(customers).to_have_value("70")
    form.get_by_role("button", name="Keep Revenue at 30 %").click()
    expect(revenue).to_be_disabled()
    form.get_by_label("Population", exact=True).press("PageUp")
    shares = _shares(form)
    assert sum(shares) == 100
    assert sorted(shares)[-2:] != [0, 100]
    expect(revenue).to_have_value("30")
    expect(form.locator("#mixture-words")).to_contain_text("as customers")


def test_rounding_loses_no_share(form) -> None:
    sums = form.evaluate(
        """async () => {
          const { moved } = await import("/static/js/pages/territory_design_weights.js");
          const found = [];
          for (let to = -5; to <= 105; to += 1) {
            const next = moved([33, 33, 34, 0], [false, false, true, false], 0, to);
            found.push([next.reduce((a, b) => a + b), Math.min(...next), next[2]]);
          }
          return found;
        }"""
    )
    assert all((total, held) == (100, 34) and least >= 0 for total, least, held in sums)


def test_the_number_follows_from_reps_or_limits_and_is_said_before(form) -> None:
    count = form.get_by_label("Number of territories")
    form.get_by_text("One for each rep", exact=True).click()
    expect(form.locator("#number-words")).to_contain_text("active rep")
    expect(count).to_have_js_property("readOnly", True)
    form.get_by_text("From the limits", exact=True).click()
    expect(form.get_by_role("button", name="Design", exact=True)).to_be_disabled()
    form.get_by_label("Least load").fill("500")
    form.get_by_label("Most load").fill("700")
    expect(form.locator("#summary")).to_contain_text(re.compile(r"^[456] territories"))


def test_each_measure_of_a_mixture_can_be_held_by_itself(form) -> None:
    most = form.get_by_label("Population: at most in each territory")
    expect(form.get_by_text("Each by itself")).to_be_hidden()
    form.get_by_label("Customers in percent").fill("60")
    form.get_by_label("Customers in percent").press("Enter")
    expect(most).to_be_visible()
    expect(form.get_by_label("Workload: tolerance in percent")).to_be_visible()
    form.get_by_label("Number of territories").fill("3")
    most.fill("1000")
    expect(form.locator("#checks")).to_contain_text("Population: 3 territories of at most 1,000")
    form.get_by_role("button", name="At most", exact=False).click()
    expect(form.locator("#checks")).to_be_empty()
    assert float(most.input_value()) > 1_000_000
    with form.expect_request("**/api/v1/territories/designs") as asked:
        _design(form)
    wanted = asked.value.post_data_json
    assert set(wanted["maximum"]) == {"population"}
    assert (wanted["minimum"], wanted["tolerance"]) == (None, 0.05)
    # Nobody waits for it.
    form.get_by_role("button", name="Cancel").click()
    expect(form.locator("#running section")).to_have_count(0)


def test_what_cannot_be_is_said_with_a_change_that_would_do(form) -> None:
    form.get_by_label("Number of territories").fill("3")
    form.get_by_label("Most load").fill("100")
    expect(form.locator("#checks")).to_contain_text("3 territories of at most 100 hold 300")
    form.get_by_role("button", name="At most", exact=False).click()
    expect(form.locator("#checks")).to_be_empty()


def test_centres_are_pinned_one_for_each_territory(form) -> None:
    form.get_by_label("Number of territories").fill("2")
    form.get_by_text("Pinned places", exact=True).click()
    box = form.locator(".design-map")
    expect(box).to_have_attribute("data-ready", "true")
    expect(form.locator("#checks")).to_contain_text("0 centres for 2 territories")
    for across in (60, 120):
        box.click(position={"x": across, "y": 120})
    form.get_by_role("button", name="Pin the middle").click()
    expect(form.locator("#checks")).to_contain_text("3 centres for 2 territories")
    form.get_by_role("button", name="Remove centre 3").click()
    expect(form.locator("#checks")).to_be_empty()


def test_the_editor_hands_its_plan_and_locks_over(sign_in, site, plan_id) -> None:
    page: Page = sign_in("manager")
    page.goto(f"/territories/new?like={plan_id}&keep={plan_id}&lock=2")
    expect(page.get_by_label("Plan to keep to")).to_have_value(str(plan_id))
    expect(page.get_by_label("Number of territories")).to_have_value("3")
    boxes = page.locator("#locks input")
    expect(boxes).to_have_count(3)
    expect(page.locator("#locks input:checked")).to_have_count(1)
    expect(boxes.nth(1)).to_be_checked()
    page.get_by_label("Units that stay").fill("bandung")
    page.locator(".suggest-list:not([hidden]) [role=option]").first.click()
    expect(page.locator("#locked-units .chip")).to_have_count(1)
    page.get_by_label("Name of the draft").fill("Kept to")
    page.get_by_label("Tolerance in percent", exact=True).fill("60")
    _design(page)
    page.get_by_role("link", name="Compare").click()
    expect(page).to_have_url(re.compile(rf"compare\?a={plan_id}&b=\d+"))
    (made,) = _plans(site, "Kept to")
    assert made.params["request"]["keep"] == str(plan_id)
    assert len(made.params["request"]["lock"]) >= 2


def test_one_territory_in_focus_brings_those_around_it_and_leaves_the_rest(
    sign_in, site, plan_id
) -> None:
    page: Page = sign_in("manager")
    page.goto(f"/territories/new?like={plan_id}&keep={plan_id}&focus=1")
    expect(page.locator("#focus-part")).to_contain_text("of 3 territories")
    expect(page.get_by_role("group", name="designed anew").get_by_role("checkbox")).to_have_count(3)
    for box in page.get_by_role("group", name="designed anew").get_by_role("checkbox").all():
        box.set_checked(False)
    expect(page.locator("#checks")).to_contain_text("Choose the territories")
    for at in (0, 1):
        page.get_by_role("group", name="designed anew").get_by_role("checkbox").nth(at).check()
    expect(page.get_by_label("Number of territories")).to_have_value("2")
    expect(page.locator("#disruption-hint")).to_contain_text("in focus hold")
    expect(page.locator("#locks-part")).to_be_hidden()
    page.get_by_label("Name of the draft").fill("Two of three")
    page.get_by_label("Tolerance in percent", exact=True).fill("60")
    _design(page)
    expect(page.locator(".design-outcome")).to_contain_text("the others are as they were")
    (made,) = _plans(site, "Two of three")
    assert made.params["proof"]["focus"]["territories"] == [1, 2]
    page.get_by_role("link", name="Open the draft").click()
    expect(page.locator("#proof-title ~ p")).to_contain_text("Only 2 territories were designed")


def _as_told(route: Route) -> None:
    """The refusal itself, under the one status that the console may name."""
    answer = route.fetch()
    assert answer.status == 422
    route.fulfill(status=409, body=answer.body(), content_type="application/problem+json")


def test_a_refusal_goes_when_something_else_is_asked_for(form) -> None:
    form.route("**/territories/designs", _as_told)
    form.get_by_label("Number of territories").fill("28")
    _design(form)
    expect(form.locator("#refused")).to_contain_text("more than the 27 units of Jawa Barat")
    form.get_by_label("Number of territories").fill("5")
    expect(form.locator("#refused")).to_be_empty()


def test_a_search_is_found_again_stopped_and_kept_or_cancelled(form, site) -> None:
    _all_of_indonesia(form)
    form.get_by_label("Name of the draft").fill("Stopped")
    _design(form)
    stop = form.get_by_role("button", name="Stop and keep")
    expect(stop).to_be_enabled(timeout=90_000)
    form.reload()  # the tab was closed half-way
    expect(form.locator("#running")).to_contain_text("Stopped")
    expect(form.locator(".design-curve")).to_have_attribute("aria-label", re.compile("After"))
    stop.click()
    expect(form.locator(".design-outcome")).to_contain_text("Stopped early")
    (kept,) = _plans(site, "Stopped")
    assert kept.params["contiguous"] is True

    _all_of_indonesia(form)
    form.get_by_label("Name of the draft").fill("Cancelled")
    _design(form)
    expect(stop).to_be_enabled()
    form.get_by_role("button", name="Cancel").click()
    expect(form.locator("#running")).not_to_contain_text("Cancelled")
    assert _plans(site, "Cancelled") == []


def test_a_tolerance_out_of_reach_is_allowed_with_one_press(form, site) -> None:
    form.get_by_label("Number of territories").fill("7")
    form.get_by_label("Tolerance in percent", exact=True).fill("0.1")
    form.get_by_label("Name of the draft").fill("Too even")
    _design(form)
    allow = form.get_by_role("button", name=re.compile(r"^Allow \d"))
    allow.last.click()
    expect(form.locator(".design-outcome .notice-good")).to_be_visible(timeout=60_000)
    assert len(_plans(site, "Too even")) == 2
