"""Plans on units of one's own making, live: who has which customer, at once, and back."""

import html
import random
import re
from datetime import date

import pytest
from sqlalchemy import func, select, text, update

from geocrm.customers import scope
from geocrm.customers.models import AccountScope
from geocrm.db import elevated, scoped_sql
from geocrm.errors import Conflict, InvalidInput
from geocrm.maps import pyramid_upkeep
from geocrm.territories import (
    activation,
    comparison,
    history,
    life,
    made_levels,
    making,
    next_plan,
    queries,
    rule_queries,
    rules,
    service,
    types,
)
from geocrm.territories.made_models import UnitAccount
from geocrm.territories.making import Cutting, Wish
from geocrm.territories.rules import RuleWish
from tests.territories.conftest import cells, code, hexagons
from tests.territories.test_hand_over import assert_sums_are_right

COUNTRYSIDE = code("b4")


@pytest.fixture
def field(shops, add_account):
    """The thirty shops, and others: across a border, in the east, without a place."""
    rng = random.Random(7)
    for number in range(12):
        x = 0.9 + number / 60  # a1 ends at 1
        unit = code("a1") if x < 1 else code("b1")
        shops.append(add_account(f"Border {number}", unit=unit, at=(x, 3 + rng.random())))
    shops.append(add_account("East", unit=code("d1"), at=(3.5, 3.5)))
    shops.append(add_account("Somewhere", unit=None, at=None))
    return shops


def carried(session) -> dict[int, int | None]:
    session.expire_all()
    return dict(session.execute(select(AccountScope.account_id, AccountScope.territory_id)).all())


def by_outlines(session, plan) -> dict[int, int | None]:
    """Who has whom, by nothing but the shapes of the units of the plan."""
    with elevated(session):
        rows = scoped_sql(
            session,
            "SELECT s.account_id, (SELECT u.territory_id FROM territory_units u"
            " JOIN boundaries b ON b.code = u.unit WHERE u.plan_id = :plan"
            " AND ST_Covers(b.geom, s.geom) ORDER BY b.code LIMIT 1)"
            " FROM account_scope s WHERE {scope:s}",
            {"plan": plan.id},
        )
        return dict(rows.all())


@pytest.fixture
def live_on(make, add_plan, go_live):
    """Make units, divide them, and make that plan live."""

    def run(wish: Wish, count: int = 3, **more):
        plan = add_plan(f"On {wish.name}", count, level=make(wish).code, **more)
        go_live(plan)
        return plan

    return run


@pytest.mark.parametrize(
    "wish",
    [
        cells(4),
        hexagons(km=70),
        Wish("Mixed", level="tst-adm2", splits={code("a1"): Cutting("customers", 6)}),
    ],
    ids=["customers", "hexagons", "mixed"],
)
def test_accounts_go_to_the_territory_whose_unit_holds_them(session, field, live_on, wish):
    plan = live_on(wish)
    held = carried(session)
    assert held == by_outlines(session, plan)
    assert len(set(held.values()) - {None}) >= 2
    outside = sum(territory is None for territory in held.values())
    assert outside == (1 if wish.name == "Mixed" else 2)


def test_a_hexagon_gathers_its_accounts_across_an_administrative_border(session, field, live_on):
    live_on(hexagons(km=70))
    shared = session.execute(
        select(UnitAccount.unit, func.count(AccountScope.unit.distinct()))
        .join(AccountScope, AccountScope.account_id == UnitAccount.account_id)
        .group_by(UnitAccount.unit)
        .order_by(func.count(AccountScope.unit.distinct()).desc())
    ).first()
    assert shared[1] == 2
    inside = select(UnitAccount.account_id).where(UnitAccount.unit == shared[0])
    held = select(AccountScope.territory_id).where(AccountScope.account_id.in_(inside)).distinct()
    assert len(session.scalars(held).all()) == 1


def test_a_new_account_is_assigned_at_once(session, field, live_on, add_account):
    plan = live_on(hexagons(km=70))
    wrong = next(t.id for t in queries.territories(session, plan.id))
    new = [
        add_account(unit=COUNTRYSIDE, at=(1.5, 0.5)),
        add_account(unit=COUNTRYSIDE, at=(1.6, 0.4), territory_id=wrong),
        add_account(unit=code("d2"), at=(3.5, 2.5), territory_id=wrong),
    ]
    held = carried(session)
    expected = by_outlines(session, plan)
    assert [held[one.id] for one in new] == [expected[one.id] for one in new]
    assert (held[new[0].id] is None, held[new[2].id]) == (False, None)


def test_a_moved_account_follows_its_point_also_within_a_regency(session, field, live_on):
    plan = live_on(cells(4))
    unit = update(AccountScope).where(AccountScope.account_id == field[0].id)
    seen = set()
    for x, y in ((0.1, 3.1), (0.9, 3.9), (0.1, 3.9), (1.5, 2.5)):
        session.execute(unit.values(geom=func.ST_SetSRID(func.ST_MakePoint(x, y), 4326)))
        assert carried(session) == by_outlines(session, plan)
        scope.place(session, field[0].id)
        assert carried(session) == by_outlines(session, plan)
        seen.add(carried(session)[field[0].id])
    assert len(seen) > 1
    session.execute(unit.values(geom=None, grade="none", radius_m=None, unit=None))
    assert carried(session)[field[0].id] is None


