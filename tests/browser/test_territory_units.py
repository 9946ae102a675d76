"""A territory manager makes units: sees them before keeping them, and designs with them."""

import re

import pytest
from playwright.sync_api import expect

from geocrm.db import unit_of_work
from geocrm.security import OPERATOR
from geocrm.territories import made_levels


@pytest.fixture(autouse=True)
def _patience() -> None:
    expect.set_options(timeout=60_000)


@pytest.fixture
def tidy(site):
    yield
    with unit_of_work(site.sessions, OPERATOR) as session:
        made_levels.discard(session, OPERATOR, "bandung-cells")


def test_cells_are_previewed_kept_and_offered_to_a_design(sign_in, tidy) -> None:
    page = sign_in("manager")
    page.goto("/territories/new")
    page.get_by_role("link", name="Make units").click()
    page.get_by_label("Name of the units").fill("Bandung cells")
    page.locator("label[for=seg-kind-customers]").click()
    page.get_by_label("In the area").fill("No such area")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#refused")).to_contain_text("No area is called No such area")
    page.get_by_label("In the area").fill("idn-adm2:32.73")
    page.get_by_label("Customers a cell, at most").fill("20")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", name=re.compile(r"^\d+ units$"))).to_be_visible()
    expect(page.locator("#figures")).to_contain_text(
        re.compile(r"Customers a unit\d+ – (\d|1\d|20)")
    )
    expect(page.locator("#units-map canvas")).to_be_visible()
    page.get_by_role("button", name="Keep these units").click()
    expect(page).to_have_url(re.compile(r"/territories/new\?level=bandung-cells"))
    expect(page.get_by_label("Built of")).to_have_value("bandung-cells")
    page.goto("/territories/units")
    expect(page.get_by_role("row", name=re.compile("Bandung cells"))).to_contain_text(
        "Maya Manager"
    )
