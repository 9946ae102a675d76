"""Figures beside the map: the same whether counted beforehand or customer by customer."""

import pytest
from sqlalchemy import text

from geocrm.customers.queries import UNTRUSTWORTHY
from geocrm.db import scoped_sql
from geocrm.maps import pyramid, pyramid_upkeep, queries
from geocrm.maps.filters import compile_filter
from geocrm.security import Actor, Role
from tests.maps.conftest import TODAY
from tests.maps.test_pyramid import FILTERS


@pytest.fixture
def crowd(session, scatter, add_user):
    """Two hundred customers of three reps, half of them folded into the cells."""
    reps = [add_user(), add_user(), add_user()]
    scatter(100, reps)
    pyramid_upkeep.fold(session)
    scatter(100, reps, seed=9)
    return reps


def scopes(session, reps):
    yield session.info["scope"]
    yield Actor(1, Role.FIELD_REP, frozenset({int(reps[0].id)}), frozenset({2}))
    yield Actor(1, Role.FIELD_REP, frozenset(), frozenset({999}))


@pytest.mark.parametrize("name", FILTERS)
def test_figures_counted_beforehand_are_those_of_the_customers(session, crowd, monkeypatch, name):
    chosen = compile_filter(FILTERS[name], today=TODAY)
    for scope in scopes(session, crowd):
        session.info["scope"] = scope
        beforehand = queries.summary(session, chosen), queries.count(session, chosen, exact=True)
        with monkeypatch.context() as patched:
            patched.setattr(pyramid, "split_months", lambda _chosen: None)
            one_by_one = (
                queries.summary(session, chosen),
                queries.count(session, chosen, exact=True),
            )
        assert beforehand[0]._replace(revenue=0) == one_by_one[0]._replace(revenue=0)
        assert beforehand[0].revenue == pytest.approx(one_by_one[0].revenue)
        assert beforehand[1] == one_by_one[1]
        capped = queries.count(session, chosen)
        assert (capped.customers, capped.complete) == (beforehand[1].customers, True)


def test_the_database_calls_the_same_grades_untrustworthy(session, crowd):
    weak = scoped_sql(
        session,
        "SELECT count(*) FROM account_scope s WHERE grade = ANY(:coarse) AND {scope:s}",
        {"coarse": list(UNTRUSTWORTHY)},
    ).scalar_one()
    assert weak > 0
    assert queries.summary(session, compile_filter(None, today=TODAY)).without_point == weak


def test_the_extent_is_the_box_around_all_one_may_see(session, crowd):
    for scope in scopes(session, crowd):
        session.info["scope"] = scope
        row = scoped_sql(
            session,
            "SELECT min(ST_X(geom)), min(ST_Y(geom)), max(ST_X(geom)), max(ST_Y(geom))"
            " FROM account_scope s WHERE {scope:s}",
        ).one()
        found = queries.extent(session)
        told = (None,) * 4 if found is None else (found.west, found.south, found.east, found.north)
        assert told == pytest.approx(tuple(row))


def test_figures_of_everybody_read_no_customer(session, crowd, statements):
    queries.summary(session, compile_filter(FILTERS["segments"], today=TODAY))
    queries.count(session, compile_filter(FILTERS["segments"], today=TODAY), exact=True)
    assert len(statements) == 2
    assert not any("account_scope" in statement for statement in statements)


def plan_of_newest(session, scope):
    session.info["scope"] = scope
    session.execute(text("SET LOCAL enable_seqscan = off"))
    session.execute(text("SET LOCAL enable_sort = off"))
    chosen = compile_filter(None, today=TODAY)
    conditions, values = queries._conditions(chosen, None)
    sql = (
        f"EXPLAIN {queries._ROWS.format(by='a.updated_at')} WHERE {conditions}"
        " ORDER BY a.updated_at DESC, a.id DESC LIMIT 51"
    )
    return "\n".join(scoped_sql(session, sql, values).scalars())


def test_the_newest_rows_come_from_the_index_of_changes(session, crowd):
    plan = plan_of_newest(session, session.info["scope"])
    assert "accounts_updated_at_id_idx" in plan
