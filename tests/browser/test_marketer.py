"""A marketer counts people in the regions they clicked, and gets the list of the reachable only."""

import csv
import io
import math
import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect
from sqlalchemy import text

from geocrm.customers.models import Channel

WEST_JAVA = (107.6, -6.95)
INDONESIA = (94.5, -11.2, 141.2, 6.3)  # what the page shows first
PADDING = 40


def test_clicked_regions_become_a_list_of_those_who_agreed(sign_in, site) -> None:
    page = sign_in("marketer")
    page.goto("/")
    expect(page).to_have_url(re.compile("/campaigns"))
    page.get_by_label("A", exact=True).check()
    matched = page.locator("#matched")
    expect(matched).to_have_text(re.compile(r"^[\d,]+$"), timeout=20_000)
    _click_west_java(page)
    expect(page.get_by_role("button", name="Leave out Jawa Barat")).to_be_visible()
    reachable = _settled(page.locator("#reachable"))
    page.get_by_placeholder("Name of the audience").fill("Win back West Java")
    page.get_by_role("button", name="Save", exact=True).click()
    export = page.get_by_role("link", name="Export Win back West Java as CSV")
    with page.expect_download() as download:
        export.click()
    written = Path(download.value.path()).read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(written)))
    assert rows
    assert reachable <= len(rows) < reachable + 10, "the page shows whole tens"
    assert {row["segment"] for row in rows} == {"A"}
    assert {row["address"].lower() for row in rows} <= _agreed_to_mail(site)


def _settled(figure: Locator) -> int:
    page = figure.page
    expect(page.locator(".waterfall")).not_to_have_class(re.compile("is-counting"))
    expect(figure).to_have_text(re.compile(r"^[\d,]+$"))
    return int(figure.inner_text().replace(",", ""))


def _agreed_to_mail(site) -> set[str]:
    sql = text(
        "SELECT lower(CAST(e.address AS text)) FROM emails e"
        " JOIN account_scope s USING (account_id) WHERE s.consent & :bit <> 0"
    )
    with site.sessions() as session:
        return set(session.connection().scalars(sql, {"bit": Channel.EMAIL.bit}))


def _click_west_java(page: Page) -> None:
    page.get_by_label("Click regions of").select_option("idn-adm1")
    canvas = page.locator("#map canvas")
    expect(canvas).to_be_visible(timeout=20_000)
    box = canvas.bounding_box()
    assert box is not None
    right, down = _pixel(*WEST_JAVA, box["width"], box["height"])
    # The regions answer once they are drawn; the hand as pointer tells.
    for attempt in range(200):
        page.mouse.move(box["x"] + right + attempt % 2, box["y"] + down)
        page.wait_for_timeout(100)
        if canvas.evaluate("canvas => canvas.style.cursor") == "pointer":
            break
    with page.expect_response(re.compile("/audiences/count")):
        page.mouse.click(box["x"] + right, box["y"] + down)


def _pixel(lon: float, lat: float, width: float, height: float) -> tuple[float, float]:
    """Where a place is on a map of Web Mercator that shows Indonesia in its middle."""
    west, south, east, north = INDONESIA
    across = (east - west) / (width - 2 * PADDING)
    scale = max(across, (_mercator(north) - _mercator(south)) / (height - 2 * PADDING))
    middle = (west + east) / 2, (_mercator(south) + _mercator(north)) / 2
    return (
        width / 2 + (lon - middle[0]) / scale,
        height / 2 - (_mercator(lat) - middle[1]) / scale,
    )


def _mercator(lat: float) -> float:
    return math.degrees(math.asinh(math.tan(math.radians(lat))))


def test_a_marketer_meets_a_page_that_says_no_instead_of_a_record(sign_in, site) -> None:
    page = sign_in("marketer")
    with site.sessions() as session:
        account = session.connection().scalar(text("SELECT min(account_id) FROM account_scope"))
    answer = page.request.get(f"/accounts/{account}", headers={"Accept": "text/html"})
    assert answer.status in (403, 404)
    assert "GeoCRM" in answer.text()
    page.goto("/profile")
    expect(page.get_by_role("link", name="Campaigns")).to_be_visible()
    expect(page.get_by_role("link", name="Customers")).to_have_count(0)
