"""Everything that happened with a customer, newest first, a page at a time."""

import io
from datetime import UTC, date, datetime, timedelta

import pytest

from geocrm.customers import documents, following, merging, queries, service
from geocrm.errors import InvalidInput, NotFound
from geocrm.sales.models import Order
from geocrm.web import timeline

START = datetime(2026, 5, 1, 3, tzinfo=UTC)


@pytest.fixture
def busy(session, actor, add_account, tmp_path):
    """A customer with 40 entries of all kinds, some of them at the same moment."""
    account, twin = add_account("Toko"), add_account("Toko Maju")
    for number in range(20):
        at = START + timedelta(hours=number // 2)
        kind = ("note", "call", "visit", "email")[number % 4]
        service.log_activity(session, actor, account.id, kind, f"Entry {number}", at=at)
    for number in range(17):
        session.add(Order(account_id=account.id, ordered_on=date(2026, 4, 20), amount=number))
    service.change(session, actor, account.id, account.version, {"segment": "A", "website": "x"})
    pdf = io.BytesIO(b"%PDF-1.4 contract")
    documents.add(session, actor, tmp_path, account.id, pdf, "contract.pdf")
    merging.merge(session, actor, account.id, twin.id)
    return account.id


def test_pages_hold_everything_once_in_order(session, actor, busy):
    whole, cursor = [], None
    while True:
        page = timeline.page(session, actor, busy, cursor=cursor, limit=7)
        whole += page.events
        if page.next is None:
            break
        cursor = page.next
    assert len(whole) == len({each.place for each in whole}) == 40
    assert [each.place for each in whole] == sorted((e.place for e in whole), reverse=True)
    assert whole == timeline.page(session, actor, busy, limit=100).events
    counts = timeline.counts(session, actor, busy)
    assert counts == {
        "note": 5, "call": 5, "visit": 5, "email": 5, "order": 17, "change": 1, "document": 1,
        "merge": 1,
    }  # fmt: skip


def test_a_kind_can_be_asked_for_and_each_room_is_asked_once(session, actor, busy, statements):
    statements.clear()
    found = timeline.page(session, actor, busy, ["call", "order"], limit=50).events
    assert len(statements) == 3, "whether it is there, and one statement a room"
    assert {each.kind for each in found} == {"call", "order"}
    assert len(found) == 22
    assert [e.text for e in timeline.page(session, actor, busy, ["document"]).events] == [
        "contract.pdf"
    ]


def test_fields_saved_together_are_one_entry(session, actor, busy):
    (change,) = timeline.page(session, actor, busy, ["change"]).events
    assert {"segment", "website"} <= {each["field"] for each in change.details["fields"]}


@pytest.mark.parametrize("cursor", ["1", '["2026-05-01T00:00:00Z", 1, 1]', '["x", "note", 1]'])
def test_a_made_up_cursor_or_kind_is_refused(session, actor, busy, cursor):
    with pytest.raises(InvalidInput, match="cursor"):
        timeline.page(session, actor, busy, cursor=cursor)
    with pytest.raises(InvalidInput, match="no kind “secret”"):
        timeline.page(session, actor, busy, ["secret"])


def test_a_colleagues_timeline_is_not_there(
    session, actor, add_account, add_user, rep, actor_of, client_of
):
    account = add_account(owner=add_user())
    service.log_activity(session, actor, account.id, "note", "Secret")
    session.commit()
    session.info["scope"] = actor_of(rep)
    with pytest.raises(NotFound):
        timeline.page(session, actor_of(rep), account.id)
    for path in ("timeline", "duplicates", "followers", "surroundings", "next-action"):
        answer = client_of(rep).get(f"/api/v1/accounts/{account.id}/{path}")
        assert answer.status_code == 404, path


def test_what_is_next_goes_to_the_timeline_when_it_is_done(session, actor, add_account):
    account = add_account()
    following.plan_next(session, actor, account.id, " Send  the list ", date.today())  # noqa: DTZ011
    following.plan_next(session, actor, account.id, "Send the price list", None)
    assert following.next_action(session, account.id).text == "Send the price list"
    following.settle_next(session, actor, account.id, done=True)
    (entry,) = queries.timeline(session, account.id)
    assert (entry.text, entry.outcome) == ("Send the price list", "completed")
    with pytest.raises(NotFound):
        following.settle_next(session, actor, account.id, done=True)
    for words, due in (("", None), ("x" * 301, None), ("x", date(1900, 1, 1))):
        with pytest.raises(InvalidInput):
            following.plan_next(session, actor, account.id, words, due)
