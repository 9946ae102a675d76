"""Two people, or two clicks, in the same moment: real transactions that overlap."""

import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import text

from geocrm.customers import contacting, queries, service
from geocrm.db import make_engine, make_sessions, unit_of_work
from geocrm.errors import Conflict, GeoCrmError, NotFound
from geocrm.security import OPERATOR, Actor, Role
from tests.customers.conftest import somebody_with_a_customer

NUM_AT_ONCE = 5


class Site:
    """A customer that is really there, and things that are done to it by several at once."""

    def __init__(self, database_url: str) -> None:
        self.database = make_engine(database_url)
        self.sessions = make_sessions(self.database)
        with unit_of_work(self.sessions, OPERATOR) as session:
            owner, account = somebody_with_a_customer(
                session, Role.ADMINISTRATOR, "one@example.test"
            )
            self.account_id, self.owner_id, self.version = account.id, owner.id, account.version
            self.actor = Actor(
                user_id=owner.id, role=Role.ADMINISTRATOR, email=owner.email, name="One"
            )

    def at_once(self, change: Callable[..., Any]) -> tuple[list[Any], list[GeoCrmError]]:
        """What came of it where it went through, and why it did not elsewhere."""
        done: list[Any] = []
        refused: list[GeoCrmError] = []
        start = threading.Barrier(NUM_AT_ONCE)

        def run(number: int) -> None:
            try:
                with unit_of_work(self.sessions, OPERATOR) as session:
                    start.wait()
                    done.append(change(session, number))
            except GeoCrmError as error:
                refused.append(error)

        all_of_them = [threading.Thread(target=run, args=(i,)) for i in range(NUM_AT_ONCE)]
        for each in all_of_them:
            each.start()
        for each in all_of_them:
            each.join()
        return done, refused

    def clear(self) -> None:
        with unit_of_work(self.sessions, OPERATOR) as session:
            for sql in (
                "DELETE FROM accounts WHERE id IN (SELECT account_id FROM account_scope"
                " WHERE owner_id = :owner)",
                "DELETE FROM audit_log WHERE user_id = :owner",
                "DELETE FROM users WHERE id = :owner",
            ):
                session.connection().execute(text(sql), {"owner": self.owner_id})
        self.database.dispose()


@pytest.fixture
def site(database_url: str) -> Iterator[Site]:
    made = Site(database_url)
    yield made
    made.clear()


def test_one_of_all_who_save_at_once_is_first_and_the_others_see_what_was_saved(site):
    def save(session, number):
        given = {"tags": [f"by {number}"]}
        return list(service.change(session, site.actor, site.account_id, site.version, given).tags)

    (saved,), refused = site.at_once(save)
    assert [type(each) for each in refused] == [Conflict] * (NUM_AT_ONCE - 1)
    for each in refused:
        assert each.now["version"] > site.version
        assert each.now["fields"] == {"tags": saved}


def test_numbers_that_are_added_at_once_are_all_there(site):
    def add(session, number):
        return contacting.add_phone(session, site.actor, site.account_id, f"08123456780{number}").id

    done, refused = site.at_once(add)
    assert (len(set(done)), refused) == (NUM_AT_ONCE, [])


def test_an_id_that_is_taken_at_once_is_taken_once(site):
    def create(session, number):
        return service.create(session, site.actor, {"name": "Baru", "external_id": "K-1"}).id

    done, refused = site.at_once(create)
    assert len(done) == 1
    assert {str(each) for each in refused} == {"The customer ID 'K-1' is in use already"}
    assert {type(each) for each in refused} == {Conflict}


def test_an_entry_that_is_sent_at_once_is_there_once(site):
    sent = str(uuid.uuid4())

    def log(session, number):
        return service.log_activity(
            session, site.actor, site.account_id, "note", "Rice", client_id=sent
        ).id

    done, refused = site.at_once(log)
    assert (len(done), len(set(done)), refused) == (NUM_AT_ONCE, 1, [])


def test_who_deletes_second_is_told_that_nobody_is_there(site):
    def remove(session, number):
        queries.get(session, site.account_id)
        return service.remove(session, site.actor, site.account_id)

    done, refused = site.at_once(remove)
    assert len(done) == 1
    assert {type(each) for each in refused} == {NotFound}
