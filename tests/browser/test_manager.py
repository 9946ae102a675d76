"""A territory manager: from the map to a customer's record, from a draft to a live plan."""

import re

import pytest
from playwright.sync_api import Page, expect

from geocrm.demo import people


@pytest.fixture(autouse=True)
def _patience() -> None:
    # Drawing without a graphics card takes its time when the machine has other work.
    expect.set_options(timeout=20_000)


def test_from_the_map_to_a_note_on_the_record(page: Page) -> None:
    page.goto("/login")
    page.fill("input[name=email]", f"manager@{people.DOMAIN}")
    page.fill("input[name=password]", people.PASSWORD)
    page.press("input[name=password]", "Enter")
    expect(page).to_have_url(re.compile("/map"))
    expect(page.locator("#map canvas")).to_be_visible()
    expect(page.get_by_role("button", name="Segment A")).to_contain_text(re.compile(r"\d"))
    expect(page.locator("#in-view")).to_have_text(re.compile(r"^[\d,]+ of [\d,]+ in view$"))
    _filtered_address_brings_the_same_figures(page)
    name = page.locator("#table .tabulator-row [tabulator-field=name]").first.inner_text()
    page.keyboard.press("/")
    page.keyboard.type(name)
    page.locator("#search-results [role=option]", has_text=name).first.click()
    expect(page.locator("#drawer-title")).to_have_text(name)
    page.locator("#drawer").get_by_role("link", name="Open customer").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    page.get_by_label("In a few words").fill("Wants the new catalogue")
    page.get_by_role("button", name="Add to the timeline").click()
    entry = page.locator("#timeline li").first
    expect(entry).to_contain_text("Wants the new catalogue")
    expect(entry).to_contain_text("Maya Manager")


def _filtered_address_brings_the_same_figures(page: Page) -> None:
    page.locator(".filter-quick", has_text="Last order").click()
    page.get_by_role("dialog").get_by_role("button", name="90", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Done").click()
    expect(page).to_have_url(re.compile("filter=.*last_order"))
    expect(page.locator("#figures")).not_to_have_attribute("aria-busy", "true")
    total = page.locator("#figures .map-total")
    expect(page.locator("#chips")).to_contain_text("in the last 90 days")
    expect(total).not_to_have_text("3,000 customers")
    fewer = total.inner_text()
    page.reload()
    expect(total).to_have_text(fewer)
    expect(page.locator("#in-view")).to_contain_text(f"of {fewer.split()[0]} in view")


def test_territories_are_designed_changed_made_live_and_taken_back(sign_in) -> None:
    page = sign_in("manager")
    page.goto("/territories/new")
    page.get_by_label("Name of the draft").fill("West Java in four")
    page.get_by_label("In the area").select_option("idn-adm1:32")
    page.get_by_label("Number of territories").fill("4")
    page.get_by_role("button", name="Design", exact=True).click()
    page.get_by_role("link", name="Open the draft").click(timeout=60_000)
    expect(page).to_have_url(re.compile(r"/territories/\d+$"), timeout=60_000)
    bars = page.locator("#bars .bar-row")
    expect(bars).to_have_count(4)
    expect(bars.first).to_contain_text("%")
    expect(page.locator("#score-contiguous")).to_have_text("all")
    _move_a_unit(page)
    page.get_by_role("button", name="Make live").click()
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("Make this plan live?")
    question.get_by_role("button", name="Make live").click()
    back = page.get_by_role("button", name="Take back")
    expect(back).to_be_visible()
    page.goto("/territories")
    expect(page.get_by_role("row", name="West Java in four")).to_contain_text("Live")
    page.get_by_role("link", name="West Java in four").click()
    expect(bars).to_have_count(4)  # drawn by the module that listens to the buttons
    back.click()
    page.get_by_role("dialog").get_by_role("button", name="Yes, go on").click()
    expect(page.get_by_role("button", name="Make live")).to_be_visible()


def _move_a_unit(page: Page) -> None:
    """Click the map until a unit beside another territory is hit, move it and save."""
    bars = page.locator("#bars")
    before = bars.inner_text()
    move = page.locator(".territory-moves button:not([disabled])")
    _click_the_map(page, move)
    move.first.click()
    expect(page.locator("#pending-count")).to_have_text("1 unit changed, not saved")
    expect(bars).not_to_have_text(before, use_inner_text=True)
    page.get_by_role("button", name="Make live").click()
    expect(page.locator("#toasts")).to_contain_text("Save or roll back your changes first")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#pending")).to_be_hidden()


def _click_the_map(page: Page, wanted) -> None:
    canvas = page.locator("#map canvas")
    expect(canvas).to_be_visible()
    box = canvas.bounding_box()
    assert box is not None
    for attempt in range(150):
        across, down = attempt % 5, attempt // 5 % 5
        page.mouse.move(
            box["x"] + box["width"] * (0.3 + across / 10),
            box["y"] + box["height"] * (0.3 + down / 10),
        )
        page.wait_for_timeout(60)
        if canvas.evaluate("canvas => canvas.style.cursor") != "pointer":
            continue
        page.mouse.down()
        page.mouse.up()
        page.wait_for_timeout(120)
        if wanted.count():
            return
    raise AssertionError("No unit beside another territory was found under the pointer")
