"""Who changed which field of a customer, from what to what."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from geocrm import clock
from geocrm.customers import contacting, history, service
from geocrm.customers.record_models import AccountChange
from geocrm.db import scoped_sql
from geocrm.errors import InvalidInput


def seen(session, account_id, **asked):
    return [(c.field, c.old, c.new) for c in history.page(session, account_id, **asked)]


@pytest.fixture
def person(actor_of, rep, session):
    """The rep who changes things."""
    return actor_of(rep)


def test_every_field_of_a_customer_is_written_down_with_who_changed_it(
    session, person, rep, add_account
):
    account = add_account("Toko", owner=rep, tags=["a"])
    figures = {"name": "Toko Maju", "segment": "A", "tags": ["a", "b"], "visits_per_year": 12}
    service.change(session, person, account.id, 1, figures, {"typed": "Jl. Baru 1"})
    assert set(seen(session, account.id)) == {
        ("name", "Toko", "Toko Maju"),
        ("segment", "B", "A"),
        ("tags", "a", "a, b"),
        ("typed", None, "Jl. Baru 1"),
        ("visits_per_year", None, "12"),
        # No gazetteer is loaded here, so the new address is nowhere.
        ("point", "-6.20000, 106.80000 · village", None),
    }
    assert {change.by for change in history.page(session, account.id)} == {rep.name}


def test_owners_are_named_and_a_point_is_one_change(session, actor, add_account, add_user, rep):
    other = add_user(name="Sari")
    account = add_account(owner=rep)
    service.give(session, actor, account.id, other.id)
    service.pin(session, actor, account.id, 107.5, -6.5)
    assert sorted(seen(session, account.id)) == [
        ("owner_id", rep.name, "Sari"),
        ("point", "-6.20000, 106.80000 · village", "-6.50000, 107.50000 · rooftop · pin"),
    ]


def test_people_numbers_addresses_and_consent_are_part_of_it(session, actor, add_account):
    account = add_account()
    contact = contacting.add_contact(session, actor, account.id, "Ani", "Owner")
    contacting.add_phone(session, actor, account.id, "0812 3456 7890", contact_id=contact.id)
    contacting.add_email(session, actor, account.id, "ani@example.test")
    contacting.state_consent(session, actor, account.id, "email", True, "by phone")
    contacting.remove_contact(session, actor, account.id, contact.id)
    assert set(seen(session, account.id)) == {
        ("contact", None, "Ani, Owner"),
        ("phone", None, "+6281234567890"),
        ("email", None, "ani@example.test"),
        ("consent_email", None, "granted"),
        ("contact", "Ani, Owner", None),
        ("phone", "+6281234567890", None),
    }
    assert seen(session, account.id, field="email") == [("email", None, "ani@example.test")]


def test_what_writes_many_rows_writes_no_history_and_an_import_is_told_from_its_images(
    session, bring_in, administrator, actor_of, add_account
):
    account = add_account("Toko", external_id="K1", segment="C")
    bring_in("Kode,Nama Toko,Segmen\nK1,Toko Maju,A\n", actor=actor_of(administrator))
    assert session.scalars(select(AccountChange.id)).all() == []
    session.expire_all()
    changes = history.page(session, account.id)
    assert {(c.field, c.old, c.new) for c in changes} >= {
        ("name", "Toko", "Toko Maju"),
        ("segment", "C", "A"),
    }
    assert {c.source.split()[0] for c in changes} == {"import"}
    session.execute(text("UPDATE imports SET finished_at = finished_at - interval '1 hour'"))
    someone = actor_of(administrator)
    service.change(session, someone, account.id, account.version, {"segment": "D"})
    found = [(c.source.split()[0], c.old, c.new) for c in history.page(session, account.id)
             if c.field == "segment"]  # fmt: skip
    assert found == [("person", "A", "D"), ("import", "C", "A")]


def test_pages_follow_each_other_without_gaps(session, actor, add_account):
    account = add_account()
    for number in range(7):
        contacting.add_contact(session, actor, account.id, f"Person {number}")
    scoped_sql(
        session,
        "UPDATE account_changes c SET at = c.at + c.id % 3 * interval '1 minute' WHERE {scope:c}",
    )
    whole, cursor = [], None
    for _ in range(4):
        page = history.page(session, account.id, cursor=cursor, limit=2)
        whole += page
        cursor = page[-1].cursor
    assert whole == history.page(session, account.id)
    assert len({change.id for change in whole}) == 7


@pytest.mark.parametrize("cursor", ["x", "[]", '["2026-01-01", "a", 1]', "[1, 2, 3]", "[" * 5_000])
def test_a_cursor_of_somebody_elses_making_is_refused(session, add_account, cursor):
    with pytest.raises(InvalidInput, match="cursor"):
        history.page(session, add_account().id, cursor=cursor)


def test_a_colleagues_history_is_empty_and_goes_with_its_customer(
    session, actor, add_account, add_user, rep, actor_of, client_of, signed_in_as
):
    account = add_account(owner=add_user())
    contacting.add_contact(session, actor, account.id, "Ani")
    session.commit()
    session.info["scope"] = actor_of(rep)
    assert history.page(session, account.id) == []
    visitor = client_of(rep)
    assert visitor.get(f"/api/v1/accounts/{account.id}/changes").status_code == 404
    assert signed_in_as(rep).get(f"/accounts/{account.id}/history").status_code == 404
    session.info["scope"] = actor
    service.remove(session, actor, account.id)
    assert session.scalars(select(AccountChange.id)).all() == []


def test_a_point_that_may_be_kept_for_a_while_only_is_not_kept_in_the_history(
    session, actor, add_account
):
    account = add_account()
    scoped_sql(
        session,
        "UPDATE addresses d SET retain_until = :day WHERE d.account_id = :id AND {scope:d}",
        {"day": clock.now() + timedelta(days=9), "id": account.id},
    )
    service.pin(session, actor, account.id, 107.5, -6.5)
    ((_field, old, _new),) = seen(session, account.id, field="point")
    assert old == "village"
