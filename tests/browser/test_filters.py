"""Filters and saved views as people use them: by keyboard, in groups, from a link."""

import json
import re
from urllib.parse import quote

from playwright.sync_api import expect

expect.set_options(timeout=20_000)


def test_a_filter_is_added_by_keyboard_alone_and_holds_at_once(sign_in):
    page = sign_in("admin")
    page.goto("/map")
    expect(page.locator("#figures")).to_contain_text("3,000 customers")
    page.get_by_role("button", name="Add filter").focus()
    page.keyboard.press("Enter")
    page.keyboard.type("last order")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="90", exact=True).press("Enter")
    expect(page.locator("#chips")).to_contain_text("Last order: in the last 90 days")
    expect(page.locator("#figures")).not_to_contain_text("3,000 customers")
    page.keyboard.press("Escape")
    expect(page.locator("dialog.filter-popover")).to_have_count(0)
    page.get_by_role("button", name="Change: Last order").press("Enter")
    page.get_by_label("days", exact=True).fill("30")
    expect(page.locator("#chips")).to_contain_text("in the last 30 days")
    page.get_by_role("button", name="Done").click()
    page.get_by_role("button", name="Without: Last order").click()
    expect(page.locator("#figures")).to_contain_text("3,000 customers")


def test_groups_that_came_in_an_address_are_edited(sign_in):
    tree = {
        "or": [
            {"field": "segment", "op": "in", "value": ["A"]},
            {"not": {"field": "revenue", "op": "gte", "value": 1}},
        ]
    }
    page = sign_in("admin")
    page.goto(f"/map?filter={quote(json.dumps(tree))}")
    expect(page.locator("#chips")).to_contain_text("Segment: A or not (Revenue a year from Rp")
    page.locator(".filter-chip-words").click()
    builder = page.get_by_role("dialog", name="Combine conditions")
    expect(builder.get_by_role("status").or_(builder.locator("output"))).to_contain_text("customer")
    builder.get_by_role("button", name="Group", exact=True).click()
    builder.get_by_label("Field").last.select_option(label="Has a contact")
    builder.get_by_text("Yes", exact=True).click()
    builder.get_by_role("button", name="Apply").click()
    expect(page.locator("#chips")).to_contain_text("or Has a contact: yes")
    expect(page).to_have_url(re.compile("has_contact"))


def test_the_builder_counts_as_the_page_does(sign_in):
    page = sign_in("admin")
    tree = {"not": {"field": "segment", "op": "in", "value": ["X"]}}
    page.goto(f"/map?filter={quote(json.dumps(tree))}")
    expect(page.locator("#figures")).to_contain_text("customers")
    page.locator(".filter-chip-words").click()
    counted = page.get_by_role("dialog", name="Combine conditions").locator("output")
    expect(counted).to_have_text(re.compile(r"^[23],\d{3} customers$"))
    expect(page.locator("#figures")).to_contain_text(counted.inner_text())


def test_a_view_is_saved_and_a_link_to_it_opens_it(sign_in):
    page = sign_in("admin")
    page.goto("/map?colour=territory")
    page.locator(".filter-quick", has_text="Trustworthy place").click()
    page.get_by_text("No", exact=True).click()
    page.get_by_role("button", name="Done").click()
    page.get_by_role("button", name="Save as").click()
    page.get_by_label("Name", exact=True).fill("Look closer")
    page.keyboard.press("Enter")
    expect(page.locator(".view-name")).to_contain_text("Look closer")
    expect(page.locator(".view-dot")).to_be_hidden()
    number = re.search(r"view=(\d+)", page.url)[1]
    page.goto(f"/map?view={number}")
    expect(page.locator("#chips")).to_contain_text("Trustworthy place: no")
    expect(page.get_by_label("Colour by")).to_have_value("territory")
    page.get_by_role("button", name="Without: Trustworthy place").click()
    expect(page.locator(".view-dot")).to_be_visible()
    page.locator(".view-name").click()
    page.get_by_role("button", name="Back to what was saved").click()
    expect(page.locator(".view-dot")).to_be_hidden()
    page.locator(".view-name").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.locator(".view-name")).not_to_contain_text("Look closer")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".view-name")).to_contain_text("Look closer")


def test_on_a_phone_a_filter_fills_the_screen(sign_in):
    page = sign_in("admin")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/map")
    page.locator(".panel-handle").click()
    page.get_by_role("button", name="Filters, colours and borders").click()
    page.get_by_role("button", name="Add filter").click()
    dialog = page.locator("dialog.filter-popover")
    box = dialog.bounding_box()
    assert (box["width"], box["height"]) == (390, 844)
    dialog.get_by_role("button", name="Segment", exact=True).click()
    dialog.get_by_role("checkbox", name=re.compile("^A")).check()
    dialog.get_by_role("button", name="Done").click()
    expect(page).to_have_url(re.compile("segment"))
