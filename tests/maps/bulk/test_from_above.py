"""Audiences and visit plans from many customers, by the rooms that own them."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from geocrm import clock
from geocrm.campaigns.models import Audience, AudienceMember
from geocrm.customers.models import Channel
from geocrm.errors import InvalidInput
from geocrm.visits import queries as visits
from geocrm.visits.models import VisitPlan

EMAIL = Channel.EMAIL.bit


def test_those_who_may_be_reached_become_an_audience(session, bulk_of, add_account, manager, rep):
    reached = add_account(owner=rep, consent=EMAIL, reach=EMAIL)
    silent = add_account(owner=rep, reach=EMAIL)
    nowhere = add_account(owner=rep, consent=EMAIL)
    bulk = bulk_of(manager)
    params = {"name": " October ", "channel": "email"}
    preview = bulk.preview("audience", params, tree={})
    assert (preview.forecast.changed, preview.forecast.refused) == (1, 2)
    run = bulk.do("audience", params, tree={})
    session.commit()
    audience = session.scalars(select(Audience)).one()
    assert (audience.name, audience.matched, audience.reachable) == ("October", 3, 1)
    assert audience.excluded == {"no_consent": 1, "no_address": 1}
    assert session.scalars(select(AudienceMember.account_id)).all() == [reached.id]
    assert bulk.left_alone(run.id) == {silent.id: "no_consent", nowhere.id: "no_address"}
    assert bulk.undo(run.id).state == "undone"
    session.commit()
    assert session.scalars(select(Audience)).all() == []


def test_an_audience_of_nobody_is_not_saved(bulk_of, add_account, manager, rep):
    add_account(owner=rep)
    with pytest.raises(InvalidInput, match="Nobody in this selection"):
        bulk_of(manager).begin("audience", {"name": "x", "channel": "email"}, tree={})


def test_customers_are_planned_into_a_reps_days(session, bulk_of, add_account, manager, rep):
    stops = [add_account(owner=rep, at=(106.8 + n / 100, -6.2)) for n in range(6)]
    lost = add_account(owner=rep, at=None)
    theirs = add_account(owner=manager)
    day = clock.today(rep.timezone) + timedelta(days=1)
    params = {"rep_id": rep.id, "day": day.isoformat(), "days": 1}
    bulk = bulk_of(manager)
    run = bulk.do("visits", params, tree={})
    assert (run.changed, run.failed) == (6, 2)
    assert bulk.left_alone(run.id) == {lost.id: "no_point", theirs.id: "not_of_rep"}
    session.commit()
    plan = visits.live_plan(session, rep.id, day)
    assert {each.account_id for each in visits.stops(session, plan.id)} == {
        each.id for each in stops
    }
    assert bulk.undo(run.id).state == "undone"
    session.commit()
    assert session.scalars(select(VisitPlan)).all() == []


def test_what_a_day_holds_already_stays_and_comes_back(session, bulk_of, add_account, manager, rep):
    first = add_account(owner=rep, at=(106.8, -6.2))
    second = add_account(owner=rep, at=(106.81, -6.2))
    day = clock.today(rep.timezone) + timedelta(days=1)
    params = {"rep_id": rep.id, "day": day.isoformat()}
    bulk = bulk_of(manager)
    bulk.do("visits", params, ids=[first.id])
    run = bulk.do("visits", params, ids=[second.id])
    session.commit()

    def planned():
        session.commit()
        session.expire_all()
        plan = visits.live_plan(session, rep.id, day)
        return {each.account_id for each in visits.stops(session, plan.id)}

    assert planned() == {first.id, second.id}
    bulk.undo(run.id)
    assert planned() == {first.id}


def test_who_fits_into_no_day_is_listed(bulk_of, add_account, manager, rep):
    for number in range(40):
        add_account(owner=rep, at=(106.8 + number / 500, -6.2))
    day = clock.today(rep.timezone) + timedelta(days=1)
    params = {"rep_id": rep.id, "day": day.isoformat(), "days": 2}
    bulk = bulk_of(manager)
    run = bulk.do("visits", params, tree={})
    left = bulk.left_alone(run.id)
    assert set(left.values()) == {"no_time"}
    assert run.changed + len(left) == 40
    assert run.changed > 20
