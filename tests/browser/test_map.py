"""The map as people use it."""

import json
import re
from urllib.parse import unquote

from playwright.sync_api import expect

# Drawing without a graphics card takes its time when the machine has other work.
expect.set_options(timeout=30_000)


def test_an_old_link_still_filters_and_its_chips_undo_it(sign_in):
    page = sign_in("admin")
    page.goto("/map?segment=A&order=never")
    expect(page.locator("#chips")).to_contain_text("Segment: A")
    expect(page.locator("#in-view")).to_contain_text("in view")
    page.get_by_role("button", name="Without: Last order").click()
    page.get_by_role("button", name="Without: Segment").click()
    expect(page.locator("#figures")).to_contain_text("3,000 customers")
    page.go_back()
    expect(page.locator("#chips")).to_contain_text("Segment: A")
    assert json.loads(re.search("filter=([^&]*)", unquote(page.url))[1]) == {
        "field": "segment",
        "op": "in",
        "value": ["A"],
    }


def test_a_row_opens_the_record_and_the_address_brings_it_again(sign_in):
    page = sign_in("admin")
    page.goto("/map")
    row = page.locator("#table .tabulator-row").first
    name = row.locator("[tabulator-field=name]").inner_text()
    row.focus()
    row.press("Enter")
    expect(page.locator("#drawer-title")).to_have_text(name)
    expect(page).to_have_url(re.compile("customer="))
    page.reload()
    expect(page.locator("#drawer-title")).to_have_text(name)
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()


def test_a_customer_is_found_by_name(sign_in):
    page = sign_in("admin")
    page.goto("/map")
    name = page.locator("#table .tabulator-row [tabulator-field=name]").first.inner_text()
    page.keyboard.press("/")
    page.keyboard.type(name)
    page.locator("#search-results [role=option]", has_text=name).first.click()
    expect(page.locator("#drawer-title")).to_have_text(name)


def test_those_without_a_point_are_listed(sign_in):
    page = sign_in("admin")
    page.goto("/map")
    page.get_by_role("link", name="not on the map").click()
    expect(page).to_have_url(re.compile("trustworthy"))
    expect(page.locator("#table .tabulator-row").first).to_contain_text("No point")


def test_on_a_phone_the_sheet_lists_who_is_in_view(sign_in):
    page = sign_in("admin")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/map")
    expect(page.locator("#sheet-title")).to_contain_text("3,000 customers")
    page.locator(".panel-handle").click()
    expect(page.locator("#sheet-list button").first).to_be_visible()
    page.get_by_role("button", name="Filters, colours and borders").click()
    page.get_by_role("button", name="Hexagons").click()
    expect(page).to_have_url(re.compile("layer=hexagons"))
    page.get_by_role("button", name="Show the customers").click()
    expect(page.locator("#drawer")).to_be_hidden()


def test_a_marketer_sees_counts_and_no_list(sign_in):
    page = sign_in("marketer")
    page.goto("/map")
    expect(page.locator("#figures")).to_contain_text("whole tens")
    expect(page.locator("#table")).to_have_count(0)
