"""Changing one customer: by whom, when somebody was quicker, and what follows from it."""

import uuid
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from geocrm import clock
from geocrm.customers import contacting, queries, service
from geocrm.customers.models import Account, AccountScope, Activity, Address
from geocrm.db import elevated
from geocrm.errors import Conflict, InvalidInput, NotFound
from geocrm.security import Role


def test_a_new_customer_belongs_to_whoever_adds_it(session, rep, actor_of):
    actor = actor_of(rep)
    session.info["scope"] = actor
    account = service.create(session, actor, {"name": "  Toko  Maju ", "tags": ["a", "a", " "]})
    record = queries.record(session, account.id)
    assert (record.account.name, record.account.tags) == ("Toko Maju", ["a"])
    assert (record.owner_name, record.scope.grade) == (rep.name, "none")
    assert queries.without_point(session) == (1, 1)


def test_who_saves_second_is_told_and_overwrites_nothing(session, actor, add_account):
    account = add_account()
    version = account.version
    service.change(session, actor, account.id, version, {"segment": "A"})
    with pytest.raises(Conflict, match="changed by somebody else"):
        service.change(session, actor, account.id, version, {"segment": "C"})
    assert account.segment == "A"


@pytest.mark.parametrize(
    "attempt",
    [
        lambda s, a, theirs: service.change(s, a, theirs, 1, {"name": "Mine"}),
        lambda s, a, theirs: service.give(s, a, theirs, a.user_id),
        lambda s, a, theirs: service.pin(s, a, theirs, 106.8, -6.2),
        lambda s, a, theirs: contacting.add_contact(s, a, theirs, "Spy"),
        lambda s, a, theirs: contacting.add_phone(s, a, theirs, "0812 3456 7890"),
        lambda s, a, theirs: contacting.add_email(s, a, theirs, "spy@example.test"),
        lambda s, a, theirs: contacting.state_consent(s, a, theirs, "email", True, ""),
        lambda s, a, theirs: service.log_activity(s, a, theirs, "note", "Hello"),
        lambda s, a, theirs: queries.record(s, theirs),
    ],
)
def test_a_colleagues_customer_is_not_there(session, add_account, add_user, rep, actor_of, attempt):
    theirs = add_account("Theirs", owner=add_user()).id
    session.expunge_all()
    session.info["scope"] = actor_of(rep)
    with pytest.raises(NotFound, match=f"No customer {theirs}"):
        attempt(session, actor_of(rep), theirs)
    with elevated(session):
        assert session.scalar(select(Account.name).where(Account.id == theirs)) == "Theirs"


def test_a_childs_id_of_another_customer_is_refused(session, actor, add_account):
    mine, other = add_account("Mine"), add_account("Other")
    contact = contacting.add_contact(session, actor, other.id, "Ani")
    with pytest.raises(NotFound):
        contacting.add_phone(session, actor, mine.id, "0812 3456 7890", contact_id=contact.id)
    with pytest.raises(NotFound):
        contacting.remove_contact(session, actor, mine.id, contact.id)


def test_a_rep_cannot_take_a_customer_they_only_see_through_their_territory(
    session, add_account, add_user, rep, actor_of
):
    account = add_account(owner=add_user(), territory_id=7)
    actor = actor_of(rep)
    actor = type(actor)(rep.id, actor.role, owner_ids=actor.owner_ids, territory_ids=frozenset({7}))
    session.info["scope"] = actor
    with pytest.raises(InvalidInput, match="may hand the customer over"):
        service.give(session, actor, account.id, rep.id)


def test_customers_cannot_be_given_to_a_marketer(session, actor, add_account, marketer):
    with pytest.raises(InvalidInput):
        service.give(session, actor, add_account().id, marketer.id)


def test_consent_is_a_log_whose_newest_word_counts(session, actor, add_account):
    account = add_account()
    for granted in (True, False, True):
        contacting.state_consent(session, actor, account.id, "whatsapp", granted, "by phone")
    session.expire_all()
    scope = session.scalars(select(AccountScope).where(AccountScope.account_id == account.id)).one()
    assert scope.consent == 4
    assert queries.consents(session, account.id)["whatsapp"].granted


