"""Map, table, board and chart as one view: linked, selectable, in one address, by keyboard."""

import json
import re

from playwright.sync_api import expect
from sqlalchemy import text

# Drawing without a graphics card takes its time when the machine has other work.
expect.set_options(timeout=30_000)

WIDE = "/map?at=6/-6.9/107.6"  # all of the demo's West Java
SEA = "/map?at=8/-9.5/104"  # nobody lives there


def test_the_table_follows_the_map_and_says_when_nobody_is_in_view(sign_in):
    page = sign_in("admin")
    page.goto(WIDE)
    expect(page.locator("#in-view")).to_contain_text("of 3,000 in view")
    expect(page.locator("#table .tabulator-row").first).to_be_visible()
    page.goto(SEA)
    expect(page.locator("#in-view")).to_contain_text("0 of 3,000 in view")
    expect(page.locator("#table .tabulator-placeholder")).to_contain_text("No customer here")
    expect(page.locator("#table .tabulator-row")).to_have_count(0)
    page.get_by_label("Follow the map").uncheck()
    expect(page.locator("#table .tabulator-row").first).to_be_visible()


def test_a_table_waits_for_no_map_until_one_is_wanted(sign_in):
    page = sign_in("admin")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/accounts?customer=1")
    expect(page.locator("#table .tabulator-row").first).to_be_visible()
    expect(page.locator("#drawer")).to_be_visible()
    assert not [url for url in asked if "/tiles/" in url or "/basemap/world" in url]
    page.get_by_role("button", name="Split").click()
    with page.expect_response(re.compile("/tiles/accounts/")):
        expect(page.locator("#in-view")).to_contain_text("in view")


def test_an_answer_that_was_overtaken_is_dropped(sign_in):
    page = sign_in("admin")
    page.goto("/accounts")
    first = page.locator("#table .tabulator-row [tabulator-field=name]").first
    name = first.inner_text()
    held = []
    page.route(re.compile(r"/api/v1/accounts\?.*sort=last_order"), lambda route: held.append(route))
    with page.expect_request(re.compile(r"/api/v1/accounts\?.*sort=last_order")):
        page.get_by_role("columnheader", name="Last order").click()
    with page.expect_response(re.compile(r"/api/v1/accounts\?.*sort=name")):
        page.get_by_role("columnheader", name="Name", exact=True).click()
    for route in held:
        route.fulfill(json={"items": [], "next": None})
    expect(page.locator("#table")).not_to_have_attribute("aria-busy", "true")
    page.evaluate("() => new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))")
    expect(first).to_have_text(name)


def test_a_rectangle_chooses_customers_and_its_link_reproduces_the_picture(sign_in):
    page = sign_in("admin")
    page.goto(WIDE)
    expect(page.locator("#in-view")).to_contain_text("in view")
    page.get_by_role("button", name="Choose on the map").click()
    page.get_by_role("button", name="Rectangle").click()
    expect(page.locator("#draw-hint")).to_be_visible()
    box = page.locator("#map").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 90, y - 70)
    page.mouse.down()
    page.mouse.move(x, y, steps=4)
    page.mouse.move(x + 60, y + 60, steps=4)
    page.mouse.up()
    card = page.locator("#selection")
    expect(card).to_contain_text("a year")
    expect(card).to_contain_text("each")
    chosen = card.locator(".selection-count").inner_text()
    expect(page.locator("#in-view")).to_contain_text("in the drawn area")
    page.get_by_role("button", name="Chart").click()
    expect(page.locator("#chart")).to_contain_text(f"{chosen.split()[0]} in")
    address = page.url
    page.goto("/visits")
    page.goto(address)
    expect(page.locator("#selection .selection-count")).to_have_text(chosen)
    expect(page.locator("#chart")).to_contain_text(f"{chosen.split()[0]} in")
    page.keyboard.press("Escape")
    expect(page.locator("#selection")).to_be_hidden()
    expect(page.locator("#chart")).to_contain_text("3,000 in")


