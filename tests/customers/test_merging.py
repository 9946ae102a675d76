"""Two accounts that are one customer become one, and two again when that was wrong."""

from datetime import date

import pytest
from sqlalchemy import select, text

from geocrm.customers import (
    contacting,
    duplicates,
    following,
    history,
    merging,
    merging_rows,
    merging_undo,
    queries,
    service,
)
from geocrm.customers.models import Account, AccountScope, Activity, Contact
from geocrm.customers.record_models import Follower
from geocrm.db import scoped_sql
from geocrm.errors import Conflict, InvalidInput, NotFound
from geocrm.sales.models import Order

TABLES = ("accounts", "account_scope", "addresses", "contacts", "phones", "emails", "consents",
          "activities", "orders", "address_points", "account_followers", "next_actions",
          "audience_members", "visit_stops", "account_former_ids",
          "primary_contacts")  # fmt: skip


@pytest.fixture
def pair(session, actor, add_account, rep):
    """Toko Maju, whom somebody entered twice, with something of every kind at both."""
    winner = add_account("Toko Maju", owner=rep, segment=None, external_id=None, tags=["a"])
    loser = add_account(
        "Toko Maju Jaya", owner=rep, segment="A", external_id="K7", at=(106.801, -6.2),
        tags=["b", "a"], last_visit=date(2026, 5, 1),
    )  # fmt: skip
    for account in (winner, loser):
        contacting.add_phone(session, actor, account.id, "0812 3456 7890")
        contacting.add_contact(session, actor, account.id, f"Ani of {account.id}")
        service.log_activity(session, actor, account.id, "note", f"About {account.id}")
        session.add(Order(account_id=account.id, ordered_on=date(2026, 5, 1), amount=10))
    contacting.add_email(session, actor, loser.id, "ani@example.test")
    contacting.state_consent(session, actor, loser.id, "email", True, "by phone")
    following.plan_next(session, actor, loser.id, "Send the price list", None)
    session.commit()
    return winner.id, loser.id


def images(session):
    """Every row of every table that hangs on accounts, without what counts changes."""
    return {
        table: sorted(
            str({k: v for k, v in row.items() if k not in ("version", "updated_at", "updated_by")})
            for row in scoped_sql(
                session, f"SELECT {merging_rows.image_sql(session, table, 't')} FROM {table} t"
                " WHERE {scope:s}"
            ).scalars()
        )
        for table in TABLES
    }  # fmt: skip


def test_everything_that_hangs_on_the_one_that_goes_moves_to_the_one_that_stays(
    session, actor, pair
):
    winner, loser = pair
    merging.merge(session, actor, winner, loser, {"external_id": loser, "segment": loser})
    record = queries.record(session, winner)
    assert (record.account.name, record.account.external_id) == ("Toko Maju", "K7")
    assert (record.account.segment, record.scope.segment) == ("A", "A")
    assert record.account.tags == ["a", "b"]
    assert record.scope.last_visit == date(2026, 5, 1)
    assert len(queries.contacts(session, winner)) == 2
    assert len(queries.phones(session, winner)) == 1, "the same number is there once"
    assert record.scope.consent == 1
    assert len(session.scalars(select(Order).where(Order.account_id == winner)).all()) == 2
    assert following.next_action(session, winner).text == "Send the price list"
    assert merging.merged_into(session, loser) == winner
    with pytest.raises(NotFound):
        queries.record(session, loser)


def test_no_table_that_refers_to_accounts_is_forgotten(session, actor, pair):
    winner, loser = pair
    merging.merge(session, actor, winner, loser)
    found = session.execute(
        text(
            "SELECT tc.table_name, kcu.column_name FROM information_schema.table_constraints tc"
            " JOIN information_schema.key_column_usage kcu USING (constraint_schema,"
            " constraint_name) JOIN information_schema.constraint_column_usage ccu"
            " USING (constraint_schema, constraint_name)"
            " WHERE tc.constraint_type = 'FOREIGN KEY' AND ccu.table_name = :of"
        ),
        {"of": "accounts"},
    ).all()
    walked = {(each.table, each.column) for each in merging_rows.references(session)}
    assert {tuple(row) for row in found} == walked
    assert len(walked) > 15
    for table, column in walked:
        left = scoped_sql(
            session, f"SELECT count(*) FROM {table} t WHERE t.{column} = :id AND {{scope:s}}",
            {"id": loser},
        ).scalar_one()  # fmt: skip
        assert left == 0, f"{table}.{column} still names the account that is gone"


