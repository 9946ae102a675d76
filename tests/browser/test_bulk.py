"""Bulk actions as people use them, from the map."""

import re

from playwright.sync_api import expect
from sqlalchemy import text

expect.set_options(timeout=20_000)


def few(site):
    """Three customers with a name of their own, so that a filter takes just them."""
    with site.sessions.begin() as session:
        session.connection().execute(
            text(
                "UPDATE accounts SET name = 'Zebra ' || id, tags = '{}' WHERE id IN"
                " (SELECT id FROM accounts ORDER BY id LIMIT 3)"
            )
        )


def tags(site):
    with site.sessions.begin() as session:
        found = session.connection().execute(
            text("SELECT tags FROM accounts WHERE name LIKE 'Zebra %'")
        )
        return [row.tags for row in found]


def open_bar(page):
    page.goto("/map?name=Zebra")
    expect(page.locator("#figures")).to_contain_text("3 customers")
    page.get_by_role("button", name="Select all matching").click()
    expect(page.locator(".bulk-count")).to_have_text("All 3 matching")


def test_three_customers_are_tagged_and_the_tag_is_taken_back(sign_in, site):
    few(site)
    page = sign_in("admin")
    open_bar(page)
    page.get_by_role("toolbar").get_by_role("button", name="Tag").click()
    dialog = page.get_by_role("dialog", name="Add or remove tags")
    dialog.get_by_label("Add tags").fill("fair")
    expect(dialog).to_contain_text("3 will change")
    page.keyboard.press("Enter")
    card = page.locator("[data-bulk-card]")
    expect(card).to_contain_text("Done: 3 changed")
    assert tags(site) == [["fair"]] * 3
    card.get_by_role("button", name="Undo").click()
    expect(card).to_contain_text("Taken back: 3")
    assert tags(site) == [[]] * 3
    page.goto("/bulk")
    expect(page.locator("[data-run]").first).to_contain_text("Taken back")


def test_deleting_asks_for_the_number_and_an_export_is_downloaded(sign_in, site):
    few(site)
    page = sign_in("admin")
    open_bar(page)
    page.get_by_role("toolbar").get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog", name="Delete customers")
    expect(dialog).to_contain_text("3 customers will be deleted")
    go = dialog.get_by_role("button", name="Delete")
    expect(go).to_be_disabled()
    dialog.get_by_label("Type 3 to go on").fill("3")
    expect(go).to_be_enabled()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert len(tags(site)) == 3
    page.get_by_role("toolbar").get_by_role("button", name="Export").click()
    dialog = page.get_by_role("dialog", name="Export")
    expect(dialog).to_contain_text("3 customers will be in the file")
    dialog.get_by_role("button", name="Export").click()
    with page.expect_download() as waiting:
        page.locator("[data-bulk-card]").get_by_role("link", name="Download").click()
    assert re.fullmatch(r"customers-[\d-]+\.csv", waiting.value.suggested_filename)
    lines = waiting.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith("external_id,name,address")
    assert sum("Zebra" in line for line in lines) == 3
    page.get_by_role("toolbar").get_by_role("button", name="Export").click()
    dialog.get_by_role("combobox", name="Columns").select_option(label="The columns shown")
    expect(dialog).to_contain_text("The number of the customer, Name, Segment")
    dialog.get_by_role("button", name="Export").click()
    downloads = page.locator("[data-bulk-card]").get_by_role("link", name="Download")
    expect(downloads).to_have_count(2)
    with page.expect_download() as waiting:
        downloads.last.click()
    lines = waiting.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith("geocrm_number,name,segment,owner,territory,ordered_365_days")


def test_on_a_phone_every_action_can_be_reached(sign_in, site):
    few(site)
    page = sign_in("admin")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/accounts?name=Zebra")
    page.get_by_role("button", name="Select all matching").click()
    for words in ("Set segment", "Save as audience", "Plan visits", "Export", "Delete customers"):
        page.get_by_label("More actions").click()
        page.locator(".bulk-bar .menu-list").get_by_role("button", name=words).click()
        expect(page.get_by_role("dialog", name=words)).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
