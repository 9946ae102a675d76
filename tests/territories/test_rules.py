"""Accounts that geography does not decide: rules win, at once, whoever writes the account."""

import re

import pytest
from sqlalchemy import select

from geocrm.customers import assigning
from geocrm.customers import service as customers
from geocrm.customers.models import AccountScope
from geocrm.errors import Conflict, Forbidden, InvalidInput
from geocrm.security import Role
from geocrm.territories import activation, queries, rule_queries, rules, service
from geocrm.territories.models import Territory
from geocrm.territories.rule_queries import Overlap, Reach
from geocrm.territories.rules import RuleWish
from tests.territories.conftest import code

# Slices of the country: a1 lies in "Slice 1", d4 in the last but the islands, i2 in "Slice 3".


@pytest.fixture
def live(add_plan, go_live):
    plan = add_plan("First")
    go_live(plan)
    return plan


@pytest.fixture
def where(session):
    """The name of the territory an account has."""

    def find(account) -> str | None:
        session.expire_all()
        return session.scalar(
            select(Territory.name)
            .join(AccountScope, AccountScope.territory_id == Territory.id)
            .where(AccountScope.account_id == account.id)
        )

    return find


def test_a_named_account_goes_where_the_rule_says_and_back_when_the_rule_goes(
    session, actor, live, add_account, where
):
    chain, neighbour = add_account(unit=code("a1")), add_account(unit=code("a1"))
    assigning.assign_from(session, _BY_GROUND, {})
    rule, moved = rules.add(
        session, actor, RuleWish("Key accounts", "Slice 3", account_ids=(chain.id,))
    )
    assert moved == 1
    assert (where(chain), where(neighbour)) == ("Slice 3", "Slice 1")
    assert rule_queries.reason_for(session, chain.id) == (
        "rule", "Slice 3", "Key accounts", "Unit a1",
    )  # fmt: skip
    assert rule_queries.reason_for(session, neighbour.id).kind == "ground"
    assert rules.remove(session, actor, rule.id) == 1
    assert where(chain) == "Slice 1"
    assert rule_queries.reason_for(session, chain.id).kind == "ground"


def test_new_and_changed_accounts_are_assigned_at_once(session, actor, live, add_account, where):
    rules.add(session, actor, RuleWish("Hospitals", "Slice 2", tags=("hospital",)))
    rules.add(session, actor, RuleWish("Large", "Slice 3", min_revenue=5_000.0))
    rules.add(
        session, actor, RuleWish("A in the west", "Slice 3", segments=("A",), unit=code("a1"))
    )
    new = add_account(unit=code("a1"), tags=["hospital"])
    assert where(new) == "Slice 2"
    shop = add_account(unit=code("a1"), segment="B")
    customers.change(session, actor, shop.id, shop.version, {"segment": "A"})
    assert where(shop) == "Slice 3"
    customers.change(session, actor, shop.id, shop.version, {"segment": "B"})
    assert where(shop) == "Slice 1"
    customers.change(session, actor, shop.id, shop.version, {"annual_revenue": 6_000.0})
    assert where(shop) == "Slice 3"
    customers.change(session, actor, shop.id, shop.version, {"tags": ["hospital"]})
    assert where(shop) == "Slice 2"


def test_a_rule_for_an_area_lets_an_account_go_that_moves_out_of_it(
    session, actor, live, add_account, where
):
    rules.add(session, actor, RuleWish("West", "Slice 3", segments=("B",), unit="tst-adm1:w"))
    account = add_account(unit=code("a1"))
    assert where(account) == "Slice 3"
    customers.pin(session, actor, account.id, 2.5, 3.5)
    assert session.get(AccountScope, account.id).unit == code("c1")
    assert rule_queries.reason_for(session, account.id).kind == "ground"


def test_of_two_rules_the_first_wins_and_the_overlap_is_shown(
    session, actor, live, add_account, where
):
    account = add_account(unit=code("a1"), segment="A", tags=["hospital"])
    add_account(unit=code("a1"), segment="A")
    first, _ = rules.add(session, actor, RuleWish("Hospitals", "Slice 2", tags=("hospital",)))
    second, _ = rules.add(session, actor, RuleWish("A", "Slice 3", segments=("A",)))
    reaches, overlaps = rule_queries.reaches(session)
    assert reaches == {first.id: Reach(1, 1), second.id: Reach(2, 1)}
    assert overlaps == [Overlap(first.id, second.id, 1)]
    assert where(account) == "Slice 2"
    assert rules.order(session, actor, [second.id, first.id]) == 1
    assert where(account) == "Slice 3"
    with pytest.raises(Conflict):
        rules.order(session, actor, [second.id])


