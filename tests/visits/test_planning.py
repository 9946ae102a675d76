"""Whom a rep visits, in what order, and why others are left out."""

from datetime import date, timedelta

import pytest

from geocrm import clock
from geocrm.errors import Conflict, InvalidInput, NotFound
from geocrm.places.models import BoundaryLayer
from geocrm.security import OPERATOR
from geocrm.spatial import tours
from geocrm.territories.models import Plan, Territory, TerritoryMember
from geocrm.visits import documents, planning, queries, service, urgency, wishes
from geocrm.visits.urgency import History
from geocrm.visits.wishes import DayRequest, Wish
from tests.visits.conftest import HOME, TOMORROW

HOUR = 3600
LABELS = ("source", "vintage", "licence", "attribution")


def names(session, plan):
    return [stop["name"] for stop in documents.document(session, plan)["stops"]]


def reasons(session, plan):
    return {each["name"]: each["reason"] for each in documents.document(session, plan)["unplanned"]}


def test_customers_are_due_by_their_own_cadence_else_by_their_segment():
    day = date(2026, 11, 23)
    monthly = History("A", None, day - timedelta(days=31))
    assert urgency.urgency(monthly, day).is_due
    assert not urgency.urgency(History("D", None, day - timedelta(days=31)), day).is_soon
    assert urgency.urgency(History("D", 24, day - timedelta(days=31)), day).is_due
    assert urgency.urgency(History("B", 0, None), day).prize == 0
    assert urgency.urgency(History("B", None, None), day).lateness == urgency.MOST_LATE


def test_a_postponed_visit_waits_for_its_day_and_is_then_due():
    day = date(2026, 11, 23)
    asked = History("A", None, day - timedelta(days=90), "postponed", day, day + timedelta(days=7))
    assert not urgency.urgency(asked, day + timedelta(days=6)).is_soon
    assert urgency.urgency(asked, day + timedelta(days=7)).is_due


def test_nobody_there_makes_the_visit_more_urgent_until_somebody_has_been_there():
    day = date(2026, 11, 23)
    owed = urgency.urgency(History("C", None, day - timedelta(days=120), "nobody", day), day)
    plain = urgency.urgency(History("C", None, day - timedelta(days=120)), day)
    assert owed.prize > plain.prize
    later = day + timedelta(days=2)
    seen = urgency.urgency(History("C", None, later - timedelta(days=1), "nobody", day), later)
    assert not seen.is_soon


def test_a_short_day_goes_to_those_who_are_due_longest(session, around, plan):
    long_ago = TOMORROW - timedelta(days=300)
    around("Lately", 1, last_visit=TOMORROW - timedelta(days=20))
    around("Due", 2, last_visit=TOMORROW - timedelta(days=70))
    around("Longest", 3, last_visit=long_ago)
    made = plan(shift_start_s=8 * HOUR, shift_end_s=8 * HOUR + 45 * 60)
    assert names(session, made) == ["Longest"]
    assert list(reasons(session, made)) == ["Due"]
    assert "The day is full" in reasons(session, made)["Due"]


def test_the_fix_that_is_named_is_enough(session, around, plan):
    around("First", 1, segment="A")
    second = around("Second", 2, segment="D")
    short = plan(shift_end_s=8 * HOUR + 45 * 60)
    (left,) = queries.unplanned(session, short.id)
    assert left.account_id == second.id
    longer = plan(shift_end_s=8 * HOUR + 45 * 60 + int(left.figures["longer_s"]) + 2)
    assert sorted(names(session, longer)) == ["First", "Second"]


def test_windows_hours_and_visit_lengths_are_kept(session, bandung, around, plan):
    shops = [around(f"Shop {n}", n) for n in range(1, 7)]
    asked = (
        Wish(shops[0].id, open_s=14 * HOUR, close_s=15 * HOUR),
        Wish(shops[5].id, open_s=8 * HOUR, close_s=9 * HOUR, visit_s=20 * 60),
        *(Wish(shop.id) for shop in shops[1:5]),
    )
    made = plan(wishes=asked)
    stops = {stop.account_id: stop for stop in queries.stops(session, made.id)}
    assert len(stops) == 6
    late, early = stops[shops[0].id], stops[shops[5].id]
    assert late.arrive_s + late.wait_s >= 14 * HOUR
    assert late.depart_s <= 15 * HOUR
    assert early.depart_s <= 9 * HOUR
    assert early.depart_s - early.arrive_s - early.wait_s == pytest.approx(20 * 60)
    assert made.leave_s >= 8 * HOUR
    assert made.return_s <= 17 * HOUR
    assert independent_faults(session, bandung, made, asked) == []


