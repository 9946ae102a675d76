"""Loading the demo and taking it out again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session, sessionmaker

from geocrm import clock
from geocrm.customers import bulk
from geocrm.customers.models import Account, AccountScope
from geocrm.db import unit_of_work
from geocrm.demo import areas, villages
from geocrm.demo.rows import Batch
from geocrm.demo.sample import draw
from geocrm.errors import Conflict, InvalidInput
from geocrm.maps import pyramid_upkeep
from geocrm.sales import bulk as sales_bulk
from geocrm.security import OPERATOR, Role, audit
from geocrm.security.models import User

BATCH = 10_000
MAX_ACCOUNTS = 5_000_000
Report = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Removed:
    """What taking the demo out did: accounts and users gone, accounts of others handed over."""

    accounts: int
    users: int
    handed_over: int


def loaded(session: Session) -> int:
    """How many demo accounts there are."""
    return session.scalar(select(func.count()).select_from(Account).where(Account.demo)) or 0


def load(
    sessions: sessionmaker[Session],
    *,
    num_accounts: int = 50_000,
    seed: int = 1,
    today: date,
    report: Report = lambda _done, _total: None,
) -> int:
    """Bring the demo up to `num_accounts`; how many were added.

    Batches are drawn from the seed and their number, each in its own transaction, so a load that
    was killed goes on where it stopped. Raises InvalidInput for an impossible number.
    """
    if not 1 <= num_accounts <= MAX_ACCOUNTS:
        raise InvalidInput(f"--accounts {num_accounts} must be between 1 and {MAX_ACCOUNTS:,}")
    with unit_of_work(sessions, OPERATOR) as session:
        there = loaded(session)
        places = villages.read(session, np.random.default_rng(seed))
        staff = areas.ensure_staff(session, places, seed)
    if there < num_accounts and there % BATCH:
        raise Conflict(
            f"There are {there:,} demo accounts, which is no whole number of batches of {BATCH:,};"
            " run geocrm demo remove first"
        )
    for start in range(there, num_accounts, BATCH):
        size = min(BATCH, num_accounts - start)
        with unit_of_work(sessions, OPERATOR) as session:
            _write_batch(session, places, staff, start, size, seed, today)
        report(start + size, num_accounts)
    with unit_of_work(sessions, OPERATOR) as session:
        audit.record(session, OPERATOR, "load", "demo", accounts=num_accounts, seed=seed)
        pyramid_upkeep.fold(session)
    return max(num_accounts - there, 0)


def remove(sessions: sessionmaker[Session], report: Report = lambda _done, _total: None) -> Removed:
    """Take out every demo account, plan and user, and nothing else.

    Accounts that people of the demo added or imported are not of the demo: they are handed over to
    the first administrator. Raises Conflict when there is none.
    """
    with unit_of_work(sessions, OPERATOR) as session:
        total = loaded(session)
        heir = _heir(session)
    gone = 0
    while True:
        with unit_of_work(sessions, OPERATOR) as session:
            batch = bulk.remove_demo(session, BATCH)
        gone += batch
        report(gone, total)
        if batch < BATCH:
            break
    with unit_of_work(sessions, OPERATOR) as session:
        handed_over = _hand_over(session, heir)
        areas.remove_plans(session)
        users = session.scalars(delete(User).where(User.demo).returning(User.id)).all()
        audit.record(session, OPERATOR, "remove", "demo", accounts=gone, users=len(users))
    return Removed(gone, len(users), handed_over)


def _heir(session: Session) -> int | None:
    """Who gets what others own through demo users; None when nobody owns anything."""
    owned = session.scalar(_foreign_accounts(func.count()))
    heir = session.scalar(
        select(User.id)
        .where(User.role == Role.ADMINISTRATOR, ~User.demo, User.active)
        .order_by(User.id)
    )
    if owned and heir is None:
        raise Conflict(
            f"{owned} accounts that are not of the demo belong to demo users, and there is no"
            " administrator to hand them to: add one with geocrm init, then remove the demo"
        )
    return heir


def _foreign_accounts(column: Any) -> Any:
    return (
        select(column)
        .select_from(AccountScope)
        .join(Account, Account.id == AccountScope.account_id)
        .join(User, User.id == AccountScope.owner_id)
        .where(User.demo, ~Account.demo)
    )


def _hand_over(session: Session, heir: int | None) -> int:
    moved = session.scalars(
        update(AccountScope)
        .where(AccountScope.account_id.in_(_foreign_accounts(AccountScope.account_id)))
        .values(owner_id=heir)
        .returning(AccountScope.account_id),
        execution_options={"synchronize_session": False},
    ).all()
    session.execute(
        update(User)
        .where(~User.demo, User.manager_id.in_(select(User.id).where(User.demo)))
        .values(manager_id=None)
    )
    session.execute(update(User).where(User.demo).values(manager_id=None))
    return len(moved)


def _write_batch(
    session: Session,
    places: villages.Villages,
    staff: areas.Staff,
    start: int,
    size: int,
    seed: int,
    today: date,
) -> None:
    sample = draw(places, size, np.random.default_rng([seed, start]), today)
    batch = Batch(
        villages=places,
        sample=sample,
        first_number=start,
        first_account=bulk.reserve_ids(session, "accounts", size),
        first_contact=bulk.reserve_ids(session, "contacts", size),
        staff=staff,
        now=clock.now(),
    )
    for table, rows in batch.tables().items():
        bulk.write(session, table, rows)
    sales_bulk.write_orders(session, batch.orders())