def test_a_card_moves_to_another_column_and_back(sign_in, site):
    page = sign_in("admin")
    page.goto("/map?mode=board&group=segment")
    lane = page.get_by_role("region", name="Segment A", exact=True)
    card = lane.locator(".board-card").first
    name, account = card.locator("strong").inner_text(), card.get_attribute("data-id")

    def segment():
        with site.sessions() as session:
            row = text("SELECT segment FROM account_scope WHERE account_id = :id")
            return session.connection().scalar(row, {"id": int(account)})

    card.get_by_role("button", name="Move").press("Enter")
    page.get_by_role("button", name="Segment C", exact=True).press("Enter")
    toast = page.locator(".toast-item", has_text="is now in Segment C")
    expect(toast).to_be_visible()
    moved = page.get_by_role("region", name="Segment C", exact=True)
    expect(moved.locator(f"[data-id='{account}']")).to_contain_text(name)
    assert segment() == "C"
    toast.get_by_role("button", name="Undo").click()
    expect(lane.locator(f"[data-id='{account}']")).to_contain_text(name)
    assert segment() == "A"


def test_a_card_is_dragged_to_another_column(sign_in):
    page = sign_in("admin")
    page.goto("/map?mode=board&group=segment")
    card = page.get_by_role("region", name="Segment B", exact=True).locator(".board-card").first
    account = card.get_attribute("data-id")
    target = page.get_by_role("region", name="Segment D", exact=True)
    expect(target.locator(".board-card").first).to_be_visible()
    card.drag_to(target)
    expect(target.locator(f"[data-id='{account}']")).to_be_visible()
    page.locator(".toast-item").get_by_role("button", name="Undo").click()
    expect(target.locator(f"[data-id='{account}']")).to_have_count(0)


def test_who_keeps_theirs_sees_the_card_where_somebody_quicker_put_it(sign_in, site):
    page = sign_in("admin")
    page.goto("/map?mode=board&group=segment")
    home = page.get_by_role("region", name="Segment B", exact=True)
    card = home.locator(".board-card").nth(1)
    account = int(card.get_attribute("data-id"))
    theirs = page.get_by_role("region", name="Segment C", exact=True)
    expect(theirs.locator(".board-card").first).to_be_visible()
    somebody_sets(site, account, "C")
    card.get_by_role("button", name="Move").press("Enter")
    page.get_by_role("button", name="Segment D", exact=True).press("Enter")
    told = page.locator(".toast-item", has_text="made Segment of")
    told.get_by_role("button", name="Keep theirs").click()
    expect(theirs.locator(f"[data-id='{account}']")).to_be_visible()
    expect(page.locator(f".board-card[data-id='{account}']")).to_have_count(1)
    kept = theirs.locator(f"[data-id='{account}']")
    kept.get_by_role("button", name="Move").press("Enter")
    page.get_by_role("button", name="Segment B", exact=True).press("Enter")
    expect(page.locator(".toast-item", has_text="is now in Segment B")).to_be_visible()


def somebody_sets(site, account, segment):
    with site.sessions.begin() as session:
        for quicker in (
            "UPDATE accounts SET segment = :s, version = version + 1 WHERE id = :id",
            "UPDATE account_scope SET segment = :s WHERE account_id = :id",
        ):
            session.connection().execute(text(quicker), {"id": account, "s": segment})


def test_a_segment_is_changed_in_the_table_unless_somebody_was_quicker(sign_in, site):
    page = sign_in("admin")
    page.goto("/accounts")
    row = page.locator("#table .tabulator-row").first
    account = int(row.get_attribute("data-id"))
    before = row.locator("[tabulator-field=segment]").inner_text()
    wanted = "A" if before != "A" else "B"
    row.focus()
    page.keyboard.press("F2")
    page.locator("select.cell-field").select_option(wanted)
    expect(page.locator(".toast-item", has_text="was changed")).to_be_visible()
    expect(row.locator("[tabulator-field=segment]")).to_have_text(wanted)
    page.locator(".toast-item").get_by_role("button", name="Undo").click()
    expect(row.locator("[tabulator-field=segment]")).to_have_text(before)
    one, two = [each for each in "ABCD" if each not in (before, wanted)][:2]
    for choice, theirs, ends_as in (("Keep theirs", one, one), ("Use mine", two, wanted)):
        somebody_sets(site, account, theirs)
        row.focus()
        page.keyboard.press("F2")
        page.locator("select.cell-field").select_option(wanted)
        told = page.locator(".toast-item", has_text=f"“{theirs}”")
        expect(told).to_contain_text("made Segment of")
        told.get_by_role("button", name=choice).click()
        expect(row.locator("[tabulator-field=segment]")).to_have_text(ends_as)
    expect(page.locator(".toast-item", has_text="was changed")).to_be_visible()
    somebody_sets(site, account, before if before in "ABCDX" else None)


