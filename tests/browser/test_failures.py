"""When something does not come, or nobody fits: the page says so and shows the way on."""

import re

from playwright.sync_api import expect

# Drawing without a graphics card takes its time when the machine has other work.
expect.set_options(timeout=30_000)
LISTS = re.compile(r"/api/v1/accounts(/groups|/summary)?\?")


def test_what_could_not_be_loaded_is_not_shown_as_nobody_and_comes_when_asked_again(sign_in):
    page = sign_in("admin")
    page.route(LISTS, lambda route: route.fulfill(status=409, json={"detail": "Try again soon"}))
    page.goto("/accounts?segment=A")
    lost = page.locator("#table .table-lost")
    expect(lost).to_contain_text("could not be loaded")
    page.get_by_role("button", name="Board").click()
    expect(page.locator("#board")).to_contain_text("could not be loaded")
    expect(page.locator("#board .board-lane")).to_have_count(0)
    page.get_by_role("button", name="Chart").click()
    expect(page.locator("#chart .bars")).to_be_hidden()
    page.unroute(LISTS)
    page.locator("#figures").get_by_role("button", name="Try again").click()
    expect(page.locator("#chart .bar-row").first).to_be_visible()
    expect(page.locator("#figures")).to_contain_text("customers")
    page.get_by_role("button", name="Table").click()
    expect(page.locator("#table .tabulator-row").first).to_be_visible()
    expect(lost).to_have_count(0)


def test_filters_that_nobody_fits_are_taken_away_by_one_press(sign_in):
    page = sign_in("admin")
    page.goto("/map?mode=board&name=zzqq")
    nobody = page.locator("#nobody")
    expect(nobody).to_contain_text("Nobody fits these filters")
    expect(page.locator("#board")).to_be_hidden()
    expect(page.locator("#select-all")).to_be_disabled()
    nobody.get_by_role("button", name="Take all filters away").click()
    expect(nobody).to_be_hidden()
    expect(page.locator("#board .board-card").first).to_be_visible()


def test_escape_closes_what_was_opened_on_the_map_and_gives_the_keyboard_back(sign_in):
    page = sign_in("admin")
    page.goto("/map?mode=map&at=8/-9.5/104")
    canvas = page.locator("#map canvas")
    expect(page.locator("#new-customer")).to_be_enabled()
    canvas.click(button="right", position={"x": 400, "y": 300})
    offer = page.locator(".map-offer")
    expect(offer).to_be_visible()
    page.keyboard.press("Escape")
    expect(offer).to_have_count(0)
    expect(canvas).to_be_focused()
    canvas.click(button="right", position={"x": 400, "y": 300})
    expect(offer).to_be_visible()
    page.locator("#figures").click()
    expect(offer).to_have_count(0)
