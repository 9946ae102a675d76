"""Documents people take away open without a network and show what they were given."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from geocrm.errors import InvalidInput, ServiceUnavailable
from geocrm.takeaway import Area, Bar, Heading, Stop, Table
from geocrm.takeaway.route_sheet import route_sheet
from geocrm.takeaway.territory_report import territory_report

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>`${alert(3)}`\\{{7*7}}\"'"
LAND = {"type": "Polygon", "coordinates": [[[105, -9], [115, -9], [115, -5], [105, -5], [105, -9]]]}
HEADING = Heading(
    title="Territories 2027",
    subtitle="Draft of 3 March 2026",
    facts=(("Customers", "50,000"), ("Off balance", "3.4 %")),
    attribution=("geoBoundaries CC BY 3.0 IGO", "Natural Earth"),
)
# What makes a browser load something; a plain link in a text does not.
LOADS = re.compile(
    r"""(?:\bsrc\s*=|<link[^>]+href\s*=|@import|url\()\s*["'(]*\s*(?:https?:)?//""", re.IGNORECASE
)
Opened = Callable[[str], tuple[Page, list[str]]]


def square(west: float, south: float) -> dict[str, object]:
    """A square of two degrees."""
    east, north = west + 2, south + 2
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def report(vendor: Path, *names: str, heading: Heading = HEADING) -> str:
    """A report of one area per name, each drawn beside the one before."""
    areas = [
        Area(name, "#0072b2", square(106 + 2.0 * at, -8), (("Customers", "1,640"), (name, name)))
        for at, name in enumerate(names)
    ]
    bars = [Bar(name, 1640.0, "1,640 · +3.0 %", "#0072b2") for name in names]
    table = Table(("Territory", "Customers"), tuple((name, "1,640") for name in names), "Figures")
    return territory_report(
        heading, areas, bars, table, vendor=vendor, land=LAND, ideal=1600, tolerance=0.05
    )


def sheet(vendor: Path, *names: str) -> str:
    """A sheet of one stop per name along a road east."""
    stops = [
        Stop(
            name, 107.6 + at / 100, -6.9, f"{8 + at:02}:30", f"{9 + at:02}:00", (name,), "+62 22 1"
        )
        for at, name in enumerate(names)
    ]
    home, hotel = Stop("Home", 107.5, -6.95), Stop("Hotel", 107.7, -6.9)
    note = "Travel times are estimates."
    return route_sheet(HEADING, stops, vendor=vendor, start=home, end=hotel, land=LAND, note=note)


def test_a_report_opens_without_a_network_and_shows_every_territory(
    vendor: Path, open_document: Opened
) -> None:
    page, wrong = open_document(report(vendor, "Bandung", "Semarang"))
    assert page.locator("path.leaflet-interactive").count() == 2
    expect(page.get_by_role("heading", name="Territories 2027")).to_be_visible()
    expect(page.get_by_role("row", name="Semarang 1,640")).to_be_visible()
    expect(page.locator("footer")).to_contain_text("Natural Earth")
    assert wrong == []


def test_a_click_on_a_territory_shows_its_figures(vendor: Path, open_document: Opened) -> None:
    page, wrong = open_document(report(vendor, "Bandung"))
    page.locator("path.leaflet-interactive").click()
    expect(page.locator(".leaflet-popup-content")).to_contain_text("Customers: 1,640")
    assert wrong == []


def test_a_route_sheet_numbers_its_stops_on_the_map_and_in_the_list(
    vendor: Path, open_document: Opened
) -> None:
    page, wrong = open_document(sheet(vendor, "Toko Maju", "Warung Siti"))
    assert page.locator(".leaflet-marker-icon").all_inner_texts() == ["A", "B", "1", "2"]
    assert page.locator("tbody .number").all_inner_texts() == ["A", "1", "2", "B"]
    expect(page.get_by_role("row", name="2 09:30 10:00 Warung Siti")).to_be_visible()
    expect(page.get_by_text("Travel times are estimates.")).to_be_visible()
    assert wrong == []


@pytest.mark.parametrize("make", [report, sheet])
def test_a_hostile_name_stays_text(
    make: Callable[..., str], vendor: Path, open_document: Opened
) -> None:
    page, wrong = open_document(make(vendor, HOSTILE))
    expect(page.locator("table.list tbody")).to_contain_text(HOSTILE)
    target = page.locator(".leaflet-marker-icon, path.leaflet-interactive").last
    target.hover()
    expect(page.locator(".leaflet-tooltip")).to_contain_text(HOSTILE)
    if make is report:
        target.click()
        expect(page.locator(".leaflet-popup-content")).to_contain_text(HOSTILE)
    assert page.locator("img[src='x']").count() == 0
    assert wrong == []


def test_a_hostile_title_stays_text(vendor: Path, open_document: Opened) -> None:
    page, wrong = open_document(report(vendor, "A", heading=replace(HEADING, title=HOSTILE)))
    expect(page.locator("h1")).to_have_text(HOSTILE)
    assert wrong == []


@pytest.mark.parametrize("make", [report, sheet])
def test_a_document_names_no_outside_address_to_load(
    make: Callable[..., str], vendor: Path
) -> None:
    html = make(vendor, "Toko Maju")
    assert LOADS.findall(html) == []
    assert "integrity=" not in html


def test_a_report_without_territories_is_still_a_document(
    vendor: Path, open_document: Opened
) -> None:
    page, wrong = open_document(report(vendor))
    expect(page.get_by_role("heading", name="Territories 2027")).to_be_visible()
    assert wrong == []


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(InvalidInput, match="red;background"):
        Area("A", "red;background:url(//x)", square(0, 0))
    with pytest.raises(InvalidInput, match="needs a polygon"):
        Area("A", "#0072b2", {"type": "Point", "coordinates": [0, 0]})
    with pytest.raises(InvalidInput, match="nan long"):
        Bar("A", float("nan"), "?")
    with pytest.raises(InvalidInput, match="3 cells, but there are 2 headings"):
        Table(("a", "b"), (("1", "2", "3"),))
    with pytest.raises(InvalidInput, match="not a lon/lat"):
        Stop("A", -6.9, 107.6)


def test_missing_assets_are_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ServiceUnavailable, match="make setup"):
        report(tmp_path, "Bandung")