def test_a_rule_wins_over_the_cell_and_gives_back_to_it(session, actor, field, live_on):
    plan = live_on(cells(4))
    ground = carried(session)
    named = field[0].id
    other = next(t for t in queries.territories(session, plan.id) if t.id != ground[named])
    wish = RuleWish("Key account", other.name, account_ids=(named,))
    rule, moved = rules.add(session, actor, wish)
    assert moved == 1
    session.commit()
    assert carried(session) == ground | {named: other.id}
    assert rule_queries.reason_for(session, named).kind == "rule"
    assert rules.remove(session, actor, rule.id) == 1
    session.commit()
    assert carried(session) == ground
    why = rule_queries.reason_for(session, named)
    cell = session.scalar(select(UnitAccount.unit).where(UnitAccount.account_id == named))
    name = session.scalar(text("SELECT name FROM boundaries WHERE code = :c"), {"c": cell})
    assert (why.kind, why.unit) == ("ground", name)


def test_a_rule_holds_through_going_live_and_back(
    session, actor, field, make, add_plan, add_account, go_live
):
    go_live(add_plan("Regencies"))
    wish = RuleWish("Segment", "Slice 2", segments=("A",))
    rules.add(session, actor, wish)
    key = add_account(unit=code("a1"), at=(0.5, 3.5), segment="A")
    session.commit()
    before = carried(session)
    plan = add_plan("Cells", level=make(cells(4)).code)
    go_live(plan)
    second = {t.name: t.id for t in queries.territories(session, plan.id)}["Slice 2"]
    assert carried(session) == by_outlines(session, plan) | {key.id: second}
    activation.undo(session, actor, plan.id)
    assert carried(session) == before


def test_undo_gives_back_exactly_what_was(session, actor, field, make, add_plan, go_live):
    regencies, made = add_plan("Regencies"), add_plan("Cells", level=make(cells(4)).code)
    again = add_plan("Regencies again", 4)
    states = [carried(session)]
    for plan in (regencies, made, again):
        go_live(plan)
        states.append(carried(session))
    assert states[1] != states[2] != states[3]
    for plan, before in ((again, states[2]), (made, states[1]), (regencies, states[0])):
        activation.undo(session, actor, plan.id)
        session.commit()
        assert carried(session) == before


def test_who_comes_while_it_is_live_has_a_territory_after_the_undo(
    session, actor, field, make, add_plan, go_live, add_account
):
    regencies = add_plan("Regencies")
    go_live(regencies)
    made = add_plan("Cells", level=make(cells(4)).code)
    go_live(made)
    new = add_account(unit=code("d1"), at=(3.2, 3.2))
    assert carried(session)[new.id] is None
    activation.undo(session, actor, made.id)
    assert carried(session)[new.id] == by_outlines(session, regencies)[new.id] is not None


def test_a_copy_hands_over_only_the_cell_that_moved(session, actor, field, live_on, go_live):
    live = live_on(cells(4))
    copy = service.copy(session, actor, live.id)
    unit = session.scalar(select(UnitAccount.unit).where(UnitAccount.account_id == field[0].id))
    now = carried(session)[field[0].id]
    target = next(t for t in queries.territories(session, live.id) if t.id != now)
    move = service.Move(unit, target.number)
    service.move_units(session, actor, copy.id, None, [move], splits_allowed=True)
    inside = session.scalar(select(func.count()).where(UnitAccount.unit == unit))
    assert go_live(copy).accounts == inside > 0
    assert carried(session) == by_outlines(session, copy)


def test_sums_and_history_follow(session, actor, field, make, add_plan, go_live, add_account):
    for number, account in enumerate(field):
        row = update(AccountScope).where(AccountScope.account_id == account.id)
        session.execute(row.values(last_order=date(2026, 1, 1 + number % 28)))
    pyramid_upkeep.rebuild(session)
    go_live(add_plan("Regencies"))
    made = add_plan("Cells", level=make(cells(4)).code)
    go_live(made)
    assert_sums_are_right(session)
    add_account(unit=code("a1"), at=(0.5, 3.5))
    scope.place(session, field[0].id)
    assert_sums_are_right(session)
    unit = session.scalar(select(UnitAccount.unit).where(UnitAccount.account_id == field[0].id))
    today = history.clock.business_day()
    assert history.unit_on(session, unit, today).id == carried(session)[field[0].id]
    activation.undo(session, actor, made.id)
    assert_sums_are_right(session)


def test_a_rep_sees_exactly_the_accounts_of_their_cells(
    session, field, live_on, add_user, actor_of
):
    person = add_user()
    plan = live_on(cells(4), people={1: [person]})
    first = queries.territories(session, plan.id)[0].id
    mine = {account for account, held in carried(session).items() if held == first}
    session.info["scope"] = actor_of(person)
    assert set(session.scalars(select(AccountScope.account_id))) == mine
    assert len(mine) > 1


