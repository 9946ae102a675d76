"""Handing over many accounts at once: the same sums, history and rights as one by one, for less."""

import random
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import delete, func, select, text, update

from geocrm.customers import assigning
from geocrm.customers.models import Account, AccountScope
from geocrm.db import elevated, scoped_sql
from geocrm.maps import pyramid_upkeep
from geocrm.territories import activation, history, service
from geocrm.territories.life_models import AssignmentBatch, AssignmentChange
from tests.territories.conftest import code

SUMS = {
    "map_cells": "level, cell, owner_id, territory_id, segment, last_order",
    "facet_cells": "level, facet, cell, owner_id, territory_id, segment, week, grade",
    "square_totals": "level, cell, owner_id, territory_id, segment",
    "region_totals": "unit, placed, owner_id, territory_id, segment, last_order",
}


@pytest.fixture
def crowd(session, country, add_account, add_user):
    """Sixty accounts of all kinds, in four units and in none, some on one point, some on none."""
    rng = random.Random(5)
    owners = [add_user() for _ in range(3)]
    first = date(2026, 1, 1)
    spots = [(106.8 + i / 7, -6.2 - i / 11) for i in range(9)]
    return [
        add_account(
            f"Shop {n}",
            owner=rng.choice(owners),
            unit=rng.choice([None, *map(code, ("a1", "b2", "c3", "d4"))]),
            at=rng.choice([None, *spots]),
            grade=rng.choice(["rooftop", "village", "region"]),
            segment=rng.choice(["A", "B", None]),
            revenue=rng.choice([0.0, 12.34, 7e15]),
            last_order=rng.choice([None, first + timedelta(days=rng.randrange(90))]),
            last_visit=rng.choice([None, first + timedelta(days=rng.randrange(90))]),
        )
        for n in range(60)
    ]


def sums(session) -> dict[str, list[tuple]]:
    """All that was counted beforehand."""
    figures = {"map_cells": "weak, ids, x, y, spread", "facet_cells": "weak, ids, x, y, spread"}
    with elevated(session):
        return {
            table: sorted(
                map(
                    str,
                    scoped_sql(
                        session,
                        f"SELECT {keys}, n, CAST(cents AS numeric), {figures.get(table, '0')}"
                        f" FROM {table} s WHERE {{scope:s}} AND n <> 0",
                    ),
                )
            )
            for table, keys in SUMS.items()
        }


def assert_sums_are_right(session) -> None:
    pyramid_upkeep.fold(session)
    followed = sums(session)
    pyramid_upkeep.rebuild(session)
    counted = sums(session)
    for table in SUMS:
        assert followed[table] == counted[table], table


def test_sums_follow_a_go_live_and_its_undo(session, actor, crowd, add_plan, go_live):
    pyramid_upkeep.rebuild(session)
    go_live(add_plan("First"))
    assert_sums_are_right(session)
    second = add_plan("Second", count=5)
    go_live(second)
    assert_sums_are_right(session)
    activation.undo(session, actor, second.id)
    assert_sums_are_right(session)


def test_history_of_a_go_live_takes_a_row_an_owner_and_way(session, crowd, add_plan, go_live):
    go_live(add_plan("First"))
    batches = session.scalars(select(AssignmentBatch)).all()
    ways = {(one.territory_before, one.territory_after, one.owner_id) for one in batches}
    assert len(batches) == len(ways)
    in_units = [a.id for a in crowd if session.get(AccountScope, a.id).unit]
    assert sorted(i for one in batches for i in one.account_ids) == sorted(in_units)
    assert session.scalar(select(func.count(AssignmentChange.id))) == 0


def test_what_one_account_gets_by_itself_is_a_row_of_its_own(session, crowd, add_user):
    someone = update(AccountScope).where(AccountScope.account_id == crowd[0].id)
    session.execute(someone.values(owner_id=add_user().id))
    assert session.scalar(select(func.count(AssignmentChange.id))) == 1
    assert session.scalars(select(AssignmentBatch)).all() == []