@pytest.mark.parametrize("choice", ["winner", "loser"])
def test_undoing_restores_both_exactly_as_they_were(session, actor, pair, choice):
    winner, loser = pair
    service.pin(session, actor, loser, 107.5, -6.5)
    session.commit()
    session.expire_all()
    before = images(session)
    chosen = winner if choice == "winner" else loser
    merge = merging.merge(session, actor, winner, loser, dict.fromkeys(merging.FIELDS, chosen))
    assert images(session) != before
    undone = merging_undo.undo(session, actor, merge.id)
    assert (undone.fields, undone.rows) == ([], {})
    after = images(session)
    for table in TABLES:
        assert after[table] == before[table], table
    with pytest.raises(Conflict, match="already"):
        merging_undo.undo(session, actor, merge.id)


def test_undoing_spares_what_somebody_changed_since_and_says_what(session, actor, pair):
    winner, loser = pair
    merge = merging.merge(session, actor, winner, loser, {"segment": loser, "name": loser})
    account = queries.get(session, winner)
    service.change(session, actor, winner, account.version, {"segment": "D"})
    theirs = session.scalars(
        select(Contact).where(Contact.account_id == winner, Contact.name == f"Ani of {loser}")
    ).one()
    theirs.title = "Owner"
    session.flush()
    undone = merging_undo.undo(session, actor, merge.id)
    assert undone.fields == ["segment"]
    assert undone.rows == {"contacts": 1}
    assert queries.get(session, winner).name == "Toko Maju"
    assert queries.get(session, winner).segment == "D"
    assert queries.get(session, loser).segment == "A"


@pytest.mark.parametrize("pinned", ["winner", "loser", "both"])
@pytest.mark.parametrize("address_of", ["winner", "loser"])
def test_a_place_set_by_hand_is_never_lost(session, actor, pair, pinned, address_of):
    winner, loser = pair
    pins = {winner: (107.1, -6.1), loser: (107.2, -6.2)}
    if pinned in ("winner", "both"):
        service.pin(session, actor, winner, *pins[winner])
    if pinned in ("loser", "both"):
        service.pin(session, actor, loser, *pins[loser])
    chosen = winner if address_of == "winner" else loser
    merging.merge(session, actor, winner, loser, {"address": chosen})
    record = queries.record(session, winner)
    stays = {"winner": winner, "loser": loser, "both": chosen}[pinned]
    assert record.address.provider == "pin"
    assert (record.address.lon, record.address.lat) == pins[stays]
    assert (record.lon, record.lat) == pytest.approx(pins[stays])
    if pinned == "both":
        other = loser if stays == winner else winner
        earlier = queries.earlier_points(session, winner)
        assert pins[other] in [(each.lon, each.lat) for each in earlier]


def test_both_must_be_visible_and_the_one_that_goes_ones_own(
    session, actor, add_account, add_user, rep, actor_of
):
    mine, theirs = add_account("Mine", owner=rep), add_account("Theirs", owner=add_user())
    seen = add_account("Seen", owner=add_user(), territory_id=7)
    someone = actor_of(rep)
    someone = type(someone)(
        rep.id, someone.role, owner_ids=someone.owner_ids, territory_ids=frozenset({7})
    )
    session.info["scope"] = someone
    session.expunge_all()
    for pair in ((mine.id, theirs.id), (theirs.id, mine.id)):
        with pytest.raises(NotFound):
            merging.merge(session, someone, *pair)
    with pytest.raises(InvalidInput, match="may merge"):
        merging.merge(session, someone, mine.id, seen.id)
    with pytest.raises(InvalidInput, match="itself"):
        merging.merge(session, someone, mine.id, mine.id)