def test_before_it_goes_live_those_left_out_are_counted_and_named(
    session, field, make, add_plan, go_live
):
    go_live(add_plan("Regencies"))
    made = add_plan("Cells", level=make(cells(4)).code)
    held, after = carried(session), by_outlines(session, made)
    left = [account for account in held if held[account] and after[account] is None]
    assert comparison.compare(session, made).left_out == len(left) == 1
    changing = {a for a in held if held[a] != after[a]}
    pairs = {(change.before, change.after) for change in activation.changes(session, made)}
    named = [one for p in pairs for one in activation.moving_accounts(session, made, p, 0, 100)]
    assert {one.id for one in named} == changing
    assert [one.name for one in named if one.after is None] == ["East"]
    assert activation.size(session, made) == len(changing)


def test_outlines_are_shown_to_the_field_while_the_plan_is_live(
    session, actor, field, live_on, client_of, rep, marketer
):
    plan = live_on(cells(4))
    tile = f"/tiles/boundaries/{plan.level}/5/16/15.mvt"
    assert client_of(rep).get(tile).status_code == 200
    assert client_of(rep).get("/tiles/territories/5/16/15.mvt").data
    assert client_of(marketer).get(tile).status_code == 404
    for who, status in ((rep, 200), (marketer, 404)):
        assert client_of(who).get(f"/api/v1/territories/plans/{plan.id}").status_code == status
    activation.undo(session, actor, plan.id)
    session.commit()
    assert client_of(rep).get(tile).status_code == 404


def test_who_only_counts_customers_reads_that_a_plan_is_live(
    session, field, live_on, signed_in_as, marketer
):
    desk = signed_in_as(marketer)
    assert "No territories yet" in desk.get("/territories").text
    live_on(cells(4))
    shown = desk.get("/territories").text
    assert "The live plan is not shown here" in shown
    assert "No territories yet" not in shown


def test_units_of_a_plan_that_was_live_stay(session, actor, field, live_on, add_plan, go_live):
    plan = live_on(cells(4))
    go_live(add_plan("Regencies"))
    assert plan.state == "archived"
    with pytest.raises(Conflict, match="is built of these units"):
        made_levels.discard(session, actor, plan.level)


def test_units_on_trial_do_not_go_live(session, actor, field, add_plan):
    made = making.make(hexagons(), making.read(session, actor, hexagons()))
    plan = add_plan("Trial", level=made_levels.put(session, actor, made).code)
    with pytest.raises(InvalidInput, match="keep the units"):
        activation.activate(session, actor, plan.id)
    made_levels.keep(session, actor, plan.level)
    plan.state = "approved"
    session.flush()
    assert "schedule" in life.possible(session, actor, plan)


def test_a_service_plan_on_made_units_serves_their_accounts(
    session, actor, field, make, add_plan, go_live, add_user
):
    technician = add_user()
    go_live(add_plan("Regencies"))
    level = make(hexagons(km=70)).code
    care = add_plan("Care", count=1, people={1: [technician]}, level=level)
    types.set_type(session, actor, care.id, None, "service")
    session.commit()
    before = carried(session)
    assert go_live(care).accounts == 0
    assert carried(session) == before
    (served,) = types.serving(session, field[0].id)
    assert served.people == (technician.name,)
    east = next(one for one in field if one.name == "East")
    assert types.serving(session, east.id) == []


def test_the_field_sees_the_next_plan_in_its_finer_units(
    session, actor, field, make, add_plan, go_live, add_user, actor_of
):
    person = add_user()
    go_live(add_plan("Regencies", people={1: [person]}))
    made = add_plan("Cells", 1, level=make(cells(4)).code, people={1: [person]})
    life.take(session, actor, made.id, "submit")
    session.commit()
    me = actor_of(person)
    session.info["scope"] = me
    outlook = next_plan.outlook(session, me, made)
    staying = {unit.code for unit in outlook.units_that("staying")}
    assert staying
    assert all(unit.startswith(made.level) for unit in staying)
    assert code("a1") not in {unit.code for unit in outlook.units}
    assert outlook.accounts == ()


def test_a_made_plan_is_compared_with_one_of_regencies(
    session, field, make, add_plan, client_of, signed_in_as, manager
):
    plain, made = add_plan("Regencies", 2), add_plan("Cells", 2, level=make(cells(4)).code)
    found = client_of(manager).get(f"/api/v1/territories/diff?a={plain.id}&b={made.id}").json
    assert found["totals"]["units"] > found["moved"]["units"] > 0
    moved = {unit for flow in found["matrix"] for unit in flow["codes"]}
    assert any(unit.startswith(made.level) for unit in moved)
    page = signed_in_as(manager).get(f"/territories/compare?a={plain.id}&b={made.id}")
    assert page.status_code == 200
    # The cells lie over what the regencies have beside them.
    drawn = re.search(r'"levels": ?\["tst-adm2", ?"([^"]+)"\]', html.unescape(page.text))
    assert drawn
    assert drawn[1] == made.level