def test_a_preview_says_what_would_move_and_keeps_nothing(session, actor, live, add_account, where):
    account = add_account(unit=code("a1"), segment="A", revenue=70.0)
    wish = RuleWish("A", "Slice 3", segments=("A",))
    (effect,) = rules.preview(session, actor, wish, None)
    names = {t.id: t.name for t in session.scalars(select(Territory))}
    assert (names.get(effect.before), names[effect.after]) == (where(account), "Slice 3")
    assert (effect.accounts, effect.revenue) == (1, 70.0)
    assert rule_queries.all_rules(session) == []
    rule, moved = rules.add(session, actor, wish)
    assert moved == 1
    assert rules.preview(session, actor, wish, rule.id) == []
    (back,) = rules.preview_removal(session, actor, rule.id)
    assert names[back.before] == "Slice 3"
    assert where(account) == "Slice 3"


def test_a_rule_outlives_the_plan_by_the_name_of_its_territory(
    session, actor, live, add_plan, go_live, add_account, where
):
    account = add_account(unit=code("a1"), segment="A")
    rule, _ = rules.add(session, actor, RuleWish("A", "Slice 3", segments=("A",)))
    session.commit()
    next_plan = add_plan("Second", count=4)
    previewed = activation.size(session, next_plan)
    assert go_live(next_plan).accounts == previewed == 1
    assert where(account) == "Slice 3"
    assert session.get(AccountScope, account.id).rule_id == rule.id
    without = add_plan("Third", count=2)
    go_live(without)
    assert where(account) == "Slice 1"
    assert rule_queries.missing_territories(session) == {rule.id}
    activation.undo(session, actor, without.id)
    assert where(account) == "Slice 3"
    assert rule_queries.missing_territories(session) == set()


def test_a_rule_goes_along_when_its_live_territory_is_renamed(
    session, actor, live, add_account, where
):
    account = add_account(unit=code("a1"), segment="A")
    rule, _ = rules.add(session, actor, RuleWish("A", "Slice 3", segments=("A",)))
    (third,) = (t for t in queries.territories(session, live.id) if t.name == "Slice 3")
    service.describe(session, actor, live.id, None, third.number, name="East")
    session.refresh(rule)
    assert rule.territory == "East"
    assert rule_queries.missing_territories(session) == set()
    assert where(account) == "East"
    assert where(add_account(unit=code("a1"), segment="A")) == "East"


def test_a_draft_that_renames_a_territory_leaves_rules_alone(session, actor, live, add_plan):
    rule, _ = rules.add(session, actor, RuleWish("A", "Slice 3", segments=("A",)))
    draft = add_plan("Second")
    (third,) = (t for t in queries.territories(session, draft.id) if t.name == "Slice 3")
    service.describe(session, actor, draft.id, None, third.number, name="East")
    session.refresh(rule)
    assert rule.territory == "Slice 3"


def test_writing_the_ground_does_not_undo_a_rule(session, actor, live, add_account, where):
    account = add_account(unit=code("a1"), segment="A")
    rules.add(session, actor, RuleWish("A", "Slice 3", segments=("A",)))
    assigning.assign_from(session, _BY_GROUND, {})
    assert where(account) == "Slice 3"


def test_what_is_read_and_what_is_written_decide_alike(session, actor, live, add_account):
    for wish in (
        RuleWish("Tagged", "Slice 2", tags=("x", "y"), unit="tst-adm1:e"),
        RuleWish("Large", "slice 3", min_revenue=500.0),
        RuleWish("A and B", "Slice 1", segments=("A", "B"), unit=code("d4")),
    ):
        rules.add(session, actor, wish)
    for at, unit in enumerate(["a1", "b2", "c3", "d4", "i1", None] * 3):
        add_account(
            unit=code(unit) if unit else None,
            segment="ABCD"[at % 4],
            tags=[["x"], ["z"], []][at % 3],
            revenue=[100.0, 900.0][at % 2],
        )
    assert rule_queries.effects(session) == []


def test_a_manager_moves_only_accounts_they_see(
    session, actor, live, add_account, add_user, actor_of
):
    boss = add_user(Role.TERRITORY_MANAGER)
    lead = add_user(Role.TERRITORY_MANAGER, manager_id=boss.id)
    own, foreign = add_account(owner=lead, unit=code("a1")), add_account(unit=code("a1"))
    session.commit()
    session.info["scope"] = manager = actor_of(lead)
    with pytest.raises(Forbidden, match="nobody named"):
        rules.add(session, manager, RuleWish("A", "Slice 3", segments=("A",)))
    with pytest.raises(InvalidInput, match=f"no customer {foreign.id}"):
        rules.add(session, manager, RuleWish("X", "Slice 3", account_ids=(foreign.id,)))
    session.rollback()
    _, moved = rules.add(session, manager, RuleWish("Own", "Slice 3", account_ids=(own.id,)))
    assert moved == 1


def test_what_cannot_be_a_rule_says_why(session, actor, live):
    for wish, words in (
        (RuleWish(" ", "Slice 1", segments=("A",)), "needs a name"),
        (RuleWish("X", "Nowhere", segments=("A",)), "no live territory 'Nowhere'; there are Slice"),
        (RuleWish("X", "Slice 1"), "needs customers, segments, tags or a revenue"),
        (RuleWish("X", "Slice 1", account_ids=(10**9,)), "no customer"),
        (RuleWish("X", "Slice 1", segments=("A",), unit="nowhere"), "no unit 'nowhere'"),
        (RuleWish("X", "Slice 1", min_revenue=float("nan")), "not an annual revenue"),
    ):
        with pytest.raises(InvalidInput, match=words):
            rules.preview(session, actor, wish, None)