def independent_faults(session, rep, plan, asked):
    """What the independent checker says of the saved stops."""
    request = DayRequest(plan.day, plan.shift_start_s, plan.shift_end_s, wishes=asked)
    wish = {each.account_id: each for each in asked}
    visits = [
        planning.Visit(each, urgency.urgency(each.history, plan.day), wish[each.account_id])
        for each in queries.customers(session, rep.id, list(wish))
    ]
    day = planning.problem(visits, request, start=HOME, end=HOME, begin_s=plan.shift_start_s)
    row = {each.customer.account_id: at for at, each in enumerate(visits)}
    order = [row[stop.account_id] for stop in queries.stops(session, plan.id)]
    return tours.check_day(day, tours.schedule(day, planning.np.array(order, dtype=int)))


def test_ticked_customers_come_before_all_others_whatever_they_are_worth(session, around, plan):
    around("Valuable", 1, segment="A")
    ticked = around("Ticked", 1, segment="D", last_visit=TOMORROW - timedelta(days=5))
    made = plan(wishes=(Wish(ticked.id),), fill=True, shift_end_s=8 * HOUR + 40 * 60)
    assert names(session, made) == ["Ticked"]


def test_each_one_left_out_has_a_reason_and_a_remedy(session, around, plan):
    nowhere = around("Nowhere", at=None)
    coarse = around("Somewhere", grade="regency")
    far = around("Far", 900)
    shut = around("Shut", 1)
    made = plan(
        wishes=(
            Wish(nowhere.id),
            Wish(coarse.id),
            Wish(far.id),
            Wish(shut.id, open_s=6 * HOUR, close_s=8 * HOUR + 600),
        )
    )
    said = reasons(session, made)
    assert names(session, made) == []
    assert "pin" in said["Nowhere"]
    assert "pin" in said["Somewhere"]
    assert "Too far" in said["Far"]
    assert "10 min" in said["Shut"]
    assert len(said) == 4


def test_the_same_seed_gives_the_same_plan(session, around, plan):
    for n in range(30):
        around(f"Shop {n}", 0.5 + n * 1.3 % 17, segment="ABCD"[n % 4])
    first, second = plan(seed=7), plan(seed=7)
    assert first.id != second.id
    assert names(session, first) == names(session, second)
    assert first.drive_s == second.drive_s


def test_of_thousands_only_those_worth_a_look_are_searched_and_the_rest_is_counted(
    session, around, plan, monkeypatch
):
    monkeypatch.setattr(planning.shortlist, "SIZE", 4)
    for n in range(10):
        around(f"Shop {n}", n + 1)
    made = plan(shift_end_s=9 * HOUR)
    shown = documents.document(session, made)
    assert len(shown["stops"]) + len(shown["unplanned"]) == 4
    assert shown["due_beyond"] == 6


def test_a_rep_visits_what_they_own_and_what_lies_in_their_live_territory_only(
    session, add_account, add_user, bandung, around, plan
):
    around("Mine")
    add_account("Theirs", owner=add_user(), at=HOME)
    assert names(session, plan()) == ["Mine"]


def test_a_rep_visits_their_live_territory_too(session, add_account, add_user, bandung, plan):
    session.merge(BoundaryLayer(code="v", name="V", level=2, **dict.fromkeys(LABELS, "")))
    live = Plan(name="Live", level="v", measure="accounts", tolerance=0.05, state="live")
    live.live_from = clock.now()
    session.add(live)
    session.flush()
    west = Territory(plan_id=live.id, number=1, name="West", colour=0)
    session.add(west)
    session.flush()
    session.add(TerritoryMember(territory_id=west.id, user_id=bandung.id, role="rep"))
    add_account("In my territory", owner=add_user(), at=HOME, territory_id=west.id)
    assert names(session, plan()) == ["In my territory"]


