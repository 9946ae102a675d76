"""The review of addresses in a browser: keys, the pin, undo, and the page of quality."""

import re

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from geocrm.customers import placing
from geocrm.customers.models import AccountScope, Address
from geocrm.db import unit_of_work
from geocrm.security import OPERATOR

PARTS = ("street", "house_number", "postcode", "village", "district", "city", "region")
WRITTEN = ("Sukamaju", "Jl. Merdeka 5, Bandung", "Sukamaju", "Mekarsari")


@pytest.fixture(scope="module")
def waiting(site) -> list[int]:
    """Customers whose addresses leave it open which place is meant, the largest first."""
    with unit_of_work(site.sessions, OPERATOR) as session:
        found = session.scalars(
            select(AccountScope.account_id)
            .where(AccountScope.grade != "none")
            .order_by(AccountScope.revenue.desc(), AccountScope.account_id)
            .limit(len(WRITTEN))
        ).all()
        for account_id, typed in zip(found, WRITTEN, strict=True):
            address = session.get_one(Address, account_id)
            address.typed = typed
            for part in PARTS:
                setattr(address, part, None)
            session.flush()
            placing.geocode(session, account_id)
    return list(found)


@pytest.fixture
def address(site):
    """What is kept of a customer's address now."""

    def read(account_id: int) -> Address:
        with unit_of_work(site.sessions, OPERATOR) as session:
            found = session.get_one(Address, account_id)
            session.expunge(found)
            return found

    return read


def _ready(page: Page) -> None:
    expect(page.locator(".review-number").first).to_be_visible(timeout=20_000)


def test_a_queue_is_worked_off_by_keys_and_taken_back(sign_in, waiting, address) -> None:
    page = sign_in("admin")
    page.goto("/addresses/review")
    _ready(page)
    rows = page.locator(".review-row")
    case = page.locator("#case h2")
    first = rows.nth(0).locator("strong").inner_text()
    second = rows.nth(1).locator("strong").inner_text()
    number = rows.count()
    expect(case).to_have_text(first)
    before = address(waiting[0])
    assert before.review == "open"

    page.keyboard.press("2")
    expect(case).to_have_text(second)
    expect(rows).to_have_count(number - 1)
    expect(page.locator("#undo")).to_be_enabled()
    settled = address(waiting[0])
    assert (settled.review, settled.lon) == ("settled", before.candidates[0]["lon"])

    page.keyboard.press("u")
    expect(case).to_have_text(first)
    expect(rows).to_have_count(number)
    assert (address(waiting[0]).review, address(waiting[0]).lon) == ("open", before.lon)

    page.keyboard.press("n")
    expect(case).to_have_text(second)
    expect(page.locator("#undo")).to_be_enabled()
    assert address(waiting[0]).review == "nowhere"
    page.keyboard.press("u")
    expect(case).to_have_text(first)


def test_a_pin_that_was_dragged_is_placed_with_enter(sign_in, waiting, address) -> None:
    page = sign_in("admin")
    page.goto("/addresses/review")
    _ready(page)
    name = page.locator("#case h2").inner_text()
    pin = page.locator(".review-drag")
    pin.hover(position={"x": 13, "y": 10})  # waits until the map has come to rest
    box = pin.bounding_box()
    assert box is not None
    page.mouse.down()
    for step in range(1, 6):
        page.mouse.move(box["x"] + 13 - 12 * step, box["y"] + 10 - 8 * step)
        page.wait_for_timeout(50)
    page.mouse.up()
    expect(page.locator("#pin-bar")).to_be_visible()
    expect(page.locator("#pin-words")).to_contain_text("from where it is now")
    page.keyboard.press("Enter")
    expect(page.locator("#case h2")).not_to_have_text(name)
    expect(page.locator("#undo")).to_be_enabled()
    placed = address(waiting[0])
    assert (placed.provider, placed.review) == ("pin", "settled")
    assert placed.placed_by is not None
    page.goto(f"/accounts/{waiting[0]}")
    expect(page.get_by_text(re.compile("^Placed by hand by "))).to_be_visible()
    expect(page.get_by_text("Where it was before")).to_be_visible()
    page.goto("/addresses/review")
    _ready(page)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#case h2")).to_have_text(name)
    assert address(waiting[0]).review == "open"


def test_what_is_written_alike_is_settled_together_when_wanted(sign_in, waiting, address) -> None:
    page = sign_in("admin")
    page.goto(f"/addresses/review?account={waiting[0]}")
    _ready(page)
    expect(page.locator("#alike-words")).to_have_text(
        "Same for 1 other address that is written alike"
    )
    page.keyboard.press("a")
    expect(page.locator("#alike")).to_be_checked()
    page.locator(".review-candidate").nth(1).click()
    expect(page.get_by_text("and 1 more")).to_be_visible()
    assert [address(each).review for each in waiting[:3]] == ["settled", "open", "settled"]
    page.keyboard.press("u")
    expect(page.get_by_text("2 addresses are as they were")).to_be_visible()
    assert address(waiting[2]).review == "open"


@pytest.mark.browser_context_args(
    viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
)
def test_on_a_phone_everything_is_reached_by_touch(sign_in, waiting, address) -> None:
    page = sign_in("admin")
    page.goto(f"/addresses/review?account={waiting[0]}")
    _ready(page)
    name = page.locator("#case h2").inner_text()
    page.get_by_role("button", name="Nowhere").tap()
    expect(page.locator("#case h2")).not_to_have_text(name)
    expect(page.locator("#undo")).to_be_enabled()
    page.get_by_role("button", name="Undo").tap()
    expect(page.locator("#case h2")).to_have_text(name)
    assert page.evaluate("() => document.documentElement.scrollWidth") == 390


def test_the_quality_page_finds_what_contradicts_and_puts_it_right(sign_in, waiting, site, address):
    with unit_of_work(site.sessions, OPERATOR) as session:
        wrong = session.scalars(
            select(AccountScope.account_id)
            .where(AccountScope.grade == "rooftop")
            .order_by(AccountScope.account_id.desc())
            .limit(1)
        ).one()
        found = session.get_one(Address, wrong)
        right = (found.lon, found.lat)
        found.provider, found.lat = "file", -found.lat
        session.flush()
        placing._write(session, wrong, found)
    page = sign_in("admin")
    page.goto("/addresses/quality")
    expect(page.get_by_text("known to the street or better")).to_be_visible()
    expect(page.locator("#units .tabulator-row").first).to_be_visible()
    kind = page.locator(".quality-kind", has_text="Sign lost")
    kind.locator("summary").click()
    kind.get_by_role("button", name="Put the sign right", exact=True).first.click()
    expect(page.get_by_text("1 point was put right.")).to_be_visible()
    assert (address(wrong).lon, address(wrong).lat) == right
    page.locator(".toast-item").get_by_role("button", name="Undo").click()
    expect(page.get_by_text("The points are as they were.")).to_be_visible()
    assert address(wrong).lat == -right[1]
