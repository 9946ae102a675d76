"""What the live plan leaves uncovered: white space, empty territories, accounts nobody has."""

import json
import re

from geocrm.security import Role
from geocrm.territories import coverage, members
from geocrm.territories.models import MemberRole
from tests.territories.conftest import code


def test_the_unit_with_fewer_customers_than_its_like_is_white_space(
    session, actor, add_plan, go_live, add_account
):
    plan = add_plan()
    go_live(plan)
    for unit in ("a1", "a2", "b1", "b2", "c1", "c2", "d1", "d2", "a3", "a4", "b3", "b4"):
        for _ in range(3):
            add_account(unit=code(unit), revenue=50.0)
    add_account(unit=code("c3"), revenue=10.0)
    found = {unit.code: unit for unit in coverage.coverage(session, actor).white_space}
    assert (found[code("c3")].accounts, found[code("c3")].expected) == (1, 3.0)
    assert (found[code("c3")].revenue, found[code("c3")].potential) == (10.0, 150.0)
    assert code("a1") not in found
    assert found[code("d4")].missing == 3.0


def test_territories_without_people_people_in_two_and_stray_accounts_are_found(
    session, actor, add_plan, go_live, add_account, add_user
):
    near, far = (add_user(Role.FIELD_REP, name=name) for name in ("Near", "Far"))
    (near.home_lon, near.home_lat), (far.home_lon, far.home_lat) = (106.0, -6.0), (120.0, -6.0)
    plan = add_plan(people={1: [near], 2: [near]})
    go_live(plan)
    stray = add_account(at=(106.1, -6.0))
    found = coverage.coverage(session, actor)
    assert found.unstaffed == ("Slice 3",)
    assert found.doubled == (coverage.Doubled(near.name, ("Slice 1", "Slice 2")),)
    assert found.num_strays == 1
    assert (found.strays[0].id, found.strays[0].rep) == (stray.id, near.name)
    assert 10_000 < found.strays[0].distance_m < 12_000
    assert [rep.id for rep in coverage.nearest_reps(session, actor, stray.id)] == [near.id, far.id]


def test_a_manager_is_shown_the_ground_of_their_branch_only(
    session, actor, add_plan, go_live, add_account, add_user, actor_of
):
    boss = add_user(Role.TERRITORY_MANAGER)
    lead = add_user(Role.TERRITORY_MANAGER, manager_id=boss.id)
    plan = add_plan()
    members.set_members(session, actor, plan.id, None, 1, {lead.id: MemberRole.MANAGER})
    go_live(plan)
    for unit in ("a1", "a2", "d4"):
        for _ in range(4):
            add_account(unit=code(unit))
    session.commit()
    session.info["scope"] = manager = actor_of(lead)
    found = coverage.coverage(session, manager)
    assert {unit.territory for unit in found.white_space} <= {"Slice 1"}
    assert found.unstaffed == ()


def test_the_page_and_the_table_show_it(
    session, signed_in_as, add_plan, go_live, add_user, add_account
):
    head, rep = add_user(Role.ADMINISTRATOR), add_user(Role.FIELD_REP)
    go_live(add_plan())
    for unit in ("a1", "a2", "a3", "a4", "b1", "b2", "b3", "b4", "c1", "c2", "d1", "d2"):
        for _ in range(3):
            add_account(unit=code(unit), revenue=50.0)
    session.commit()
    browser = signed_in_as(head)
    assert "Territories without people" in browser.get("/territories/coverage").text
    page = browser.get("/territories/coverage").text
    shapes = json.loads(re.search(r'id="coverage-shapes">(.*?)<', page)[1])
    listed = re.findall(r'data-unit="([^"]+)"', page)
    assert listed
    assert {shape["properties"]["code"] for shape in shapes} == set(listed)
    assert browser.get("/territories/rules").status_code == 200
    assert signed_in_as(rep).get("/territories/coverage").status_code == 403
