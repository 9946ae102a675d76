"""Edited, paused, resumed, cancelled: what is done stays done, and nothing is done twice."""

import pytest
from sqlalchemy import select

from geocrm.customers.address_batches import engine as batches
from geocrm.customers.address_batches import local_steps
from geocrm.customers.address_batches import service as address_batches
from geocrm.customers.address_batches.lookups import InThis
from geocrm.customers.address_batches.models import AddressBatchItem
from geocrm.customers.address_batches.online import NoServices
from geocrm.db import unit_of_work
from geocrm.errors import Conflict
from geocrm.jobs import Cancelled, Paused
from geocrm.security import OPERATOR, Role
from tests.customers.address_batches.given import OTHER, write


class StopHere(Exception):
    """The run ends, as if it were killed."""


def stop_at(number):
    def report(done, _total):
        if done >= number:
            raise StopHere

    return report


def test_an_address_edited_meanwhile_does_not_get_the_old_answer(
    session, add, begin, go_on, look, monkeypatch
):
    monkeypatch.setattr(local_steps, "CHUNK", 1)
    first, second = add(), add(typed="Jl. Kaliurang 9")
    batch_id = begin()

    def edit(done, _total):
        if done == 1:
            write(session, second, **OTHER)
            session.commit()

    go_on(batch_id, report=edit)
    assert look.address(first).grade == "village"
    edited = look.address(second)
    assert (edited.lon, edited.answered) == (None, None), "it waits for the next batch"
    assert (look.batch(batch_id).moved, look.batch(batch_id).spared) == (1, 1)
    go_on(begin())
    assert "Wirogunan" in look.address(second).label


def test_an_address_edited_between_its_look_up_and_its_writing_is_spared(
    session, add, begin, look, sessions, monkeypatch
):
    account_id = add()
    batch_id = begin()

    class Slow(InThis):
        def receive(self):
            rows = super().receive()
            write(session, account_id, **OTHER)
            session.commit()
            return rows

    monkeypatch.setattr(local_steps, "open_lookups", lambda *_: Slow(sessions))
    batches.run(
        lambda: unit_of_work(sessions, OPERATOR), sessions, batch_id, NoServices(), lambda *_: None
    )
    assert look.address(account_id).lon is None
    assert look.batch(batch_id).spared == 1


def test_a_batch_rests_after_its_chunk_and_goes_on_behind_it(
    session, add, begin, go_on, look, monkeypatch
):
    monkeypatch.setattr(local_steps, "CHUNK", 2)
    ids = [add(typed=f"Jl. Kaliurang {n}") for n in range(5)]
    batch_id = begin()
    seen = []

    def pause_once(done, _total):
        seen.append(done)
        if done == 2:
            address_batches.pause(session, OPERATOR, batch_id)
            session.commit()

    with pytest.raises(Paused):
        go_on(batch_id, report=pause_once)
    assert (look.batch(batch_id).state, look.batch(batch_id).local_done) == ("paused", 2)
    assert sum(look.address(i).answered is not None for i in ids) == 2
    address_batches.resume(session, OPERATOR, batch_id)
    session.commit()
    go_on(batch_id, report=lambda done, _: seen.append(done))
    assert seen == [2, 4, 5]
    assert look.batch(batch_id).state == "done"
    assert look.batch(batch_id).moved == 5


def test_a_second_run_of_one_batch_takes_its_part_and_repeats_nothing(
    session, add, begin, go_on, look, sessions, monkeypatch
):
    monkeypatch.setattr(local_steps, "CHUNK", 2)
    for n in range(7):
        add(typed=f"Jl. Kaliurang {n}")
    batch_id = begin()
    inner = []

    def run_another(done, _total):
        if done == 2 and not inner:
            inner.append(done)
            with pytest.raises(StopHere):
                go_on(batch_id, report=stop_at(4))

    go_on(batch_id, report=run_another)
    batch = look.batch(batch_id)
    assert (batch.state, batch.local_done, batch.moved, batch.spared) == ("done", 7, 7, 0)
    assert batch.grades == {"village": 7}


def test_one_person_has_one_batch_at_a_time(session, add, begin, add_user, actor_of):
    add()
    begin()
    with pytest.raises(Conflict):
        begin()
    begin("pending", actor_of(add_user(Role.FIELD_REP)))


def test_a_cancelled_batch_is_over_and_what_it_wrote_stays(
    session, add, begin, go_on, look, monkeypatch
):
    monkeypatch.setattr(local_steps, "CHUNK", 1)
    ids = [add(typed=f"Jl. Kaliurang {n}") for n in range(3)]
    batch_id = begin()

    def cancel(*_):
        address_batches.cancel(session, OPERATOR, batch_id)
        session.commit()

    with pytest.raises(Cancelled):
        go_on(batch_id, report=cancel)
    assert look.batch(batch_id).state == "cancelled"
    assert [look.address(i).answered is not None for i in ids] == [True, False, False]
    with pytest.raises(Conflict):
        address_batches.resume(session, OPERATOR, batch_id)
    assert session.scalars(select(AddressBatchItem)).all() == []
