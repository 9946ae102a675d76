"""The list of who is meant is written by the job, in one go, as it was agreed to."""

from dataclasses import replace

import pytest
from sqlalchemy import text, update

from geocrm.customers.models import AccountScope
from geocrm.db import unit_of_work
from geocrm.errors import Conflict, Forbidden
from geocrm.maps.bulk import meant, preparing, service
from geocrm.security import Role
from geocrm.wiring.bulk import ACTIONS
from tests.maps.bulk.conftest import Bulk

EVERYBODY = {"tree": {}}
SEGMENT = ("segment", {"segment": "A"})


@pytest.fixture
def members(session):
    """How many members of runs are written down."""

    def count():
        session.commit()
        return session.scalar(text("SELECT count(*) FROM bulk_members"))

    return count


def test_asking_writes_no_list_and_the_job_begins_with_it(bulk_of, add_account, rep, members):
    add_account(owner=rep, segment="B")
    add_account(owner=rep, segment="B")
    bulk = bulk_of(rep)
    run_id = bulk.begin(*SEGMENT, **EVERYBODY)
    found = bulk.found(run_id)
    assert (found.state, found.frozen_at, found.total, members()) == ("preparing", None, 2, 0)
    preparing.freeze(ACTIONS["segment"], bulk.running(run_id))
    found = bulk.found(run_id)
    assert (found.state, found.total, members()) == ("running", 2, 2)
    assert bulk.run(run_id).changed == 2


def test_customers_named_one_by_one_are_kept_until_they_are_members(
    session, bulk_of, add_account, rep
):
    ids = [add_account(owner=rep, segment="B").id for _ in range(3)]
    add_account(owner=rep, segment="B")
    bulk = bulk_of(rep)
    run_id = bulk.begin(*SEGMENT, ids=ids)
    kept = text("SELECT ids FROM bulk_runs")
    assert session.scalar(kept) == ids
    session.commit()
    assert bulk.run(run_id).changed == 3
    assert session.scalar(kept) is None


def test_who_came_between_yes_and_the_job_stops_it_and_nothing_is_changed(
    bulk_of, add_account, rep, look, members
):
    account = add_account(owner=rep, segment="B")
    bulk = bulk_of(rep)
    agreed = bulk.preview(*SEGMENT, **EVERYBODY).fingerprint
    run_id = bulk.begin(*SEGMENT, fingerprint=agreed, **EVERYBODY)
    add_account(owner=rep)
    with pytest.raises(Conflict, match="changed since you looked at it: it holds 2 customers"):
        bulk.run(run_id)
    assert (members(), look(account)[0].segment) == (0, "B")
    with unit_of_work(bulk.sessions, bulk.actor) as session:
        service.fail(session, run_id, Conflict("The selection changed"))
    with (
        pytest.raises(Conflict, match="begin it anew"),
        unit_of_work(bulk.sessions, bulk.actor) as session,
    ):
        service.resume(session, bulk.actor, run_id)


def test_the_list_holds_whom_the_asker_sees_when_it_is_written(
    session, bulk_of, add_account, add_user, rep, look
):
    mine, given = add_account(owner=rep, segment="B"), add_account(owner=rep, segment="B")
    bulk = bulk_of(rep)
    run_id = bulk.begin(*SEGMENT, **EVERYBODY)
    session.execute(
        update(AccountScope)
        .where(AccountScope.account_id == given.id)
        .values(owner_id=add_user().id)
    )
    session.commit()
    run = bulk.run(run_id)
    assert (run.total, run.changed, run.failed) == (1, 1, 0)
    assert (look(mine)[0].segment, look(given)[0].segment) == ("A", "B")


def test_a_role_that_was_taken_away_writes_no_list(bulk_of, add_account, rep, members, actor_of):
    add_account(owner=rep)
    bulk = bulk_of(rep)
    run_id = bulk.begin(*SEGMENT, **EVERYBODY)
    marketer = replace(actor_of(rep), role=Role.MARKETER)
    with pytest.raises(Forbidden):
        Bulk(bulk.sessions, marketer, bulk.folder).run(run_id)
    assert members() == 0


def test_killed_while_the_list_is_written_it_begins_anew_without_doubles(
    bulk_of, add_account, rep, members, monkeypatch
):
    for _ in range(3):
        add_account(owner=rep, segment="B")
    bulk = bulk_of(rep)
    run_id = bulk.begin(*SEGMENT, **EVERYBODY)
    write = meant.freeze

    def killed(*given):
        write(*given)
        raise KeyboardInterrupt

    monkeypatch.setattr(meant, "freeze", killed)
    with pytest.raises(KeyboardInterrupt):
        bulk.run(run_id)
    assert (bulk.found(run_id).state, members()) == ("preparing", 0)
    monkeypatch.setattr(meant, "freeze", write)
    assert bulk.run(run_id).changed == 3
