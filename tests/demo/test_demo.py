"""The demo: the same every time, of a piece, and gone without a trace."""

import os
from datetime import date

import numpy as np
import pytest
from sqlalchemy import func, select, text

from geocrm.customers.models import Account, AccountScope, Address
from geocrm.db import make_engine, make_sessions, scoped_sql, unit_of_work
from geocrm.demo import sample, service, villages
from geocrm.errors import Conflict, InvalidInput
from geocrm.security import OPERATOR, Role
from geocrm.security import service as people
from geocrm.security.models import User
from tests.database import NUM_DEMO_ACCOUNTS, demo_template, fresh_database


@pytest.fixture
def demo():
    """Sessions on a copy of the loaded demo."""
    with fresh_database(f"geocrm_demo_{os.getpid()}", template=demo_template()) as url:
        engine = make_engine(url)
        yield make_sessions(engine)
        engine.dispose()


def figures(sessions):
    with unit_of_work(sessions, OPERATOR) as session:
        tables = ("accounts", "account_scope", "addresses", "contacts", "phones", "orders")
        return {
            table: scoped_sql(
                session, f"SELECT count(*) FROM {table}, (SELECT 1) s(owner_id) WHERE {{scope:s}}"
            ).scalar()
            for table in tables
        }


def test_the_demo_is_of_a_piece(demo):
    with unit_of_work(demo, OPERATOR) as session:
        assert service.loaded(session) == NUM_DEMO_ACCOUNTS
        roles = dict(
            session.execute(
                select(User.role, func.count()).where(User.demo).group_by(User.role)
            ).all()
        )
        assert roles == {"administrator": 1, "territory_manager": 1, "marketer": 1, "field_rep": 20}
        placed = select(func.count()).select_from(AccountScope).where(AccountScope.qk.is_not(None))
        astray = scoped_sql(
            session,
            "SELECT count(*) FROM account_scope s JOIN boundaries b ON b.code = s.unit"
            " WHERE {scope:s} AND NOT ST_Covers(b.geom, s.geom)",
        ).scalar()
        assert session.scalar(placed) > 0.97 * NUM_DEMO_ACCOUNTS
        assert astray == 0, "a customer lies outside the regency of its address"
        wrong = scoped_sql(
            session,
            "SELECT count(*) FROM account_scope s WHERE {scope:s} AND s.revenue <> coalesce(("
            " SELECT sum(amount) FROM orders o WHERE o.account_id = s.account_id"
            " AND o.ordered_on > (SELECT max(ordered_on) FROM orders) - 365), 0)",
        ).scalar()
        assert wrong == 0, "revenue is not the sum of the orders"


def test_loading_again_adds_nothing(demo):
    before = figures(demo)
    assert service.load(demo, num_accounts=NUM_DEMO_ACCOUNTS, today=date(2026, 1, 1)) == 0
    assert figures(demo) == before


def test_the_same_seed_and_day_draw_the_same_customers(demo):
    def drawn(seed):
        with unit_of_work(demo, OPERATOR) as session:
            places = villages.read(session, np.random.default_rng(seed))
        return sample.draw(places, 500, np.random.default_rng([seed, 0]), date(2026, 1, 1))

    first, again, other = drawn(1), drawn(1), drawn(2)
    assert (first.lon == again.lon).all()
    assert (first.name == again.name).all()
    assert (first.order_amount == again.order_amount).all()
    assert not (first.lon == other.lon).all()


def test_a_killed_load_goes_on_where_it_stopped(demo, monkeypatch):
    monkeypatch.setattr(service, "BATCH", 1_000)

    def die(done, _total):
        if done == 4_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        service.load(demo, num_accounts=5_000, today=date(2026, 1, 1), report=die)
    assert service.load(demo, num_accounts=5_000, today=date(2026, 1, 1)) == 1_000
    with unit_of_work(demo, OPERATOR) as session:
        keys = session.scalars(select(Account.external_id)).all()
    assert len(keys) == len(set(keys)) == 5_000


@pytest.mark.parametrize("number", [0, -5, 10**9])
def test_an_impossible_number_is_refused(demo, number):
    with pytest.raises(InvalidInput, match="--accounts"):
        service.load(demo, num_accounts=number, today=date(2026, 1, 1))


def own_account(session, owner_id, name):
    account = Account(name=name)
    session.add(account)
    session.flush()
    session.add(AccountScope(account_id=account.id, owner_id=owner_id))
    session.add(Address(account_id=account.id))


def test_removing_the_demo_spares_everything_else(demo):
    with unit_of_work(demo, OPERATOR) as session:
        admin = people.add_user(session, OPERATOR, email="me@example.test", role=Role.ADMINISTRATOR)
        rep = session.scalar(select(User.id).where(User.demo, User.role == Role.FIELD_REP))
        own_account(session, admin.id, "Mine")
        own_account(session, rep, "Imported by a demo rep")
    removed = service.remove(demo)
    assert (removed.accounts, removed.users, removed.handed_over) == (NUM_DEMO_ACCOUNTS, 23, 1)
    with unit_of_work(demo, OPERATOR) as session:
        assert set(session.scalars(select(Account.name))) == {"Mine", "Imported by a demo rep"}
        assert session.scalars(select(AccountScope.owner_id).distinct()).all() == [admin.id]
        assert session.scalars(select(User.email)).all() == ["me@example.test"]
        assert session.scalar(text("SELECT count(*) FROM territory_plans")) == 0


def test_nothing_is_removed_while_nobody_could_inherit(demo):
    with unit_of_work(demo, OPERATOR) as session:
        rep = session.scalar(select(User.id).where(User.demo, User.role == Role.FIELD_REP))
        own_account(session, rep, "Imported by a demo rep")
    with pytest.raises(Conflict, match="geocrm init"):
        service.remove(demo)
    with unit_of_work(demo, OPERATOR) as session:
        assert service.loaded(session) == NUM_DEMO_ACCOUNTS
