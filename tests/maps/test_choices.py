"""Values to filter by, with how many customers have each: of those one may see, and no others."""

from collections import Counter
from dataclasses import replace

import pytest
from sqlalchemy import text

from geocrm.db import scoped_sql
from geocrm.maps import pyramid_upkeep, search
from geocrm.maps.choices import choices


@pytest.fixture
def crowd(session, scatter, add_user):
    reps = [add_user(name="Sari Dewi"), add_user(name="Budi Sari")]
    rows = scatter(60, reps)
    pyramid_upkeep.fold(session)
    return reps, rows + scatter(60, reps, seed=9)


@pytest.mark.parametrize(("field", "column"), [("segment", "segment"), ("owner", "owner_id")])
def test_choices_count_the_customers_one_may_see(
    session, crowd, administrator, actor_of, statements, field, column
):
    reps, rows = crowd
    for user in (administrator, reps[0]):
        actor = session.info["scope"] = actor_of(user)
        seen = [r for r in rows if actor.sees_all or r.owner_id in actor.owner_ids]
        statements.clear()
        found = choices(session, actor, field)
        assert len(statements) == 1
        assert "account_scope" not in statements[0]
        truth = Counter(value for r in seen if (value := getattr(r, column)) is not None)
        assert {each.value: each.customers for each in found} == truth


def test_choices_of_people_are_found_by_any_part_of_their_name(
    session, crowd, administrator, actor_of
):
    actor = session.info["scope"] = actor_of(administrator)
    assert len(choices(session, actor, "owner", q="sari")) == 2
    assert [each.label for each in choices(session, actor, "owner", q="dewi")] == ["Sari Dewi"]
    assert choices(session, actor, "segment", q="nothing") == []


def test_whether_somebody_sees_few_is_read_from_indexes_alone(session, crowd, actor_of, statements):
    # Without a territory every way to read none costs the same.
    session.info["scope"] = replace(actor_of(crowd[0][0]), territory_ids=frozenset({1}))
    session.connection().exec_driver_sql("ANALYZE account_scope")
    statements.clear()
    assert search.understand(session, "Toko").sees_few
    assert len(statements) == 1
    assert "UNION ALL" in statements[0]
    session.execute(text("SET LOCAL enable_seqscan = off"))
    session.execute(text("SET LOCAL enable_bitmapscan = off"))
    plan = scoped_sql(
        session,
        "EXPLAIN SELECT FROM account_scope s WHERE {scope_owner:s}"
        " UNION ALL SELECT FROM account_scope s WHERE {scope_territory:s} LIMIT 3001",
    ).scalars()
    assert "\n".join(plan).count("Index Only Scan") == 2