def test_an_entry_sent_twice_is_there_once_and_a_visit_moves_the_last_visit(
    session, actor, add_account
):
    account, key = add_account(), str(uuid.uuid4())
    for _ in range(2):
        service.log_activity(session, actor, account.id, "visit", "Met Ani", client_id=key)
    older = clock.now() - timedelta(days=40)
    service.log_activity(session, actor, account.id, "visit", "Earlier", at=older)
    session.expire_all()
    assert [e.text for e in queries.timeline(session, account.id)] == ["Met Ani", "Earlier"]
    scope = session.scalars(select(AccountScope).where(AccountScope.account_id == account.id)).one()
    assert scope.last_visit == clock.today(actor.timezone)
    ahead = clock.now() + timedelta(days=1)
    with pytest.raises(InvalidInput, match="lies ahead"):
        service.log_activity(session, actor, account.id, "visit", "", at=ahead)


def test_a_pin_stays_when_the_address_changes(session, actor, add_account):
    account = add_account()
    service.pin(session, actor, account.id, 110.1234, -7.4321)
    service.change(session, actor, account.id, account.version, {}, {"typed": "Jl. Baru 1"})
    session.expire_all()
    address = session.scalars(select(Address).where(Address.account_id == account.id)).one()
    assert (address.provider, address.lon, address.typed) == ("pin", 110.1234, "Jl. Baru 1")


def test_reach_follows_numbers_and_addresses(session, actor, add_account):
    account = add_account()
    phone = contacting.add_phone(session, actor, account.id, "021 5551234")
    contacting.add_email(session, actor, account.id, "a@b.co")
    session.expire_all()
    assert session.scalars(select(AccountScope.reach)).one() == 1 | 8
    contacting.remove_phone(session, actor, account.id, phone.id)
    session.expire_all()
    assert session.scalars(select(AccountScope.reach)).one() == 1


def test_an_id_in_use_is_refused_also_when_a_colleague_has_it(
    session, add_account, add_user, rep, actor_of
):
    add_account(owner=add_user(), external_id="K1")
    actor = actor_of(rep)
    session.info["scope"] = actor
    with pytest.raises(Conflict, match="'K1' is in use"):
        service.create(session, actor, {"name": "Toko", "external_id": "K1"})


def test_deleting_takes_the_timeline_along_and_needs_the_right(
    session, actor, add_account, rep, actor_of
):
    account = add_account(owner=rep)
    service.log_activity(session, actor, account.id, "note", "x")
    with pytest.raises(Exception, match="may not delete"):
        service.remove(session, actor_of(rep), account.id)
    service.remove(session, actor, account.id)
    assert session.scalars(select(Activity.id)).all() == []


def test_the_record_page_shows_a_customer_in_a_bounded_number_of_statements(
    session, add_account, administrator, client_of, statements, actor
):
    account = add_account("Toko Maju")
    for number in range(20):
        service.log_activity(session, actor, account.id, "note", f"Note {number}")
        contacting.add_contact(session, actor, account.id, f"Person {number}")
    session.commit()
    token = client_of(administrator)
    statements.clear()
    answer = token.get(f"/api/v1/accounts/{account.id}")
    assert answer.status_code == 200
    assert answer.json["name"] == "Toko Maju"
    assert len(statements) <= 6


def test_the_api_refuses_an_overtaken_change_and_hides_others_customers(
    add_account, add_user, administrator, rep, client_of
):
    account = add_account("Toko", owner=add_user())
    admin = client_of(administrator)
    path = f"/api/v1/accounts/{account.id}"
    assert admin.patch(path, json={"version": 1, "segment": "A"}).status_code == 200
    overtaken = admin.patch(path, json={"version": 1, "segment": "B", "tags": ["x"]})
    assert overtaken.status_code == 409
    now = overtaken.json["now"]
    assert now["changed_by"] == administrator.name
    assert admin.get(path).json["version"] == now["version"] > 1
    assert now["fields"] == {"segment": "A", "tags": []}
    assert datetime.fromisoformat(now["changed_at"]).date() == clock.now().date()
    other = client_of(rep)
    for answer in (
        other.get(path),
        other.patch(path, json={"version": 2, "segment": "D"}),
        other.get(f"{path}/activities"),
        other.post(f"{path}/activities", json={"kind": "note", "text": "x"}),
        other.post(f"{path}/consents", json={"channel": "email", "granted": True}),
        other.put(f"{path}/pin", json={"lon": 1, "lat": 1}),
    ):
        assert answer.status_code == 404
    assert other.delete(path).status_code == 403


def test_roles_are_what_the_pages_say(client_of, marketer, rep):
    assert client_of(marketer).get("/api/v1/imports").status_code == 403
    assert client_of(rep).get("/api/v1/imports").status_code == 200
    assert Role(marketer.role) is Role.MARKETER
