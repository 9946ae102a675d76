"""The layers of the map and the legend that keeps their score."""

import re
from urllib.parse import unquote

from playwright.sync_api import expect

# Drawing without a graphics card takes its time when the machine has other work.
expect.set_options(timeout=30_000)
WEST_JAVA = "8/-6.9/107.4"
TILE = re.compile(r"/tiles/hexagons/\d+/\d+/\d+\.mvt")


def test_a_manager_goes_from_hexagons_to_provinces_and_focuses_one(sign_in):
    page = sign_in("admin")
    page.goto(f"/map?at={WEST_JAVA}")
    legend = page.locator("#legend")
    expect(legend.get_by_role("button", name="Segment A")).to_be_visible()
    with page.expect_response(TILE) as tile:
        legend.get_by_role("button", name="Hexagons").click()
    assert tile.value.ok
    expect(page).to_have_url(re.compile("layer=hexagons"))
    expect(legend.get_by_role("button", name=re.compile("and more"))).to_be_visible()
    with page.expect_response(re.compile(r"/hexagons/classes.*measure=average")):
        legend.get_by_label("Coloured by").select_option("average")

    legend.get_by_role("button", name="Regions").click()
    legend.get_by_label("Level").select_option("idn-adm1")
    province = legend.get_by_role("button", name="Jawa Barat")
    # Other tests move a customer or two.
    expect(province).to_contain_text(re.compile(r"2,9\d\d"))
    expect(legend.get_by_role("button", name="In no region of this level")).to_contain_text("4")
    province.press("Enter")
    expect(page).to_have_url(re.compile("focus=idn-adm1"))
    expect(province).to_have_attribute("aria-pressed", "true")
    expect(province).to_be_focused()
    legend.get_by_role("button", name="Show all alike").click()
    expect(page).not_to_have_url(re.compile("focus="))


def test_several_rows_come_into_focus_and_the_address_keeps_them(sign_in):
    page = sign_in("admin")
    page.goto("/map")
    legend = page.locator("#legend")
    legend.get_by_role("button", name="Segment A").click()
    legend.get_by_role("button", name="Segment C").click(modifiers=["Shift"])
    expect(page).to_have_url(re.compile("focus=A,C"))
    page.reload()
    for name, lit in {"A": "true", "B": "false", "C": "true"}.items():
        row = legend.get_by_role("button", name=f"Segment {name}")
        expect(row).to_have_attribute("aria-pressed", lit)
    # A focus dims; it is no filter, so everybody is still counted.
    expect(page.locator("#figures")).to_contain_text("3,000 customers")
    with page.expect_response(TILE) as tile:
        legend.get_by_role("button", name="Heat").click()
    assert tile.value.ok
    # Heat cannot be dimmed in parts: it is of those in focus alone.
    with page.expect_response(lambda r: '"value":["C"]' in unquote(r.url) and TILE.search(r.url)):
        legend.get_by_role("button", name="Segment C").click()


def test_points_take_the_colour_of_the_last_visit_and_of_their_owner(sign_in):
    page = sign_in("admin")
    page.goto(f"/map?mode=map&at={WEST_JAVA}")
    legend = page.locator("#legend")
    with page.expect_response(re.compile(r"/tiles/accounts/.*colour=visited")) as tile:
        legend.get_by_label("Colour by").select_option("visited")
    assert tile.value.ok
    legend.get_by_role("button", name="Never visited").click()
    expect(page).to_have_url(re.compile("colour=visited.*focus=never"))
    with page.expect_response(re.compile(r"/tiles/accounts/.*colour=owner")) as tile:
        legend.get_by_label("Colour by").select_option("owner")
    assert tile.value.ok
    expect(legend.get_by_role("button", name="Hafshah Wahyuni")).to_be_visible()


def test_a_marketer_is_offered_no_revenue_of_hexagons_and_no_owners(sign_in):
    page = sign_in("marketer")
    page.goto(f"/map?colour=owner&at={WEST_JAVA}")
    expect(page.get_by_label("Colour by").locator("option")).to_have_text(["Segment", "Territory"])
    expect(page.locator("#legend").get_by_role("button", name="Segment A")).to_be_visible()
    page.goto(f"/map?layer=hexagons&at={WEST_JAVA}")
    legend = page.locator("#legend")
    expect(legend.get_by_role("button", name=re.compile("and more"))).to_be_visible()
    expect(legend.get_by_label("Coloured by").locator("option")).to_have_text(
        ["Customers", "Share of a segment"]
    )