def test_the_keyboard_alone_goes_through_modes_rows_and_selection(sign_in):
    page = sign_in("admin")
    page.goto("/map")
    expect(page.locator("#figures")).to_contain_text("3,000 customers")
    page.keyboard.press("3")
    expect(page).to_have_url(re.compile("mode=table"))
    row = page.locator("#table .tabulator-row").first
    row.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+Space")
    expect(page.locator("#selection .selection-count")).to_have_text("3 customers")
    page.keyboard.press("Escape")
    expect(page.locator("#selection")).to_be_hidden()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys of this page")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("5")
    bar = page.locator("#chart .bar-row", has_text="Segment A")
    bar.press("Enter")
    expect(page.locator("#chips")).to_contain_text("Segment: A")
    page.keyboard.press("2")
    expect(page.locator("#map-view")).to_have_attribute("data-mode", "split")
    divider = page.get_by_role("separator", name="Height of the table")
    divider.focus()
    page.keyboard.press("ArrowUp")
    expect(page).to_have_url(re.compile("split=42"))


def test_who_is_near_is_listed_by_distance_also_when_the_position_is_refused(sign_in):
    page = sign_in("admin")
    page.goto("/map")
    page.get_by_role("button", name="Near me").click()
    expect(page.locator(".toast-item")).to_contain_text("Near here")
    page.locator("#map canvas").click(button="right", position={"x": 300, "y": 200})
    page.get_by_role("button", name="Near here").click()
    expect(page.locator("#drawer-title")).to_have_text("Near this place")
    expect(page.locator("#drawer .near-distance").first).to_contain_text("m")
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation({"longitude": 107.6, "latitude": -6.9})
    page.get_by_role("button", name="Near me").click()
    expect(page.locator("#drawer-title")).to_have_text("Near me")
    expect(page).to_have_url(re.compile("near=107.6"))
    page.locator("#drawer .map-line[data-id]").first.click()
    expect(page).to_have_url(re.compile("customer="))


def test_an_area_that_came_in_a_file_becomes_a_filter(sign_in):
    ring = [[107.5, -7.0], [107.7, -7.0], [107.7, -6.8], [107.5, -6.8], [107.5, -7.0]]
    shape = {"type": "Polygon", "coordinates": [ring]}
    area = {"type": "Feature", "properties": {"name": "Around the depot"}, "geometry": shape}
    page = sign_in("admin")
    page.goto("/map")
    page.get_by_role("button", name="Areas").click()
    expect(page.locator("#drawer-title")).to_have_text("Areas")
    page.locator("#drawer input[type=file]").set_input_files(
        {
            "name": "depot.geojson",
            "mimeType": "application/geo+json",
            "buffer": json.dumps(area).encode(),
        }
    )
    # Its outline is drawn, so that one sees where the filter cuts.
    with page.expect_response(re.compile(r"/api/v1/areas/\d+$")) as outline:
        page.get_by_role("button", name="Around the depot", exact=True).click()
    assert outline.value.json()["geometry"]["type"] in ("Polygon", "MultiPolygon")
    expect(page.locator("#drawer")).to_be_hidden()
    expect(page.locator("#chips")).to_contain_text("Around the depot")
    expect(page.locator("#figures .map-total")).not_to_have_text("3,000 customers")
