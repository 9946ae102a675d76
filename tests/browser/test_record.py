"""The page of a customer in a browser: the timeline, a document, two that become one."""

import io
import re
from collections.abc import Callable

import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect
from sqlalchemy import select

from geocrm.customers import contacting, following, queries, service
from geocrm.customers.models import Account, AccountScope
from geocrm.db import unit_of_work
from geocrm.sales.models import Order
from geocrm.security import OPERATOR
from geocrm.security.models import User
from tests.browser.conftest import Site


@pytest.fixture
def customer(site: Site) -> tuple[int, str]:
    """A customer with orders and a point, and the number and the name it has."""
    with unit_of_work(site.sessions, OPERATOR) as session:
        some = select(Order.account_id).limit(50)
        found = session.execute(
            select(Account.id, Account.name)
            .join(AccountScope, AccountScope.account_id == Account.id)
            .where(Account.id.in_(some), AccountScope.geom.is_not(None))
            .order_by(Account.id)
            .limit(1)
        ).one()
        return found.id, found.name


def test_what_is_next_is_written_done_and_found_in_the_timeline(
    page: Page, sign_in: Callable[[str], Page], customer: tuple[int, str], site: Site
) -> None:
    account_id, _name = customer
    sign_in("admin")
    page.goto(f"/accounts/{account_id}")
    page.get_by_text("Write what is next").click()
    page.get_by_label("What is to be done").fill("Send the price list")
    page.locator("#next").get_by_role("button", name="Save").click()
    expect(page.locator(".record-next-words")).to_have_text("Send the price list")
    page.get_by_role("button", name="Done", exact=True).click()
    expect(page.locator("#events")).to_contain_text("Send the price list")
    with unit_of_work(site.sessions, OPERATOR) as session:
        assert following.next_action(session, account_id) is None


def test_chips_show_one_kind_and_the_neighbours_lie_on_the_map(
    page: Page, sign_in: Callable[[str], Page], customer: tuple[int, str]
) -> None:
    account_id, _name = customer
    sign_in("admin")
    page.goto(f"/accounts/{account_id}")
    page.locator("#timeline-kinds").get_by_role("link", name=re.compile("Orders")).click()
    expect(page).to_have_url(re.compile("kind=order"))
    expect(page.locator("#events > li.event-order").first).to_be_visible()
    expect(page.locator("#events > li:not(.event-order):not(.event-more)")).to_have_count(0)
    expect(page.locator("#around li a").first).to_be_visible(timeout=30_000)


def test_a_picture_is_added_and_shown_without_leaving_the_page(
    page: Page, sign_in: Callable[[str], Page], customer: tuple[int, str]
) -> None:
    account_id, _name = customer
    content = io.BytesIO()
    Image.new("RGB", (800, 600), "teal").save(content, "PNG")
    sign_in("admin")
    page.goto(f"/accounts/{account_id}")
    chooser = page.locator(".record-add-document input[type=file]")
    chooser.set_input_files(
        {"name": "shop <b>.png", "mimeType": "image/png", "buffer": content.getvalue()}
    )
    link = page.locator("#documents .record-document-name", has_text="shop b.png").first
    expect(link).to_be_visible(timeout=20_000)
    page.wait_for_load_state()  # before the page's modules have run, a click downloads
    link.click()
    shown = page.locator("dialog.preview-box img")
    expect(shown).to_have_js_property("naturalWidth", 800, timeout=30_000)
    page.keyboard.press("Escape")
    expect(page.locator("dialog.preview-box")).to_have_count(0)


def test_a_refused_document_is_told_without_leaving_the_page(
    page: Page, sign_in: Callable[[str], Page], customer: tuple[int, str]
) -> None:
    account_id, _name = customer
    sign_in("admin")
    page.goto(f"/accounts/{account_id}")
    page.wait_for_load_state("networkidle")
    refused = {"name": "shop.html", "mimeType": "text/html", "buffer": b"<html><script>1</script>"}
    page.route("**/documents", lambda route: _as_told(route))
    page.locator(".record-add-document input[type=file]").set_input_files(refused)
    expect(page.locator(".toast-item")).to_contain_text("shop.html")
    expect(page).to_have_url(re.compile(f"/accounts/{account_id}$"))


def _as_told(route: Route) -> None:
    """The refusal itself, under the one status that the console may name."""
    answer = route.fetch()
    assert answer.status == 422
    route.fulfill(status=409, body=answer.body(), content_type="application/problem+json")


def test_the_other_record_is_found_by_its_name(
    page: Page, sign_in: Callable[[str], Page], customer: tuple[int, str]
) -> None:
    account_id, name = customer
    sign_in("admin")
    page.goto(f"/accounts/{account_id}/merge")
    page.get_by_label("Another customer").fill("toko")
    found = page.locator("#others a").first
    expect(found).to_contain_text("Toko")
    expect(page.locator(f'#others a[href$="/{account_id}"]')).to_have_count(0)
    found.click()
    expect(page).to_have_url(re.compile(f"/accounts/{account_id}/merge/\\d+"))
    expect(page.locator(".merge-head")).to_contain_text(name)


def test_two_are_merged_side_by_side_and_parted_again_on_a_phone(
    page: Page, sign_in: Callable[[str], Page], customer: tuple[int, str], site: Site
) -> None:
    account_id, name = customer
    with unit_of_work(site.sessions, OPERATOR) as session:
        owner = session.scalars(select(User).where(User.role == "administrator").limit(1)).one()
        twin = service.create(session, OPERATOR, {"name": f"{name} Dua"}, owner_id=owner.id)
        number = queries.phones(session, account_id)[:1]
        typed = number[0].e164 if number else "0812 3456 7890"
        for each in (account_id, twin.id):
            contacting.add_phone(session, OPERATOR, each, typed)
        twin_id = twin.id
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in("admin")
    page.goto(f"/accounts/{account_id}")
    expect(page.locator("#twins")).to_contain_text(f"{name} Dua")
    page.goto(f"/accounts/{account_id}/merge")
    page.get_by_role("link", name="Compare").first.click()
    page.locator(f'input[name="name"][value="{twin_id}"]').check()
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390, f"the page is {width} pixels wide"
    page.get_by_role("button", name="Merge", exact=True).click()
    expect(page.locator("h1")).to_have_text(f"{name} Dua")
    page.goto(f"/accounts/{twin_id}")
    expect(page).to_have_url(re.compile(f"/accounts/{account_id}$"))
    page.get_by_role("button", name="Undo the merge").first.click()
    page.get_by_role("button", name="Yes, go on").click()
    expect(page).to_have_url(re.compile(f"/accounts/{twin_id}$"))
    page.goto(f"/accounts/{account_id}")
    expect(page.locator("h1")).to_have_text(name)
    with unit_of_work(site.sessions, OPERATOR) as session:
        service.remove(session, OPERATOR, twin_id)  # others count who is there