def test_who_looked_at_an_older_version_is_told(session, actor, pair):
    winner, loser = pair
    with pytest.raises(Conflict, match="changed since"):
        merging.merge(session, actor, winner, loser, versions={winner: 1, loser: 99})


def test_merges_are_taken_back_in_reverse_and_old_links_follow_a_chain(session, actor, add_account):
    a, b, c = (add_account(name).id for name in ("A", "B", "C"))
    first = merging.merge(session, actor, a, b)
    second = merging.merge(session, actor, c, a)
    assert merging.merged_into(session, b) == merging.merged_into(session, a) == c
    with pytest.raises(Conflict, match="take that back first"):
        merging_undo.undo(session, actor, first.id)
    merging_undo.undo(session, actor, second.id)
    assert merging.merged_into(session, b) == a
    merging_undo.undo(session, actor, first.id)
    assert queries.get(session, b).name == "B"


def test_a_file_that_names_an_id_of_before_the_merge_changes_who_stayed(
    session, actor, add_account, rep, bring_in
):
    stays = add_account("Toko Maju", owner=rep, external_id="K1").id
    went = add_account("Toko Maju Jaya", owner=rep, external_id="K7").id
    other = add_account("Toko Lain", owner=rep, external_id="K9").id
    merge = merging.merge(session, actor, stays, went, {"external_id": went})
    merging.merge(session, actor, other, stays)
    session.commit()
    done = bring_in("id,name,segment\nK1,Toko Maju,C\nK7,Toko Maju,D\n")
    assert (done.created, done.updated, done.failed) == (0, 2, 0)
    (left,) = session.scalars(select(Account).execution_options(populate_existing=True))
    assert (left.id, left.external_id, left.segment) == (other, "K9", "D")
    assert merge.account_id == other
    bring_in("id,date,account,amount\nF1,2026-05-01,K1,10\n", kind="orders")
    assert session.scalars(select(Order.account_id)).all() == [other]


def test_an_id_that_somebody_has_again_is_theirs(session, actor, pair, add_account, bring_in):
    winner, loser = pair
    merging.merge(session, actor, winner, loser)
    session.commit()
    anew = add_account("Warung K7", external_id="K7").id
    bring_in("id,name\nK7,Warung Tujuh\n")
    names = dict(session.execute(select(Account.id, Account.name)).all())
    assert (names[anew], names[winner]) == ("Warung Tujuh", "Toko Maju")


def test_a_merge_that_is_taken_back_takes_its_ids_back(session, actor, pair, bring_in):
    winner, loser = pair
    undone = merging.merge(session, actor, winner, loser)
    merging_undo.undo(session, actor, undone.id)
    session.commit()
    bring_in("id,name\nK7,Toko Tujuh\n")
    names = dict(session.execute(select(Account.id, Account.name)).all())
    assert (names[loser], names[winner]) == ("Toko Tujuh", "Toko Maju")


def test_images_are_kept_for_a_month_and_then_the_merge_stands(session, actor, pair):
    merge = merging.merge(session, actor, *pair)
    session.execute(text("UPDATE account_merge_rows SET before = before"))
    merge.at = merge.at.replace(year=2020)
    session.flush()
    assert merging_undo.forget(session) == 1
    with pytest.raises(Conflict, match="30 days"):
        merging_undo.undo(session, actor, merge.id)


def test_duplicates_share_a_number_or_are_near_by_and_called_alike(
    session, actor, add_account, add_user, rep, actor_of, statements
):
    asked = add_account("Toko Maju Jaya", owner=rep)
    phone = add_account("Warung Lain", owner=rep, at=(110.0, -7.0))
    alike = add_account("TOKO MAJU-JAYA", owner=rep, at=(106.805, -6.2))
    add_account("Toko Maju Jaya", owner=rep, at=(120.0, -5.0))  # another town
    add_account("Bengkel Budi", owner=rep, at=(106.8, -6.2))
    hidden = add_account("Toko Maju Jaya", owner=add_user())
    for account in (asked, phone, hidden):
        contacting.add_phone(session, actor, account.id, "0812 3456 7890")
    session.info["scope"] = actor_of(rep)
    statements.clear()
    found = duplicates.likely(session, asked.id)
    assert len(statements) == 1
    assert [(each.account_id, each.why) for each in found] == [
        (phone.id, ["phone"]),
        (alike.id, ["name"]),
    ]


