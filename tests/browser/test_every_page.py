"""What holds for every page: names for everything, the keyboard, two languages, two themes."""

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text, update

from geocrm.db import unit_of_work
from geocrm.security import OPERATOR
from geocrm.security.models import User

PAGES = (
    "/map",
    "/accounts",
    "/accounts/{account}",
    "/accounts/{account}/edit",
    "/pop?phone={phone}",
    "/addresses/review",
    "/bulk",
    "/addresses/quality",
    "/territories",
    "/territories/new",
    "/territories/bring",
    "/territories/compare",
    "/visits",
    "/campaigns",
    "/imports",
    "/settings",
    "/settings/geocoding",
    "/settings/geocoding/new?kind=mapbox",
    "/profile",
)

# Buttons, links and fields that a screen reader could not name, and pictures without words.
NAMELESS = """() => {
  const shown = (one) => one.checkVisibility({ visibilityProperty: true });
  const idsText = (ids) =>
    (ids ?? "").split(" ").map((id) => document.getElementById(id)?.textContent).join("");
  const labelled = (one) =>
    [one.getAttribute("aria-label"), idsText(one.getAttribute("aria-labelledby")), one.title,
     ...[...(one.labels ?? [])].map((label) => label.textContent)].some((words) => words?.trim());
  const named = (one) => labelled(one) || one.textContent.trim() !== "";
  const all = (selector) => [...document.querySelectorAll(selector)].filter(shown);
  return [
    ...all("a[href], button, summary, [role=button]").filter((one) => !named(one)),
    ...all("input:not([type=hidden]), select, textarea").filter((one) => !labelled(one)),
    ...all("img:not([alt]), [role=img]:not([aria-label])"),
  ].map((one) => one.outerHTML.slice(0, 120));
}"""


@pytest.fixture
def pages(site) -> list[str]:
    """The address of every main page, with a customer of the demo and one who calls."""
    with site.sessions() as session:
        account = session.connection().scalar(text("SELECT min(account_id) FROM account_scope"))
        phone = session.connection().scalar(text("SELECT min(e164) FROM phones"))
    return [path.format(account=account, phone=quote(phone)) for path in PAGES]


def _open(page: Page, path: str) -> None:
    page.goto(path)
    page.wait_for_load_state("load")
    expect(page.locator("main")).to_be_visible()


def test_every_page_has_one_heading_and_names_for_all_that_can_be_used(sign_in, pages) -> None:
    page = sign_in("admin")
    wrong = {}
    for path in pages:
        _open(page, path)
        nameless = page.evaluate(NAMELESS)
        headings = page.get_by_role("heading", level=1).count()
        if nameless or headings != 1:
            wrong[path] = (headings, nameless)
    assert wrong == {}


def test_the_keyboard_reaches_content_search_and_rows(sign_in) -> None:
    page = sign_in("admin")
    page.goto("/accounts")
    row = page.locator("#table .tabulator-row").first
    expect(row).to_be_visible()
    # Rows load while one scrolls: a table that grows with its rows would load them all.
    assert page.locator("#table").bounding_box()["height"] < 900
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    page.keyboard.press("Enter")
    for _press in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.matches('.tabulator-row')"):
            break
    expect(row).to_be_focused()
    name = row.locator("[tabulator-field=name]").inner_text()
    page.keyboard.press("Enter")
    expect(page.locator("#drawer-title")).to_have_text(name)
    page.get_by_role("link", name="Open customer").press("Enter")
    page.wait_for_url("**/accounts/*", wait_until="load")
    expect(page.get_by_role("heading", name=name).first).to_be_visible()
    search = page.get_by_role("combobox", name=re.compile("Search"))
    for _press in range(20):  # the page listens once its modules have run
        page.keyboard.press("/")
        if search.evaluate("field => field === document.activeElement"):
            break
        page.wait_for_timeout(250)
    expect(search).to_be_focused()


@pytest.fixture
def admin(sign_in, site) -> Iterator[Page]:
    """The administrator, who reads English again when the test is over."""
    yield sign_in("admin")
    with unit_of_work(site.sessions, OPERATOR) as session:
        session.execute(update(User).where(User.email.startswith("admin@")).values(locale="en"))


def test_indonesian_reaches_every_page(admin: Page, pages) -> None:
    page = admin
    page.goto("/imports")
    page.get_by_label("Your menu").click()
    page.get_by_role("button", name="Bahasa Indonesia").click()
    expect(page.locator("html")).to_have_attribute("lang", re.compile("^id"))
    expect(page.get_by_role("link", name="Pelanggan", exact=True)).to_be_visible()
    # "Territories" counts where it stands alone: some provinces of the world have it in their name.
    english = re.compile(
        r"\b(?:Customers?|Territory|Visits?|Campaigns?|Imports?|Settings|Search|Save|Cancel|Revenue"
        r"|Segments?|Owner|Address|without|Last order|Name)\b|^Territories$",
        re.MULTILINE,
    )
    left = {}
    for path in pages:
        _open(page, path)
        words = english.findall(page.locator("body").inner_text())
        if words:
            left[path] = words
    assert left == {}


def test_the_theme_stays_dark_on_the_next_page(sign_in) -> None:
    page = sign_in("admin")
    page.goto("/accounts")
    light = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Change between light and dark").click()
    page.goto("/territories")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") != light


@pytest.mark.browser_context_args(
    viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
)
def test_on_a_phone_no_page_is_wider_than_the_screen(sign_in, pages) -> None:
    page = sign_in("admin")
    wide = {}
    for path in pages:
        _open(page, path)
        width = page.evaluate("() => document.documentElement.scrollWidth")
        if width > 390:
            wide[path] = width
    assert wide == {}