def test_a_day_that_cannot_be_planned_says_why(session, add_user, bandung, around, plan):
    with pytest.raises(InvalidInput, match="no customers"):
        plan()
    around("Shop")
    with pytest.raises(InvalidInput, match="past"):
        plan(day=clock.today("Asia/Jakarta") - timedelta(days=1))
    with pytest.raises(InvalidInput, match="no time"):
        plan(shift_end_s=8 * HOUR)
    with pytest.raises(InvalidInput, match="no customer 999999"):
        plan(wishes=(Wish(999_999),))
    with pytest.raises(InvalidInput, match="Nobody is ticked"):
        plan(wishes=())


def test_a_plan_starts_at_home_else_in_the_middle_of_the_customers(
    session, add_user, add_account, plan, around
):
    around("Shop")
    made = plan()
    assert (made.start_lon, made.start_lat, made.end_kind) == (*HOME, "home")
    nomad = add_user()
    for lon in (110.0, 110.1, 118.0):
        add_account(f"At {lon}", owner=nomad, at=(lon, -7.0))
    request = DayRequest(TOMORROW, 8 * HOUR, 17 * HOUR)
    made = service.plan_day(session, OPERATOR, nomad, request)
    assert (made.start_lon, made.start_kind) == (110.1, "centre")


def test_a_plan_that_somebody_else_made_meanwhile_is_not_overwritten(around, plan):
    around("Shop")
    seen = plan()
    plan(version=seen.version)
    with pytest.raises(Conflict):
        plan(version=seen.version)


def test_only_the_rep_and_those_above_see_a_plan(
    session, actor_of, add_user, manager, bandung, around, plan
):
    around("Shop")
    made = plan()
    for allowed in (bandung, manager):
        session.info["scope"] = actor_of(allowed)
        assert queries.plan(session, made.id).id == made.id
        assert queries.rep(session, actor_of(allowed), bandung.id) == bandung
    stranger = actor_of(add_user())
    session.info["scope"] = stranger
    with pytest.raises(NotFound):
        queries.plan(session, made.id)
    with pytest.raises(NotFound):
        queries.rep(session, stranger, bandung.id)
    assert queries.stops(session, made.id) == []


def test_days_are_planned_for_field_reps_only(session, actor_of, manager):
    with pytest.raises(InvalidInput, match="territory manager"):
        queries.rep(session, actor_of(manager), manager.id)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "names no account"),
        ("id,open,close\n5,9:00,8:00\n", "closes before it opens"),
        ("id,open\n5,25:00\n", "Row 2: '25:00' is no time of day"),
        ("id,visit_min\n5,0\n", "column visit_min"),
        ("id,required\n5,perhaps\n", "neither yes nor no"),
        ("external_id,open\n,8:00\n", "Row 2 names no account"),
    ],
)
def test_a_list_that_cannot_be_read_names_the_row(tmp_path, text, complaint):
    path = tmp_path / "list.csv"
    path.write_text(text)
    with pytest.raises(InvalidInput, match=complaint):
        wishes.read_list(path)


def test_a_list_names_customers_by_id_or_external_id(session, bandung, around, tmp_path):
    one, two = around("One"), around("Two", external_id="K-2")
    path = tmp_path / "list.txt"
    path.write_text(f"{one.id}\nK-2\n\n{one.id}\n")
    found = service.wishes_of(session, bandung, wishes.read_list(path))
    assert [wish.account_id for wish in found] == [one.id, two.id]
    path.write_text("account;open;close;visit_min;required\nK-2;9:00;10.30;45;no\n")
    (wish,) = service.wishes_of(session, bandung, wishes.read_list(path))
    assert wish == Wish(two.id, 9 * HOUR, 10 * HOUR + 1800, 45 * 60, required=False)
    path.write_text("id\nK-2\n")
    with pytest.raises(InvalidInput, match="Row 2"):
        service.wishes_of(session, bandung, wishes.read_list(path))


def test_an_id_that_is_also_somebody_elses_external_id_is_asked_about(session, bandung, around):
    one = around("One")
    around("Two", external_id=str(one.id))
    row = wishes.WishRow(1, str(one.id), "key", None, None, None, True)
    with pytest.raises(InvalidInput, match="head the column"):
        service.wishes_of(session, bandung, [row])
