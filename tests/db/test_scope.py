"""Who sees which row, whichever way it is asked for."""

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import aliased

from geocrm.customers.models import Account, AccountScope, Activity, Address, Contact
from geocrm.db import elevated, scoped_sql
from geocrm.db.scope import scoped_table_names
from geocrm.errors import MissingActor
from geocrm.security import Role


@pytest.fixture
def two_reps(session, add_user, add_account, actor_of, manager):
    """Two reps with one account each, and the session reading for the first."""
    mine, theirs = add_user(manager_id=manager.id), add_user()
    own = add_account("Mine", owner=mine)
    other = add_account("Theirs", owner=theirs)
    session.add_all(
        Activity(account_id=account.id, kind="note", text="secret") for account in (own, other)
    )
    session.commit()
    session.expunge_all()
    session.info["scope"] = actor_of(mine)
    return own.id, other.id


def test_a_rep_sees_their_own_accounts_only(session, two_reps):
    own, _other = two_reps
    assert session.scalars(select(Account.id)).all() == [own]
    assert session.scalar(select(func.count()).select_from(AccountScope)) == 1


@pytest.mark.parametrize("child", [Address, Activity])
def test_what_hangs_on_an_account_is_seen_with_it(session, two_reps, child):
    own, _other = two_reps
    assert session.scalars(select(child.account_id)).all() == [own]


def test_joins_aliases_and_subqueries_hide_the_same_rows(session, two_reps):
    own, _other = two_reps
    alias = aliased(Account)
    joined = select(alias.id).join(Activity, Activity.account_id == alias.id)
    nested = select(Account.id).where(Account.id.in_(select(Activity.account_id)))
    united = select(Account.id).union(select(Address.account_id))
    for statement in (joined, nested, united):
        assert set(session.scalars(statement)) == {own}


def test_another_reps_account_cannot_be_fetched_changed_or_deleted(session, two_reps):
    _own, other = two_reps
    assert session.get(Account, other) is None
    session.execute(update(Account).where(Account.id == other).values(name="Taken"))
    session.execute(update(Activity).values(text="read"))
    with elevated(session):
        assert session.scalar(select(Account.name).where(Account.id == other)) == "Theirs"
        assert set(session.scalars(select(Activity.text))) == {"read", "secret"}


def test_a_bulk_update_by_key_is_refused(session, two_reps):
    with pytest.raises(MissingActor, match="primary key"):
        session.execute(update(Account), [{"id": two_reps[1], "name": "Taken"}])


def test_plain_sql_is_refused_outside_the_helper(session, two_reps):
    for statement in (
        text("SELECT id FROM accounts"),
        select(Account.__table__.c.id),
        select(func.count()).select_from(AccountScope.__table__),
    ):
        with pytest.raises(MissingActor):
            session.execute(statement)


def test_plain_sql_through_the_helper_sees_what_the_orm_sees(session, two_reps):
    rows = scoped_sql(session, "SELECT account_id FROM account_scope s WHERE {scope:s}")
    assert set(rows.scalars()) == set(session.scalars(select(AccountScope.account_id)))


def test_the_helper_demands_a_place_for_the_scope(session, two_reps):
    with pytest.raises(MissingActor, match="scope:alias"):
        scoped_sql(session, "SELECT account_id FROM account_scope")


def test_a_session_without_an_actor_reads_nothing(session):
    session.info.pop("scope")
    for name in scoped_table_names():
        with pytest.raises(MissingActor):
            session.execute(text(f"SELECT 1 FROM {name}"))
    with pytest.raises(MissingActor):
        session.scalars(select(Contact)).all()


def test_a_manager_sees_the_accounts_of_everybody_below(
    session, add_user, add_account, actor_of, manager
):
    team_lead = add_user(Role.TERRITORY_MANAGER, manager_id=manager.id)
    rep = add_user(manager_id=team_lead.id)
    account = add_account(owner=rep)
    add_account("Elsewhere", owner=add_user())
    session.info["scope"] = actor_of(manager)
    assert session.scalars(select(Account.id)).all() == [account.id]


def test_a_territory_shows_its_accounts_whoever_owns_them(session, add_account, rep, actor_of):
    account = add_account(territory_id=7)
    add_account("Next door", territory_id=8)
    actor = actor_of(rep)
    session.info["scope"] = type(actor)(rep.id, actor.role, territory_ids=frozenset({7}))
    assert session.scalars(select(Account.id)).all() == [account.id]


def test_a_marketer_sees_no_individual(session, add_account, marketer, actor_of):
    add_account()
    session.info["scope"] = actor_of(marketer)
    assert session.scalars(select(Account.id)).all() == []


# Lists and images of bulk actions also name customers that are deleted, whom no criterion finds.
# They are read by their run, which only who began it may see: tests/web/test_bulk.py.
READ_BY_RUN = {"bulk_members", "bulk_before", "bulk_errors"}


def test_every_table_that_names_an_account_has_a_criterion(engine):
    with engine.connect() as connection:
        tables = connection.execute(
            text(
                "SELECT table_name FROM information_schema.columns"
                " WHERE column_name = 'account_id' AND table_schema = 'public'"
            )
        ).scalars()
        assert set(tables) - scoped_table_names() == READ_BY_RUN