def test_history_has_one_order_whichever_way_it_was_written(
    session, actor, crowd, add_plan, go_live, add_user
):
    shop = next(a for a in crowd if session.get(AccountScope, a.id).unit)
    by_hand = update(AccountScope).where(AccountScope.account_id == shop.id)
    session.execute(by_hand.values(owner_id=add_user().id))
    plan = add_plan("First")
    go_live(plan)
    session.execute(by_hand.values(owner_id=add_user().id))
    activation.undo(session, actor, plan.id)
    with elevated(session):
        rows = scoped_sql(
            session,
            f"SELECT c.territory_before IS NULL, c.territory_after IS NULL FROM {history.CHANGES} c"
            " JOIN account_scope s ON s.account_id = c.account_id"
            " WHERE c.account_id = :id AND {scope:s} ORDER BY c.id",
            {"id": shop.id},
        ).all()
    assert list(map(tuple, rows)) == [(True, True), (True, False), (False, False), (False, True)]


def test_nobody_reads_batches_past_their_own_accounts(session, crowd, add_plan, go_live, actor_of):
    go_live(add_plan("First"))
    owner_id = session.get(AccountScope, crowd[0].id).owner_id
    session.info["scope"] = actor_of(session.get(activation.queries.User, owner_id))
    assert session.scalars(select(AssignmentBatch)).all() == []


def test_an_account_deleted_since_is_no_longer_in_the_past(session, crowd, add_plan, go_live):
    session.execute(update(Account).values(created_at=datetime(2025, 3, 1, tzinfo=UTC)))
    go_live(add_plan("First"))
    with elevated(session):
        gone = next(a for a in crowd if session.get(AccountScope, a.id).unit)
        session.execute(delete(Account).where(Account.id == gone.id))
        held = history.held_on(session, date(2026, 1, 1))
    assert (sum(one.accounts for one in held), {one.territory_id for one in held}) == (59, {None})


def test_accounts_are_written_in_the_order_of_the_ground(session, crowd, add_plan, go_live):
    """So that neighbours come to the same pages of the indexes, one after the other."""
    go_live(add_plan("First"))
    session.connection().exec_driver_sql("ANALYZE account_scope, moving")
    # Sixty rows are read as fast in any way; these ways are none for a million.
    for way in ("seqscan", "bitmapscan", "material"):
        session.execute(text(f"SET LOCAL enable_{way} = off"))
    source = "SELECT account_id, after AS territory_id, qk FROM moving"
    with elevated(session):
        session.execute(text(assigning.SAY))
        update_of_all = assigning.ASSIGN.format(source=f"{source} ORDER BY qk")
        plan = scoped_sql(session, f"EXPLAIN (COSTS off) {update_of_all}").scalars().all()
    steps = [re.sub(r"^[ >-]+", "", line) for line in plan]
    assert steps[1] == "Nested Loop"
    assert steps.index("Sort Key: moving.qk") < steps.index(
        "Index Scan using account_scope_pkey on account_scope s"
    )


def test_the_way_to_write_is_only_for_the_one_statement(session, crowd, add_plan, go_live):
    go_live(add_plan("First"))
    names = ("geocrm.hands_over", "geocrm.rules", "geocrm.activation")
    assert [session.scalar(text(f"SELECT current_setting('{n}', true)")) for n in names] == [""] * 3
    assert session.scalar(text("SHOW enable_hashjoin")) == "on"


def test_a_hand_over_that_changes_nothing_writes_nothing(session, crowd, add_plan, go_live):
    go_live(add_plan("First"))
    before = session.scalar(select(func.count(AssignmentBatch.id)))
    same = "SELECT account_id, territory_id, qk FROM account_scope"
    assert assigning.hand_over(session, same) == 0
    assert session.scalar(select(func.count(AssignmentBatch.id))) == before


def test_a_copy_hands_over_only_the_ground_that_moved(session, actor, crowd, add_plan, go_live):
    live = add_plan("First")
    go_live(live)
    copy = service.copy(session, actor, live.id)
    service.move_units(
        *(session, actor, copy.id, None), [service.Move(code("a1"), 3)], splits_allowed=True
    )
    in_a1 = sum(session.get(AccountScope, a.id).unit == code("a1") for a in crowd)
    assert go_live(copy).accounts == in_a1
    assert_sums_are_right(session)
