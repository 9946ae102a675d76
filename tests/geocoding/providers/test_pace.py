"""Pace, cap and breaker hold for all who ask, because one row of the database decides."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from geocrm.config import ROOT
from geocrm.db import make_engine, make_sessions
from geocrm.geocoding import AddressQuery
from geocrm.geocoding.providers import administration, pace, queries, service
from geocrm.geocoding.providers.administration import Setup
from geocrm.geocoding.providers.pace import Why
from geocrm.security import OPERATOR
from tests.geocoding.providers import town as manners

ASK = """
import os
from geocrm.db import make_engine, make_sessions
from geocrm.geocoding import AddressQuery
from geocrm.geocoding.providers import service
sessions = make_sessions(make_engine(os.environ["ASK_DATABASE"]))
print("ready", flush=True)
input()
for number in range(int(os.environ["ASK_TIMES"])):
    text = f"Jl. {os.environ['ASK_NAME']} {number}, Bandung"
    service.ask(sessions, AddressQuery(text=text), "ID", patience_s=60)
"""


def ask(sessions, street="Braga", number=12, patience_s=0.0):
    query = AddressQuery(text=f"Jl. {street} {number}, Bandung")
    return service.ask(sessions, query, "ID", patience_s=patience_s)


def held(asked):
    ((_, why),) = asked.held
    return why


def now(provider, session):
    """How the provider stands in the database."""
    session.expire_all()
    return queries.provider(session, provider.id)


def let_pass(session, provider):
    """As if all waits were over."""
    session.execute(
        text(
            "UPDATE geocoding_providers SET next_at = now() - interval '1 minute',"
            " open_until = least(open_until, now() - interval '1 minute') WHERE id = :id"
        ),
        {"id": provider.id},
    )
    session.commit()


def wait_s(session, provider, column):
    moment = f"extract(epoch FROM {column} - clock_timestamp())::float8"
    return session.scalar(
        text(f"SELECT {moment} FROM geocoding_providers WHERE id = :id"), {"id": provider.id}
    )


def test_two_processes_keep_the_pace_of_one(lasting, add_lasting, town, engine):
    add_lasting(rate_per_s=5.0)
    url = engine.url.render_as_string(hide_password=False)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", ASK],
            cwd=ROOT,
            env=os.environ | {"ASK_DATABASE": url, "ASK_TIMES": "8", "ASK_NAME": name},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("Asia", "Afrika")
    ]
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * 2
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate()
    assert [process.returncode for process in processes] == [0, 0]
    moments = [each["at"] for each in town.asked]
    assert len(moments) == 16
    # A request may come late, but then the next one is not early.
    assert moments[-1] - moments[0] >= 15 / 5.0 - 0.2


def test_the_cap_is_never_passed_however_many_ask(lasting, add_lasting, town, engine):
    provider = add_lasting(monthly_cap=7)
    others = [make_engine(engine.url) for _ in range(2)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(
                lambda n: ask(make_sessions(others[n % 2]), number=n + 1, patience_s=30.0),
                range(40),
            )
        )
    for other in others:
        other.dispose()
    assert len(town.asked) == 7
    with lasting() as session:
        assert now(provider, session).month_requests == 7
        assert queries.this_month(session)[provider.id].requests == 7
    capped = [held(asked) for asked in answers if asked.held]
    assert len(capped) == 33
    assert {each.why for each in capped} == {Why.CAPPED}
    assert all(0 < each.retry_in_s <= 31 * 86_400 for each in capped)


def test_a_new_month_lifts_the_cap(session, sessions, add_provider, town):
    provider = add_provider(monthly_cap=1)
    ask(sessions, number=1)
    assert held(ask(sessions, number=2)).why is Why.CAPPED
    session.execute(text("UPDATE geocoding_providers SET month = month - interval '1 month'"))
    session.commit()
    assert not ask(sessions, number=3).held
    assert len(town.asked) == 2
    assert now(provider, session).month_requests == 1


def test_somebody_with_patience_waits_for_the_turn(sessions, add_provider, town):
    add_provider(rate_per_s=5.0)
    for number in (1, 2, 3):
        assert not ask(sessions, number=number, patience_s=30).held
    assert held(ask(sessions, number=4)).why is Why.PACED
    assert len(town.asked) == 3


def test_retry_after_is_obeyed_by_everybody(session, sessions, add_provider, town):
    provider = add_provider()
    town.then(manners.says(b"slow down", 429, Retry_After="40"))
    asked = ask(sessions, number=1)
    assert (asked.answer, held(asked).why, asked.retry_in_s) == (None, Why.LIMITED, 40)
    assert 35 < wait_s(session, provider, "next_at") <= 40
    assert 35 < held(ask(sessions, number=2)).retry_in_s <= 40
    assert len(town.asked) == 1
    let_pass(session, provider)
    assert not ask(sessions, number=2).held
    assert now(provider, session).limited == 0


def test_a_service_that_is_down_and_says_until_when_is_believed(
    session, sessions, add_provider, town
):
    provider = add_provider()
    town.then(manners.says(b"", 503, Retry_After="30"))
    assert (held(ask(sessions)).why, held(ask(sessions)).why) == (Why.LIMITED, Why.LIMITED)
    assert 25 < wait_s(session, provider, "next_at") <= 30
    assert now(provider, session).failures == 0


def test_a_trial_waits_its_turn_too(session, sessions, add_provider, town):
    provider = add_provider(rate_per_s=4.0)
    administration.disable(session, OPERATOR, provider.id)
    session.commit()
    town.usual = manners.answers(manners.place())
    for _ in range(3):
        trial = service.try_out(sessions, provider.id, AddressQuery(text="Jl. Braga 12, Bandung"))
        assert trial.trouble == ""
    first, *_, last = (each["at"] for each in town.asked)
    assert last - first >= 2 / 4.0 - 0.1


def test_a_provider_that_is_removed_meanwhile_harms_nobody(lasting, add_lasting, town):
    provider = add_lasting()

    def gone(handler):
        with lasting.begin() as session:
            administration.remove(session, OPERATOR, provider.id)
        manners.answers(manners.place())(handler)

    town.usual = gone
    assert ask(lasting).answer.grade == "rooftop"
    assert pace.take(lasting, provider.id).why is Why.OFF


def test_without_retry_after_each_wait_is_twice_the_last(session, sessions, add_provider, town):
    provider = add_provider()
    town.usual = manners.says(b"", 429)
    for expected_s in (1, 2, 4, 8):
        assert held(ask(sessions)).why is Why.LIMITED
        assert 0.6 * expected_s < wait_s(session, provider, "next_at") <= 1.25 * expected_s
        let_pass(session, provider)
    assert len(town.asked) == 4


def test_a_used_up_quota_is_left_alone_for_longer(session, sessions, add_provider, town):
    provider = add_provider()
    town.then(manners.says(b"", 402))
    ask(sessions)
    assert wait_s(session, provider, "next_at") > 30
    assert now(provider, session).stopped is None


def test_a_forbidding_status_that_speaks_of_a_limit_is_a_limit(
    session, sessions, add_provider, town
):
    provider = add_provider()
    town.then(manners.says(b'{"message": "Usage limit reached"}', 403))
    assert held(ask(sessions)).why is Why.LIMITED
    assert now(provider, session).stopped is None
    assert "Usage limit reached" in now(provider, session).trouble


def test_no_wait_is_longer_than_a_day(session, sessions, add_provider, town):
    provider = add_provider()
    town.then(manners.says(b"", 429, Retry_After="999999999"))
    ask(sessions)
    assert wait_s(session, provider, "next_at") <= 86_400


@pytest.mark.parametrize(
    "manner",
    [
        manners.says(b"", 500),
        manners.says(b"<html></html>"),
        manners.says(b'{"unexpected": true}'),
        manners.says(b'[{"lat": "here"}]'),
        manners.says(b'["text"]'),
        manners.says(b'"text"'),
        manners.says(b"[{}]"),
        manners.says(b'[{"lat": "NaN", "lon": "1", "address": {}}]'),
        manners.hangs_up,
    ],
)
def test_whatever_is_no_answer_counts_as_a_failure(session, sessions, add_provider, town, manner):
    provider = add_provider()
    town.then(manner)
    asked = ask(sessions)
    assert (asked.answer, held(asked).why) == (None, Why.BROKEN)
    assert asked.retry_in_s > 0
    assert now(provider, session).failures == 1
    town.usual = manners.answers(manners.place())
    assert ask(sessions).answer.grade == "rooftop"
    assert now(provider, session).failures == 0


def test_the_breaker_opens_after_failures_and_recovers(session, sessions, add_provider, town):
    provider = add_provider()
    town.usual = manners.says(b"", 500)
    for number in range(pace.FAILURES_TO_OPEN):
        ask(sessions, number=number + 1)
    asked = ask(sessions, number=99)
    assert held(asked).why is Why.BROKEN
    assert 20 < asked.retry_in_s <= 1.25 * pace.OPEN_S
    assert len(town.asked) == pace.FAILURES_TO_OPEN
    # The probe fails: open again, for twice as long.
    let_pass(session, provider)
    ask(sessions, number=99)
    assert len(town.asked) == pace.FAILURES_TO_OPEN + 1
    assert 40 < wait_s(session, provider, "open_until") <= 2.5 * pace.OPEN_S
    # It comes back.
    let_pass(session, provider)
    town.usual = manners.answers(manners.place())
    assert ask(sessions).answer.grade == "rooftop"
    stands = now(provider, session)
    assert (stands.open_until, stands.failures, stands.openings) == (None, 0, 0)


def test_only_one_of_many_is_the_probe(lasting, add_lasting, town):
    provider = add_lasting()
    with lasting.begin() as session:
        session.execute(
            text("UPDATE geocoding_providers SET failures = 5, openings = 1, open_until = now()")
        )
    inside = threading.Event()

    def slow(handler):
        inside.wait(10)
        manners.answers(manners.place())(handler)

    town.usual = slow
    with ThreadPoolExecutor(6) as pool:
        waiting = [pool.submit(ask, lasting, "Braga", n) for n in range(1, 7)]
        # Five are turned away while the probe is on its way.
        while sum(each.done() for each in waiting) < 5:
            threading.Event().wait(0.01)
        inside.set()
    assert len(town.asked) == 1
    with lasting() as session:
        assert now(provider, session).open_until is None


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_stops_the_provider_until_somebody_changes_it(
    session, sessions, add_provider, town, status
):
    provider = add_provider()
    town.then(manners.says(b'{"error": "bad key"}', status))
    asked = ask(sessions, number=1)
    assert (asked.answer, held(asked).why) == (None, Why.STOPPED)
    assert held(ask(sessions, number=2)).why is Why.STOPPED
    assert len(town.asked) == 1
    assert "bad key" in now(provider, session).stopped
    administration.change(session, OPERATOR, provider.id, Setup.of(provider))
    session.commit()
    assert not ask(sessions, number=2).held


def test_an_address_that_cannot_be_read_harms_no_other(session, sessions, add_provider, town):
    provider = add_provider()
    town.then(manners.says(b"", 400))
    assert (ask(sessions).answer, ask(sessions).retry_in_s) == (None, None)
    # It is not taken for an address that nobody knows: the next time it is asked again.
    assert len(town.asked) == 2
    assert now(provider, session).failures == 0


def test_nothing_is_locked_while_a_request_is_on_its_way(lasting, add_lasting, town, engine):
    add_lasting()
    idle = []

    def look(handler):
        with engine.connect() as connection:
            idle.extend(
                connection.scalars(
                    text(
                        "SELECT query FROM pg_stat_activity WHERE datname = current_database()"
                        " AND state LIKE 'idle in transaction%'"
                    )
                )
            )
        manners.answers(manners.place())(handler)

    town.usual = look
    assert ask(lasting).answer.grade == "rooftop"
    assert idle == []
