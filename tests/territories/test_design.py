"""Designing: contiguous, balanced, and what is said when it cannot be done."""

from collections import defaultdict

import pytest

from geocrm.errors import Forbidden, Infeasible, InvalidInput
from geocrm.territories import designing, figures
from geocrm.territories.models import Measure
from geocrm.territories.requests import Request
from tests.territories.conftest import code, neighbours


def pieces(units: list[str], edges: list[tuple[str, str]]) -> int:
    """In how many pieces units lie: written anew here, so that the test trusts nothing of ours."""
    beside = defaultdict(set)
    for a, b in edges:
        beside[a].add(b)
        beside[b].add(a)
    left, count = set(units), 0
    while left:
        count += 1
        queue = [left.pop()]
        while queue:
            here = beside[queue.pop()] & left
            left -= here
            queue.extend(here)
    return count


EDGES = [(code(a), code(b)) for a, b, _kind in neighbours()]


@pytest.mark.parametrize("count", [1, 2, 3, 6, 18])
def test_territories_cover_every_unit_once_and_are_each_in_one_piece(design, count):
    document = design(count).document()
    units = [unit for territory in document["territories"] for unit in territory["units"]]
    assert len(units) == len(set(units)) == 18
    assert [pieces(t["units"], EDGES) for t in document["territories"]] == [1] * count
    assert document["contiguous"]


def test_load_and_deviation_are_those_of_the_units(design):
    document = design(6).document()
    loads = [100 * len(territory["units"]) for territory in document["territories"]]
    assert [territory["load"] for territory in document["territories"]] == loads
    off = [load / 300 - 1 for load in loads]
    assert [t["deviation"] for t in document["territories"]] == pytest.approx(off, abs=1e-6)
    assert document["max_deviation"] == pytest.approx(max(map(abs, off)), abs=1e-6)


def test_eighteen_equal_units_are_shared_out_evenly(design):
    assert design(6).document()["max_deviation"] == 0.0


def test_the_same_seed_gives_the_same_plan(design):
    first, second = (list(design(4, seed=7).assignment()) for _ in range(2))
    assert first == second


def test_accounts_are_balanced_by_where_they_are(design, add_account):
    for name, many in {"a1": 4, "d1": 2, "d4": 2}.items():
        for _ in range(many):
            add_account(unit=code(name))
    document = design(2, Measure.ACCOUNTS).document()
    assert sorted(territory["load"] for territory in document["territories"]) == [4, 4]


def test_revenue_is_balanced_by_revenue(design, add_account):
    for name, revenue in {"a1": 900.0, "d1": 300.0, "d4": 600.0}.items():
        add_account(unit=code(name), revenue=revenue)
    document = design(2, Measure.REVENUE).document()
    assert sorted(territory["load"] for territory in document["territories"]) == [900, 900]


def test_an_account_of_a_regency_counts_for_its_province(session, actor, country, add_account):
    add_account(unit=code("a1"), revenue=5.0)
    add_account(unit=code("c1"), revenue=7.0)
    found = figures.by_unit(session, ["tst-adm1:w", "tst-adm1:e"])
    assert found == {"tst-adm1:w": (1, 5.0), "tst-adm1:e": (1, 7.0)}


def test_only_accounts_the_actor_sees_are_counted(session, country, add_account, rep, actor_of):
    add_account(unit=code("a1"), owner=rep)
    add_account(unit=code("a1"))
    session.info["scope"] = actor_of(rep)
    assert figures.by_unit(session, [code("a1")])[code("a1")].accounts == 1


def test_accounts_without_a_trustworthy_point_are_named(design, add_account):
    add_account(at=None)
    add_account(unit=code("a1"), grade="country")
    assert design().document()["accounts_without_place"] == 2


def test_an_area_in_pieces_is_joined_by_the_shortest_crossing(design):
    document = design(2, within="tst-adm1:w").document()
    # The island lies nearest to b4; without a crossing the ten units are two pieces.
    assert [(link["a"], link["b"]) for link in document["added_links"]] == [
        (code("b4"), code("i1"))
    ]
    joined = [*EDGES, (code("b4"), code("i1"))]
    assert [pieces(t["units"], joined) for t in document["territories"]] == [1, 1]


def test_a_tolerance_out_of_reach_is_said_and_the_best_plan_given(design):
    found = design(4, tolerance=0.001)
    assert not found.tolerance_met
    assert found.document()["tolerance_met"] is False
    assert found.evaluation.max_deviation == pytest.approx(1 / 9)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"level": "nope"}, "no boundary level 'nope'"),
        ({"within": "tst-adm1:zz"}, "no boundary unit tst-adm1:zz"),
        ({"count": 19}, "more than the 18 units"),
        ({"count": 0}, "ask for 1 or more"),
        ({"tolerance": 0.0}, "tolerance of 0"),
        ({"tolerance": float("nan")}, "tolerance of nan"),
        ({"time_s": -1.0}, "-1 s"),
        ({"measure": Measure.ACCOUNTS}, "no accounts in Regencies"),
        ({"measure": Measure.REVENUE}, "no accounts in Regencies"),
    ],
)
def test_what_cannot_be_designed_is_refused_with_a_reason(session, actor, country, asked, says):
    values = {"level": "tst-adm2", "count": 3, "measure": Measure.POPULATION} | asked
    with pytest.raises(InvalidInput, match=says):
        designing.survey(session, actor, Request(**values))


def test_a_whole_level_in_pieces_is_refused(session, actor, country):
    with pytest.raises(Infeasible, match="not one connected area but 2"):
        designing.survey(session, actor, Request("tst-adm1", 2, Measure.POPULATION))


def test_a_rep_may_not_design(session, country, rep, actor_of):
    with pytest.raises(Forbidden):
        designing.survey(session, actor_of(rep), Request("tst-adm2", 2, Measure.POPULATION))


def test_a_ground_is_read_in_few_statements(session, actor, country, statements):
    designing.survey(session, actor, Request("tst-adm2", 3, Measure.POPULATION))
    assert len(statements) <= 6
