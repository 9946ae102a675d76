"""Finding anything from anywhere, by keyboard alone."""

import re

from playwright.sync_api import expect

expect.set_options(timeout=20_000)


def test_a_customer_is_found_opened_and_remembered(sign_in):
    page = sign_in("admin")
    page.goto("/campaigns")
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Find anything")
    expect(field).to_be_focused()
    page.keyboard.type("toko")
    hit = page.locator(".palette [role=option]", has_text="Toko").first
    expect(hit).to_be_visible()
    name = hit.locator(".grow").inner_text()
    expect(page.locator(".palette [role=option]").first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    marked = page.locator('.palette [aria-selected="true"]')
    assert field.get_attribute("aria-activedescendant") == marked.get_attribute("id")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/accounts/\d+"), wait_until="load")  # keys work from then on
    page.keyboard.press("Control+k")
    recent = page.get_by_role("group", name="Recent")
    expect(recent.locator("[role=option]").first).to_contain_text(name)


def test_commands_are_what_the_role_may_do_and_run(sign_in):
    page = sign_in("marketer")
    page.goto("/campaigns")
    page.keyboard.press("Control+k")
    options = page.locator(".palette [role=option]")
    expect(options.filter(has_text="Go to the map")).to_have_count(1)
    expect(options.filter(has_text="New customer")).to_have_count(0)
    page.keyboard.type(">dark")
    expect(options).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    expect(page.locator(".palette")).to_have_count(0)


def test_the_focus_stays_inside_and_escape_gives_it_back(sign_in):
    page = sign_in("admin")
    page.goto("/campaigns")
    page.locator("#global-search").focus()
    page.keyboard.press("Control+k")
    for _press in range(3):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('.palette') !== null")
    page.keyboard.press("Escape")
    expect(page.locator(".palette")).to_have_count(0)
    expect(page.locator("#global-search")).to_be_focused()


def test_on_a_phone_it_is_the_page(sign_in):
    page = sign_in("admin")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/campaigns")
    page.keyboard.press("Control+k")
    box = page.locator(".palette").bounding_box()
    assert (box["x"], box["y"], box["width"]) == (0, 0, 390)
    assert box["height"] > 800
