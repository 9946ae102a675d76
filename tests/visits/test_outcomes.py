"""What came of a visit moves the customer's last visit, once, and tomorrow's plan with it."""

import itertools
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select

from geocrm import clock
from geocrm.customers.models import AccountScope, Activity
from geocrm.errors import Conflict, Forbidden, InvalidInput, NotFound
from geocrm.visits import documents, queries, recording
from tests.visits.conftest import TOMORROW

NEXT_DAY = TOMORROW + timedelta(days=1)


def this_day():
    """Asked anew each time: tests may run past midnight."""
    return clock.today("Asia/Jakarta")


def last_visit(session, account):
    return session.scalar(
        select(AccountScope.last_visit)
        .where(AccountScope.account_id == account.id)
        .execution_options(populate_existing=True)
    )


def timeline(session, account):
    return session.execute(
        select(Activity.kind, Activity.outcome, Activity.text)
        .where(Activity.account_id == account.id)
        .order_by(Activity.id)
    ).all()


def planned(session, plan):
    return [stop.account_id for stop in queries.stops(session, plan.id)]


def test_who_was_visited_is_not_in_the_plan_of_the_next_day(session, around, plan, tell):
    done, open_still = around("Done"), around("Open")
    today = plan()
    tell(today, done, note="Ordered two boxes")
    assert last_visit(session, done) == this_day()
    assert timeline(session, done) == [("visit", "done", "Ordered two boxes")]
    assert planned(session, plan(day=NEXT_DAY)) == [open_still.id]


def test_nobody_there_leaves_the_visit_due(session, around, plan, tell):
    shop = around("Shop", last_visit=TOMORROW - timedelta(days=100))
    tell(plan(), shop, "nobody")
    assert last_visit(session, shop) == TOMORROW - timedelta(days=100)
    again = plan(day=NEXT_DAY)
    assert planned(session, again) == [shop.id]
    (stop,) = documents.document(session, again)["stops"]
    assert stop["why"].startswith("Nobody was there")


def test_a_postponed_visit_comes_back_on_its_day(session, around, plan, tell):
    shop = around("Shop")
    around("Other")
    until = TOMORROW + timedelta(days=10)
    tell(plan(), shop, "postponed", postponed_to=until)
    assert shop.id not in planned(session, plan(day=until - timedelta(days=1)))
    assert shop.id in planned(session, plan(day=until))


def test_an_outcome_sent_twice_counts_once(session, around, plan, tell):
    shop = around("Shop")
    made, key = plan(), str(uuid.uuid4())
    first = tell(made, shop, client_id=key, note="Met the owner")
    second = tell(made, shop, client_id=key, note="Met the owner")
    assert first.id == second.id
    assert len(timeline(session, shop)) == 1


def test_a_second_outcome_is_a_conflict_unless_it_says_what_it_corrects(
    session, around, plan, tell
):
    before = TOMORROW - timedelta(days=100)
    shop = around("Shop", last_visit=before)
    made, key = plan(), str(uuid.uuid4())
    tell(made, shop, client_id=key)
    with pytest.raises(Conflict):
        tell(made, shop, "nobody")
    session.rollback()
    assert last_visit(session, shop) == this_day()
    assert tell(made, shop, "nobody", replaces=key).outcome == "nobody"
    assert last_visit(session, shop) == before
    assert [entry.outcome for entry in timeline(session, shop)] == ["withdrawn", "nobody"]
    # What waited without a signal and arrives late changes nothing.
    assert tell(made, shop, client_id=key).outcome == "nobody"


def test_one_entry_cannot_belong_to_two_customers(session, around, plan, tell):
    shop, other = around("Shop"), around("Other")
    made, key = plan(), str(uuid.uuid4())
    tell(made, shop, client_id=key)
    with pytest.raises(Conflict):
        tell(made, other, client_id=key)


def test_a_note_alone_leaves_the_visit_open(session, around, plan, tell):
    shop = around("Shop")
    stop = tell(plan(), shop, "note", note="Ring at the back door")
    assert (stop.outcome, stop.note) == (None, "Ring at the back door")
    assert timeline(session, shop) == [("note", None, "Ring at the back door")]


def test_planning_anew_keeps_what_is_done_and_plans_the_rest(session, around, plan, tell):
    shops = [around(f"Shop {n}", n) for n in range(1, 5)]
    first = plan()
    done = planned(session, first)[0]
    tell(first, next(shop for shop in shops if shop.id == done))
    second = plan()
    assert (second.version, second.state) == (2, "live")
    assert planned(session, second)[0] == done
    assert sorted(planned(session, second)) == sorted(shop.id for shop in shops)
    stops = queries.stops(session, second.id)
    assert [stop.position for stop in stops] == [1, 2, 3, 4]
    assert all(a.depart_s <= b.arrive_s for a, b in itertools.pairwise(stops))


def test_an_outcome_for_a_plan_that_was_replaced_reaches_the_new_one(session, around, plan, tell):
    near, far = around("Near", 1), around("Far", 2)
    old = plan()
    new = plan(shift_end_s=8 * 3600 + 40 * 60)
    (left,) = {near.id, far.id} - set(planned(session, new))
    stop = tell(old, next(shop for shop in (near, far) if shop.id == left))
    assert (stop.plan_id, stop.outcome) == (new.id, "done")


def test_an_impossible_clock_is_not_believed(session, around, plan, tell):
    shop = around("Shop")
    tell(plan(), shop, at=clock.now() + timedelta(days=400))
    assert last_visit(session, shop) == this_day()


def test_only_those_who_may_record_an_outcome(
    session, actor_of, add_user, manager, marketer, bandung, around, plan, tell
):
    shop, other = around("Shop"), around("Other")
    made = plan()
    session.info["scope"] = actor_of(manager)
    assert tell(made, shop, actor=actor_of(manager)).outcome == "done"
    stranger = actor_of(add_user())
    session.info["scope"] = stranger
    with pytest.raises(NotFound):
        tell(made, other, actor=stranger)
    with pytest.raises(Forbidden):
        tell(made, other, actor=actor_of(marketer))


def test_an_outcome_for_somebody_elses_customer_is_refused(
    session, actor_of, add_account, bandung, around, plan, tell
):
    around("Shop")
    made = plan()
    theirs = add_account("Theirs")
    mine = actor_of(bandung)
    session.info["scope"] = mine
    with pytest.raises(NotFound):
        tell(made, theirs, actor=mine)


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"outcome": "gone"}, "no outcome"),
        ({"client_id": "7"}, "not a UUID"),
        ({"outcome": "postponed"}, "needs the day"),
        ({"outcome": "note"}, "empty"),
    ],
)
def test_a_report_that_cannot_be_kept_says_why(fields, complaint):
    with pytest.raises(InvalidInput, match=complaint):
        recording.Report(
            **{"account_id": 1, "outcome": "done", "client_id": str(uuid.uuid4())} | fields
        )


def test_a_visit_is_postponed_to_a_later_day_only(around, plan, tell):
    shop = around("Shop")
    with pytest.raises(InvalidInput, match="no day to postpone to"):
        tell(plan(), shop, "postponed", postponed_to=this_day())