def test_what_a_merge_changed_is_in_the_history_and_followers_are_joined(
    session, actor, pair, rep, actor_of
):
    winner, loser = pair
    following.follow(session, actor_of(rep), loser)
    merging.merge(session, actor, winner, loser, {"name": loser})
    changes = [c for c in history.page(session, winner) if c.source == "merge"]
    assert [(c.field, c.old, c.new) for c in changes if c.field == "name"] == [
        ("name", "Toko Maju", "Toko Maju Jaya")
    ]
    assert session.scalars(select(Follower.user_id)).all() == [rep.id]
    assert len(session.scalars(select(Activity).where(Activity.account_id == winner)).all()) == 2
    assert session.scalars(select(Account.id)).all() == [winner]
    assert session.scalars(select(AccountScope.account_id)).all() == [winner]


@pytest.fixture
def ani(session, actor, pair):
    """Ani, a contact of both, with one number at both, and what only one of the two knew."""
    winner, loser = pair
    known = {}
    for account, name, title in ((winner, "Ani Wijaya", "Owner"), (loser, "ANI WIJAYA", "Buyer")):
        known[account] = contacting.add_contact(session, actor, account, name, title=title)
        session.flush()
        contacting.add_phone(
            session, actor, account, "0813 1111 2222", contact_id=known[account].id
        )
    contacting.add_phone(session, actor, loser, "0813 3333 4444", contact_id=known[loser].id)
    contacting.add_email(session, actor, loser, "ani.w@example.test", contact_id=known[loser].id)
    session.commit()
    session.expire_all()
    return known


def test_a_contact_of_both_is_there_once_with_what_either_had(session, actor, pair, ani):
    winner, loser = pair
    assert merging.shared_contacts(session, winner, loser) == ["Ani Wijaya"]
    before = images(session)
    merge = merging.merge(session, actor, winner, loser)
    (one,) = [each for each in queries.contacts(session, winner) if "Wijaya" in each.name]
    assert (one.name, one.title) == ("Ani Wijaya", "Owner, Buyer")
    phones = [each.e164 for each in queries.phones(session, winner) if each.contact_id == one.id]
    assert sorted(phones) == ["+6281311112222", "+6281333334444"]
    emails = queries.emails(session, winner)
    assert [each.address for each in emails if each.contact_id == one.id] == ["ani.w@example.test"]
    undone = merging_undo.undo(session, actor, merge.id)
    assert (undone.fields, undone.rows) == ([], {})
    assert images(session) == before


def test_contacts_of_one_name_without_a_number_in_common_stay_two(session, actor, pair):
    winner, loser = pair
    for account, number in ((winner, "0813 1111 2222"), (loser, "0813 3333 4444")):
        contact = contacting.add_contact(session, actor, account, "Ani Wijaya")
        session.flush()
        contacting.add_phone(session, actor, account, number, contact_id=contact.id)
    merging.merge(session, actor, winner, loser)
    assert [each.name for each in queries.contacts(session, winner)].count("Ani Wijaya") == 2


def test_a_title_changed_since_the_merge_stays_and_is_told(session, actor, pair, ani):
    winner, loser = pair
    merge = merging.merge(session, actor, winner, loser)
    session.get_one(Contact, ani[winner].id).title = "Director"
    session.flush()
    assert merging_undo.undo(session, actor, merge.id).rows == {"contacts": 1}
    assert session.get_one(Contact, ani[winner].id).title == "Director"
    assert len(queries.phones(session, loser)) == 3
