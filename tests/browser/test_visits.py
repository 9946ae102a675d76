"""A rep's day on the telephone, with and without a signal."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from geocrm import clock
from geocrm.customers.models import AccountScope
from geocrm.db import unit_of_work
from geocrm.security import OPERATOR
from geocrm.security.models import User
from tests.browser.conftest import Site

TOMORROW = (clock.today("Asia/Jakarta") + timedelta(days=1)).isoformat()
# Only what is told is stopped: the map would complain on the console.
NO_SIGNAL = """() => {
    const fetch = window.fetch;
    window.fetch = (url, ...more) =>
        String(url).endsWith("/outcomes") ? Promise.reject(new TypeError("no signal"))
            : fetch(url, ...more);
}"""


@pytest.fixture
def busy_rep(site: Site) -> str:
    """The rep with the most customers: those of the small demo live in West Java only."""
    busiest = (
        select(User.email)
        .join(AccountScope, AccountScope.owner_id == User.id)
        .group_by(User.email)
        .order_by(func.count().desc(), User.email)
        .limit(1)
    )
    with unit_of_work(site.sessions, OPERATOR) as session:
        return session.scalars(busiest).one().split("@")[0]


@pytest.fixture
def phone(page: Page, sign_in: Callable[[str], Page], busy_rep: str) -> Page:
    """The rep's own day of tomorrow, planned, on a screen of 390 x 844."""
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(busy_rep)
    page.goto(f"/visits?date={TOMORROW}")
    if not page.locator(".visits-next").count():
        page.get_by_role("button", name="Plan the day", exact=True).click()
    expect(page.locator(".visits-next")).to_be_visible(timeout=30_000)
    return page


def test_the_next_stop_can_be_called_navigated_to_and_settled_with_one_tap(phone: Page) -> None:
    card = phone.locator(".visits-next")
    name = card.locator("h2").inner_text()
    expect(card.get_by_role("link", name=f"Navigate to {name}")).to_have_attribute(
        "href", re.compile(r"^geo:-?\d+\.\d+,-?\d+\.\d+\?q=")
    )
    expect(phone.locator(".visits-outcomes").first).to_be_in_viewport()
    expect(phone.get_by_text("estimated").first).to_be_visible()
    card.get_by_role("button", name="Done").click()
    expect(card.locator("h2")).not_to_have_text(name)
    row = phone.locator(".visits-stop", has_text=name)
    expect(row.get_by_text("done")).to_be_visible()
    phone.reload()
    expect(row.get_by_text("done")).to_be_visible()


def test_an_outcome_told_without_a_signal_waits_and_is_sent_later(phone: Page) -> None:
    card = phone.locator(".visits-next")
    name = card.locator("h2").inner_text()
    row = phone.locator(".visits-stop", has_text=name)
    phone.evaluate(NO_SIGNAL)
    card.get_by_role("button", name="Nobody there").click()
    expect(row.get_by_text("waiting to be sent")).to_be_visible()
    expect(phone.locator("#waiting")).to_be_visible()
    phone.reload()
    expect(row.get_by_text("nobody there")).to_be_visible()
    expect(phone.locator("#waiting")).to_be_hidden()
