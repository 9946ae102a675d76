"""Streets of a region pack on the map, and customers who are put among them."""

import os
import re
import shutil

import pytest
from playwright.sync_api import expect
from sqlalchemy import select, text

from geocrm.customers import service
from geocrm.customers.models import Account
from geocrm.db import unit_of_work
from geocrm.places.packs.tiles import build_tiles
from geocrm.security import OPERATOR
from tests.places.ground_plan import Extract

# Drawing without a graphics card takes its time when the machine has other work.
expect.set_options(timeout=20_000)
HERE = (107.60, -6.90)


@pytest.fixture
def streets(site, settings, tmp_path):
    """A small pack around a place of the demo; its tiles only, as the map needs no more."""
    extract = Extract(HERE)
    extract.way((-400, 0), (400, 0), highway="primary", name="Jalan Ir. H. Juanda")
    extract.way((0, -400), (0, 400), highway="residential", name="Jalan Café", oneway="yes")
    extract.ring(50, 50, 60, building="yes")
    extract.ring(-300, 60, 200, leisure="park", name="Taman")
    extract.way(*((600, north) for north in range(-4000, 4001, 500)), natural="coastline")
    folder = f"browser-test-{os.getpid()}"
    build_tiles(extract.write(tmp_path), settings.var / "packs" / folder / "streets.pmtiles")
    with site.sessions() as session:
        session.execute(
            text(
                "INSERT INTO region_packs (name, file_name, file_sha256, file_bytes, box, licence,"
                " attribution, folder) VALUES (:folder, 'x.osm.pbf', '', 1, ST_MakeEnvelope("
                "107.59, -6.91, 107.61, -6.89, 4326), 'ODbL 1.0',"
                " '© OpenStreetMap contributors', :folder)"
            ),
            {"folder": folder},
        )
        session.commit()
    yield folder
    with site.sessions() as session:
        session.execute(text("DELETE FROM region_packs"))
        session.commit()
    shutil.rmtree(settings.var / "packs" / folder)


def test_streets_are_drawn_and_credited_where_a_pack_is_in_view(sign_in, streets):
    page = sign_in("admin")
    credit = page.locator(".maplibregl-ctrl-attrib", has_text="© OpenStreetMap contributors")
    with page.expect_response(re.compile(f"packs/{streets}.pmtiles")) as fetched:
        page.goto("/map?at=15/-6.9/107.6")
    assert fetched.value.status == 206
    expect(credit).to_be_visible()
    page.get_by_role("button", name="Change between light and dark").click()
    page.get_by_role("button", name="New customer here").click()
    expect(page.locator("#new-customer-hint")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#new-customer-hint")).to_be_hidden()
    # Out of its sight the pack is not credited.
    page.goto("/map?at=10/-2.9/110.6")
    expect(page.locator(".maplibregl-ctrl-attrib", has_text="GeoNames")).to_be_visible()
    expect(credit).to_have_count(0)


@pytest.fixture
def nobody_stays(site):
    """Others count who is there: the customer that was added goes again."""
    yield
    with unit_of_work(site.sessions, OPERATOR) as session:
        for account in session.scalars(select(Account.id).where(Account.name == "Warung Pin")):
            service.remove(session, OPERATOR, account)


def test_a_rep_adds_a_customer_where_they_point(sign_in, nobody_stays):
    page = sign_in("rep01")
    page.goto("/map?at=15/-6.9/107.6")
    page.get_by_role("button", name="New customer here").click()
    page.locator("#map canvas").click(position={"x": 400, "y": 300})
    expect(page).to_have_url(re.compile(r"/accounts/new\?lon=107\.\d+&lat=-6\.\d+"))
    # What lies there fills what nobody has written.
    expect(page.get_by_label("City or regency")).to_have_value(re.compile("Bandung"))
    page.get_by_label("Name").fill("Warung Pin")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Warung Pin")
    expect(page.get_by_text("Placed by hand")).to_be_visible()


def test_an_address_is_suggested_while_one_types(sign_in):
    page = sign_in("rep01")
    page.goto("/accounts/new")
    field = page.get_by_label("As written")
    field.press_sequentially("cicendo", delay=20)
    first = page.get_by_role("listbox", name="Suggestions").get_by_role("option").first
    expect(first).to_contain_text("Cicendo")
    field.press("ArrowDown")
    expect(first).to_have_attribute("aria-selected", "true")
    field.press("Enter")
    expect(first).to_be_hidden()
    expect(field).to_have_value(re.compile("Cicendo"))
    expect(page.get_by_label("City or regency")).to_have_value(re.compile("Bandung"))
    field.fill("")
    field.press_sequentially("cicendo", delay=20)
    expect(first).to_be_visible()
    field.press("Escape")
    expect(first).to_be_hidden()
