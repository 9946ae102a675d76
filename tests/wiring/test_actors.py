"""Who an actor is, however they are found."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from geocrm import clock, wiring
from geocrm.errors import NotSignedIn
from geocrm.places.models import BoundaryLayer
from geocrm.security import OPERATOR, Role
from geocrm.security import service as people
from geocrm.security.models import ApiToken
from geocrm.territories.models import Plan, PlanState, Territory, TerritoryMember


@pytest.fixture
def token_of(session):
    """A token of the user."""

    def make(user):
        token = people.create_token(session, OPERATOR, user)
        session.commit()
        return token

    return make


@pytest.fixture
def ground_of(session):
    """Add a territory in a plan of that state, above and below others, where the user works."""
    no_words = dict.fromkeys(("source", "vintage", "licence", "attribution"), "")
    session.add(BoundaryLayer(code="region", name="Regions", level=1, **no_words))
    session.flush()

    def add(user, state: PlanState):
        since = clock.now() if state is PlanState.LIVE else None
        plan = Plan(name=state, state=state, live_from=since, level="region", measure="accounts")
        plan.tolerance = 0.1
        session.add(plan)
        session.flush()
        above = Territory(plan_id=plan.id, number=1, name="Above")
        session.add(above)
        session.flush()
        own = Territory(plan_id=plan.id, number=2, name="Own", parent_id=above.id)
        session.add(own)
        session.flush()
        below = Territory(plan_id=plan.id, number=3, name="Below", parent_id=own.id)
        session.add_all([below, TerritoryMember(territory_id=own.id, user_id=user.id)])
        session.commit()
        return {own.id, below.id}

    return add


def test_a_manager_sees_their_branch_and_its_ground(session, add_user, ground_of):
    manager = add_user(Role.TERRITORY_MANAGER)
    deputy = add_user(Role.TERRITORY_MANAGER, manager_id=manager.id)
    rep = add_user(Role.FIELD_REP, manager_id=deputy.id)
    other = add_user(Role.FIELD_REP)
    ground_of(rep, PlanState.PLANNING)
    ground = ground_of(rep, PlanState.LIVE)
    found = wiring.actor_for(session, manager)
    assert found.owner_ids == {manager.id, deputy.id, rep.id}
    assert found.territory_ids == ground
    assert wiring.actor_for(session, other).territory_ids == frozenset()


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.MARKETER])
def test_who_owns_nothing_has_no_branch(session, add_user, role):
    found = wiring.actor_for(session, add_user(role))
    assert (found.owner_ids, found.territory_ids) == (frozenset(), frozenset())


def test_token_and_sign_in_lead_to_the_same_actor(session, rep, token_of):
    by_token = wiring.actor_of_token(session, token_of(rep))
    assert by_token == wiring.actor_signed_in(session, rep.fs_uniquifier)
    assert by_token == wiring.actor_of(session, rep.id)


def test_who_was_stopped_is_nobody(session, rep, token_of):
    token = token_of(rep)
    rep.active = False
    session.commit()
    assert wiring.actor_signed_in(session, rep.fs_uniquifier) is None
    with pytest.raises(NotSignedIn):
        wiring.actor_of_token(session, token)


def test_the_use_of_a_token_is_noted_once_an_hour(session, rep, token_of):
    token = token_of(rep)
    key = session.scalar(select(ApiToken).where(ApiToken.user_id == rep.id))

    def used_at():
        wiring.actor_of_token(session, token)
        session.refresh(key)
        return key.last_used_at

    first = used_at()
    assert used_at() == first
    key.last_used_at = clock.now() - timedelta(hours=2)
    session.commit()
    assert used_at() >= first