_BY_GROUND = """
    SELECT s.account_id, l.territory_id FROM account_scope s JOIN live_units l ON l.unit = s.unit
"""


def test_the_page_previews_saves_and_explains(
    signed_in_as, session, actor, live, add_account, add_user
):
    account = add_account(name="Rumah Sakit", unit=code("a1"), tags=["hospital"])
    head = add_user(Role.ADMINISTRATOR)
    session.commit()
    client = signed_in_as(head)
    token = re.search(
        r'name="csrf_token" value="([^"]+)"', client.get("/territories/rules/new").text
    )
    form = {
        "csrf_token": token[1],
        "name": "Hospitals",
        "territory": "Slice 3",
        "tags": "hospital",
        "active": "1",
    }
    shown = client.post("/territories/rules/save", data=form | {"do": "preview"})
    assert shown.status_code == 200
    assert "1 customer would move." in shown.text
    assert rule_queries.all_rules(session) == []
    assert client.post("/territories/rules/save", data=form | {"do": "save"}).status_code == 302
    assert "Hospitals" in client.get("/territories/rules").text
    assert "by the rule Hospitals" in client.get(f"/accounts/{account.id}").text
    assert f"#{account.id}" in client.get(f"/territories/rules/new?account={account.id}").text


def test_a_refused_rule_stays_in_its_form_to_be_corrected(signed_in_as, session, live, add_user):
    client = signed_in_as(add_user(Role.ADMINISTRATOR))
    page = client.get("/territories/rules/new").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    form = {"csrf_token": token[1], "name": "Giants", "territory": "Slice 3", "active": "1"}
    for do in ("preview", "save"):
        refused = client.post(
            "/territories/rules/save", data=form | {"do": do, "min_revenue": "much"}
        )
        assert refused.status_code == 422
        assert "&#39;much&#39; is not a revenue" in refused.text
        assert 'value="Giants"' in refused.text
        assert 'value="much"' in refused.text
    assert rule_queries.all_rules(session) == []


@pytest.mark.parametrize(
    ("locale", "written", "amount"),
    [("en", "5,000,000.5", 5_000_000.5), ("id", "500.000", 500_000), ("id", "0,5", 0.5)],
)
def test_an_amount_counts_as_its_reader_writes_it(
    signed_in_as, session, live, add_user, locale, written, amount
):
    client = signed_in_as(add_user(Role.ADMINISTRATOR, locale=locale))
    page = client.get("/territories/rules/new").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    form = {"csrf_token": token[1], "name": "Giants", "territory": "Slice 3", "active": "1"}
    saved = client.post(
        "/territories/rules/save", data=form | {"do": "save", "min_revenue": written}
    )
    assert saved.status_code == 302
    rule = rule_queries.all_rules(session)[0]
    assert rule.min_revenue == amount
    # What the form shows is read as the same again.
    shown = client.get(f"/territories/rules/{rule.id}").text
    again = re.search(r'name="min_revenue" value="([^"]+)"', shown) or re.search(
        r'value="([^"]+)"[^>]*name="min_revenue"', shown
    )
    changed = form | {"do": "save", "rule_id": rule.id, "min_revenue": again[1]}
    assert client.post("/territories/rules/save", data=changed).status_code == 302
    session.expire_all()
    assert rule_queries.all_rules(session)[0].min_revenue == amount


def test_the_list_names_the_area_of_a_rule(signed_in_as, session, actor, live, add_user):
    wish = RuleWish(name="Here", territory="Slice 3", segments=("A",), unit=code("a1"))
    rules.add(session, actor, wish)
    session.commit()
    shown = signed_in_as(add_user(Role.ADMINISTRATOR)).get("/territories/rules").text
    assert rule_queries.area_names(session, [code("a1")])[code("a1")] in shown
    assert f"only in {code('a1')}" not in shown


def test_a_rule_goes_up_down_and_to_the_top(signed_in_as, session, actor, live, add_user):
    head = add_user(Role.ADMINISTRATOR)
    ids = []
    for name in ("One", "Two", "Three"):
        wish = RuleWish(name=name, territory="Slice 3", tags=(name.lower(),))
        ids.append(rules.add(session, actor, wish)[0].id)
    session.commit()
    client = signed_in_as(head)
    page = client.get("/territories/rules").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)

    def after(rule_id: int, where: str) -> list[str]:
        form = {"csrf_token": token[1]}
        answer = client.post(f"/territories/rules/{rule_id}/{where}", data=form)
        assert answer.status_code == 302
        session.expire_all()
        return [rule.name for rule in rule_queries.all_rules(session)]

    assert after(ids[2], "top") == ["Three", "One", "Two"]
    assert after(ids[2], "down") == ["One", "Three", "Two"]
    assert after(ids[1], "up") == ["One", "Two", "Three"]
    assert after(ids[2], "down") == ["One", "Two", "Three"]
