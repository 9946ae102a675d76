"""The review of addresses: what comes first, what a decision does, and taking it back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from geocrm.customers import decisions, queries, review, review_queries, review_tasks
from geocrm.customers.decision_models import AddressDecisionRow
from geocrm.customers.models import Account, AccountScope, Address, AddressPoint
from geocrm.customers.review import Choose, Nowhere, Place
from geocrm.db import elevated
from geocrm.errors import Conflict, Forbidden, InvalidInput, NotFound
from geocrm.security import OPERATOR
from geocrm.security.models import AuditEntry

CIBEUNYING = {
    "label": "Sukamaju, Cibeunying Kidul", "grade": "village",
    "lon": 107.64, "lat": -6.9, "radius_m": 900,
}  # fmt: skip
CILODONG = {
    "label": "Sukamaju, Cilodong", "grade": "village",
    "lon": 106.85, "lat": -6.43, "radius_m": 1200,
}  # fmt: skip
LOOKED_UP = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def add_open(session, add_account):
    """Add a customer whose address waits for a person; two places are called Sukamaju."""

    def add(name="Toko", typed="Sukamaju", **fields: Any):
        address = {
            "typed": typed, "review": "open", "ambiguous": True, "provider": "gazetteer",
            "label": "Jawa Barat", "candidates": [CIBEUNYING, CILODONG], "p1000": 0.2,
            "radius_m": 500.0,
        } | fields.pop("address", {})  # fmt: skip
        account = add_account(name, **({"grade": "district", "at": (107.0, -6.6)} | fields))
        row = session.get_one(Address, account.id)
        # Rewriting an address takes back what was said about it, so the words come first.
        row.typed, row.geocoded_at = address.pop("typed"), LOOKED_UP
        session.flush()
        for key, value in address.items():
            setattr(row, key, value)
        session.commit()
        return account.id

    return add


@pytest.fixture
def seen(session):
    """The digest of an address as it is now."""
    return lambda account_id: review_queries.get(session, account_id).seen


@pytest.fixture
def decide(session, seen):
    """Decide about an address as somebody who has just looked at it."""

    def run(account_id, answer, *, actor=OPERATOR, alike=False):
        found = review.decide(session, actor, account_id, seen(account_id), answer, alike=alike)
        session.commit()
        return found

    return run


def address_of(session, account_id):
    session.expire_all()
    return session.get_one(Address, account_id)


def state_of(session, account_id):
    """All that a decision may change, but the version."""
    session.expire_all()
    address = session.get_one(Address, account_id)
    scope = session.get_one(AccountScope, account_id)
    columns = {c.name: getattr(address, c.name) for c in Address.__table__.columns}
    return columns, (str(scope.geom), scope.grade, scope.radius_m, scope.unit, scope.territory_id)


# ------------------------------------------------------------------------------ the queue


def queue(session, **options):
    return [row.name for row in review_queries.page(session, 10, **options).rows]


def test_the_most_revenue_at_the_greatest_uncertainty_comes_first(session, add_open):
    add_open("Sure and large", revenue=1000, address={"ambiguous": False, "p1000": 0.95})
    add_open("Unsure and middling", revenue=500, address={"p1000": 0.1})
    add_open("Unsure and small", revenue=100, address={"p1000": 0.1})
    add_open("Not asked", address={"review": None})
    assert queue(session) == ["Unsure and middling", "Unsure and small", "Sure and large"]


def test_a_new_customer_without_revenue_is_not_worthless(session, add_open):
    add_open("Old", revenue=1_000, address={"ambiguous": False, "p1000": 0.97})
    add_open("New", revenue=0, address={"p1000": 0.1})
    assert queue(session) == ["New", "Old"]


def test_without_chances_the_radius_says_how_unsure_a_point_is(session, add_open):
    unknown = {"p1000": None, "ambiguous": False}
    for name, radius_m in (("Near", 200.0), ("Far", 9_000.0), ("Middling", 1_500.0)):
        account_id = add_open(name, address=unknown | {"radius_m": radius_m})
        assert account_id
    add_open("None", at=None, address=unknown | {"provider": None, "candidates": []})
    assert queue(session) == ["None", "Far", "Middling", "Near"]


def test_pages_follow_each_other_without_a_gap(session, add_open):
    names = [f"Toko {number}" for number in range(7)]
    for number, name in enumerate(names):
        add_open(name, revenue=100.0 * (number // 2))
    found, after = [], None
    while True:
        page = review_queries.page(session, 3, after)
        found += [row.name for row in page.rows]
        after = page.next and review_queries.Cursor.read(str(page.next))
        if after is None:
            break
    assert sorted(found) == names
    assert found == queue(session)


@pytest.mark.parametrize("text", ["x", "W10", "WzEsMiwzLDRd", "WzFlOTk5LDEsMV0", "[[["])
def test_a_cursor_that_is_none_of_ours_is_refused(text):
    with pytest.raises(InvalidInput):
        review_queries.Cursor.read(text)


def test_a_rep_meets_their_own_addresses_only(session, add_open, rep, actor_of):
    add_open("Theirs")
    mine = add_open("Mine", owner=rep)
    session.info["scope"] = actor_of(rep)
    assert queue(session) == ["Mine"]
    assert review_queries.count(session) == (1, True)
    assert review_queries.get(session, mine).name == "Mine"


def test_the_queue_is_one_statement(session, add_open, statements):
    for number in range(20):
        add_open(f"Toko {number}")
    statements.clear()
    review_queries.page(session, 20)
    assert len(statements) == 1


# ------------------------------------------------------------------------------ candidates


def test_where_it_is_now_is_a_candidate_too_and_nothing_is_offered_twice(session, add_open):
    present = {"label": "Jawa Barat", "grade": "district", "lon": 107.0, "lat": -6.6, "radius_m": 9}
    account_id = add_open(address={"candidates": [present, CIBEUNYING, CILODONG]})
    (offered,) = review.options(session, [review_queries.get(session, account_id)])
    assert [o.placement.label for o in offered] == [
        "Jawa Barat", CIBEUNYING["label"], CILODONG["label"],
    ]  # fmt: skip
    assert [o.present for o in offered] == [True, False, False]


def test_there_are_at_most_as_many_candidates_as_digit_keys(session, add_open):
    many = [CIBEUNYING | {"lon": 107 + n / 100} for n in range(20)]
    account_id = add_open(address={"candidates": many})
    (offered,) = review.options(session, [review_queries.get(session, account_id)])
    assert len(offered) == 9


# ------------------------------------------------------------------------------ deciding


def test_a_chosen_candidate_becomes_the_point_and_is_settled(session, add_open, decide, rep):
    account_id = add_open(owner=rep)
    before = session.get_one(Account, account_id).version
    decide(account_id, Choose(2))
    address = address_of(session, account_id)
    assert (address.lon, address.lat, address.grade) == (107.64, -6.9, "village")
    assert (address.radius_m, address.label) == (900, "Sukamaju, Cibeunying Kidul")
    assert (address.provider, address.review, address.ambiguous) == ("gazetteer", "settled", False)
    assert address.p1000 is None
    assert address.answered == address.fingerprint
    scope = session.get_one(AccountScope, account_id)
    assert (scope.grade, scope.radius_m) == ("village", 900)
    placed = session.connection().scalar(text("SELECT ST_AsText(geom) FROM account_scope"))
    assert placed == "POINT(107.64 -6.9)"
    assert session.get_one(Account, account_id).version == before + 1
    assert queue(session) == []


def test_the_point_before_goes_to_the_history(session, add_open, decide):
    account_id = add_open()
    decide(account_id, Choose(2))
    (point,) = queries.earlier_points(session, account_id)
    assert (point.lon, point.lat, point.label, point.address) == (
        107.0, -6.6, "Jawa Barat", "Sukamaju, ID",
    )  # fmt: skip


def test_choosing_where_it_is_keeps_the_point_and_its_chances(session, add_open, decide):
    account_id = add_open()
    decide(account_id, Choose(1))
    address = address_of(session, account_id)
    assert (address.lon, address.lat, address.review) == (107.0, -6.6, "settled")
    assert address.p1000 == pytest.approx(0.2)
    assert session.scalars(select(AddressPoint.id)).all() == []


def test_a_dragged_pin_is_a_pin_of_the_person(session, add_open, decide, rep, actor_of):
    account_id = add_open(owner=rep)
    decide(account_id, Place(107.5, -6.95), actor=actor_of(rep))
    address = address_of(session, account_id)
    assert (address.provider, address.placed_by, address.grade) == ("pin", rep.id, "rooftop")
    assert (address.lon, address.lat, address.review) == (107.5, -6.95, "settled")


def test_nowhere_takes_the_point_away_until_the_address_changes(session, add_open, decide):
    account_id = add_open()
    decide(account_id, Nowhere())
    address = address_of(session, account_id)
    assert (address.lon, address.grade, address.review) == (None, "none", "nowhere")
    assert session.get_one(AccountScope, account_id).geom is None
    assert address.answered == address.fingerprint
    address.typed = "Sukamaju, Cilodong"
    session.flush()
    assert address_of(session, account_id).review is None


def test_a_decision_is_audited_with_who_and_how_many(session, add_open, decide, rep, actor_of):
    account_id = add_open(owner=rep)
    decide(account_id, Nowhere(), actor=actor_of(rep))
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "address.nowhere")).one()
    assert (entry.user_id, entry.details["account"]) == (rep.id, account_id)


@pytest.mark.parametrize("number", [0, 4, -1])
def test_a_number_that_no_candidate_has_is_refused(add_open, decide, number):
    with pytest.raises(InvalidInput):
        decide(add_open(), Choose(number))


@pytest.mark.parametrize("at", [(0, 0), (181, 0), (float("nan"), 1)])
def test_a_pin_must_stand_somewhere(add_open, decide, at):
    with pytest.raises(InvalidInput):
        decide(add_open(), Place(*at))


# ------------------------------------------------------------------------------ alike


def test_one_decision_settles_all_that_are_written_the_same(session, add_open, decide):
    first = add_open("First")
    same, other = add_open("Same", typed="SUKAMAJU"), add_open("Other", typed="Sukamaju 2")
    assert review_queries.num_alike(session, first) == 1
    found = decide(first, Choose(2), alike=True)
    assert sorted(found.account_ids) == [first, same]
    assert address_of(session, same).lon == 107.64
    assert address_of(session, other).review == "open"


def test_pinned_settled_and_positions_of_their_own_are_not_alike(session, add_open, decide):
    first = add_open("First")
    spared = [
        add_open("Pinned", address={"provider": "pin", "review": None}),
        add_open("Settled", address={"review": "settled"}),
        add_open("Surveyed", address={"provider": "file"}),
    ]
    before = [state_of(session, each) for each in spared]
    decide(first, Choose(2), alike=True)
    assert [state_of(session, each) for each in spared] == before


def test_somebody_elses_are_not_alike(session, add_open, decide, rep, actor_of):
    mine, theirs = add_open("Mine", owner=rep), add_open("Theirs")
    session.info["scope"] = actor_of(rep)
    assert review_queries.num_alike(session, mine) == 0
    decide(mine, Choose(2), actor=actor_of(rep), alike=True)
    with elevated(session):
        assert address_of(session, theirs).review == "open"


def test_empty_addresses_are_not_alike(session, add_open):
    first = add_open("First", typed="")
    add_open("Second", typed="")
    assert review_queries.num_alike(session, first) == 0


# ------------------------------------------------------------------------------ undo


@pytest.mark.parametrize("answer", [Choose(1), Choose(2), Place(107.5, -6.95), Nowhere()])
@pytest.mark.parametrize("alike", [False, True])
def test_undo_brings_everything_back_as_it_was(session, add_open, decide, answer, alike):
    first, second = add_open("First"), add_open("Second")
    before = [state_of(session, each) for each in (first, second)]
    decision = decide(first, answer, alike=alike).decision
    review_tasks.undo(session, OPERATOR, decision.id)
    session.commit()
    assert [state_of(session, each) for each in (first, second)] == before


def test_undo_names_first_what_was_decided_about(session, add_open, decide):
    others = [add_open(f"Toko {number}") for number in range(3)]
    decision = decide(others[1], Choose(2), alike=True).decision
    assert review_tasks.undo(session, OPERATOR, decision.id).account_ids[0] == others[1]


def test_undo_brings_a_pin_back_that_a_decision_took_away(session, add_open, decide, rep):
    pinned = {"provider": "pin", "placed_by": rep.id, "geocoded_at": None}
    account_id = add_open(address=pinned, grade="rooftop")
    before = state_of(session, account_id)
    decision = decide(account_id, Nowhere()).decision
    assert address_of(session, account_id).lon is None
    review_tasks.undo(session, OPERATOR, decision.id)
    assert state_of(session, account_id) == before


def test_what_changed_since_is_not_undone(session, add_open, decide):
    account_id = add_open()
    decision = decide(account_id, Choose(2)).decision
    address_of(session, account_id).typed = "Sukamaju 7"
    session.flush()
    with pytest.raises(Conflict, match="changed again"):
        review_tasks.undo(session, OPERATOR, decision.id)
    assert address_of(session, account_id).lon == 107.64


def test_a_decision_is_undone_once_and_by_who_made_it(session, add_open, decide, rep, actor_of):
    decision = decide(add_open(owner=rep), Choose(2), actor=actor_of(rep)).decision
    with pytest.raises(NotFound):
        review_tasks.undo(session, OPERATOR, decision.id)
    review_tasks.undo(session, actor_of(rep), decision.id)
    with pytest.raises(Conflict, match="already"):
        review_tasks.undo(session, actor_of(rep), decision.id)


def test_undo_reaches_what_the_decision_moved_out_of_sight(
    session, add_open, decide, rep, actor_of
):
    account_id = add_open(territory_id=7)
    seer = actor_of(rep)
    seer = type(seer)(rep.id, seer.role, territory_ids=frozenset({7}))
    session.info["scope"] = seer
    decision = decide(account_id, Nowhere(), actor=seer).decision
    with pytest.raises(NotFound):
        review_queries.get(session, account_id)
    assert review_tasks.undo(session, seer, decision.id).account_ids == [account_id]


def test_a_point_that_terms_forbid_to_keep_is_neither_kept_nor_brought_back(
    session, add_open, decide
):
    borrowed = {"retain_until": datetime.now(UTC) + timedelta(days=2), "provider": "borrowed"}
    first, second = add_open(address=borrowed), add_open(typed="Other", address=borrowed)
    decision = decide(first, Nowhere()).decision
    other = decide(second, Nowhere()).decision
    let_pass = text(
        "UPDATE address_decision_rows SET before = before || "
        "jsonb_build_object('retain_until', now() - interval '1 second')"
    )
    session.connection().execute(let_pass)
    with pytest.raises(Conflict):
        review_tasks.undo(session, OPERATOR, decision.id)
    assert address_of(session, first).lon is None
    decisions.forget(session)
    assert session.scalars(select(AddressDecisionRow.account_id)).all() == []
    assert review_tasks.undo(session, OPERATOR, other.id).account_ids == []


# ------------------------------------------------------------------------------ two people


def test_the_second_to_decide_is_told_who_was_first(session, add_open, seen, rep, actor_of):
    account_id = add_open(owner=rep)
    old = seen(account_id)
    review.decide(session, actor_of(rep), account_id, old, Choose(2), alike=False)
    with pytest.raises(Conflict, match=rep.name):
        review.decide(session, OPERATOR, account_id, old, Nowhere(), alike=False)


def test_a_decision_about_an_address_that_was_rewritten_is_refused(session, add_open, seen):
    account_id = add_open()
    old = seen(account_id)
    address_of(session, account_id).typed = "Cilodong"
    session.flush()
    with pytest.raises(Conflict, match="changed since"):
        review.decide(session, OPERATOR, account_id, old, Choose(2), alike=False)


def test_a_number_means_the_candidate_that_was_seen_and_no_other(session, add_open, seen):
    account_id = add_open()
    old = seen(account_id)
    # A batch found others meanwhile: number 2 is another place by now.
    address_of(session, account_id).candidates = [CILODONG, CIBEUNYING]
    session.flush()
    with pytest.raises(Conflict, match="changed since"):
        review.decide(session, OPERATOR, account_id, old, Choose(2), alike=False)


def test_others_records_are_not_there_and_marketers_decide_nothing(
    session, add_open, seen, rep, marketer, actor_of
):
    account_id = add_open()
    old = seen(account_id)
    session.info["scope"] = actor_of(rep)
    with pytest.raises(NotFound):
        review.decide(session, actor_of(rep), account_id, old, Choose(1), alike=False)
    with pytest.raises(Forbidden):
        review.decide(session, actor_of(marketer), account_id, old, Choose(1), alike=False)


# ------------------------------------------------------------------------------ words


@pytest.mark.parametrize(
    ("chances", "said"),
    [
        ((0.1, 0.93, 0.99, 1.0), (9, 200)),
        ((0.0, 0.3, 0.62, 0.89), (6, 1000)),
        ((0.0, 0.0, 0.1, 0.38), (3, 5000)),
        ((1.0, 1.0, 1.0, 1.0), (10, 50)),
        ((None, None, None, None), None),
    ],
)
def test_chances_are_said_without_promising_more_than_is_known(chances, said):
    assert review.likely(chances) == said


def test_the_reason_says_why_a_person_is_asked(session, add_open):
    account_id = add_open(address={"notes": [{"code": "unknown", "given": "Xyz"}]})
    assert review.reasons(review_queries.get(session, account_id)) == ["ambiguous", "unknown"]
