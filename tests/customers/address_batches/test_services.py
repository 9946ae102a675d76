"""Asking services of others about what is coarse, and working as a job."""

import pytest
from sqlalchemy import select

from geocrm import clock
from geocrm.customers.address_batches import online_steps, tasks
from geocrm.customers.address_batches import service as address_batches
from geocrm.customers.address_batches.models import AddressBatchItem
from geocrm.customers.address_batches.online import NoServices, NothingAsked
from geocrm.errors import Conflict
from geocrm.geocoding import Answer, Grade
from geocrm.jobs import JobRun, Later
from geocrm.jobs import service as jobs
from geocrm.security import OPERATOR
from tests.customers.address_batches.given import FROM_A_SERVICE, NOW, OTHER, Services, write


def test_services_are_asked_about_what_is_coarse_and_only_when_chosen(
    session, add, begin, go_on, look
):
    account_id = add()
    services = Services(FROM_A_SERVICE)
    go_on(begin("pending"), services=services)
    assert services.asked == []
    batch_id = begin("weak", online=True)
    go_on(batch_id, services=services)
    assert services.asked == [("Jl. Kaliurang 5", "ID")]
    address = look.address(account_id)
    assert (address.grade, address.provider, address.attribution) == (
        "rooftop", "photon", "© somebody",
    )  # fmt: skip
    batch = look.batch(batch_id)
    assert (batch.online_total, batch.online_done, batch.grades) == (1, 1, {"rooftop": 1})
    assert look.scope(account_id).grade == "rooftop"


def test_equal_addresses_are_asked_about_once(add, begin, go_on, look):
    ids = [add(), add()]
    services = Services(FROM_A_SERVICE)
    go_on(begin("pending", online=True), services=services)
    assert len(services.asked) == 1
    assert {look.address(i).provider for i in ids} == {"photon"}


def test_an_answer_that_is_no_finer_changes_nothing(add, begin, go_on, look):
    account_id = add()
    services = Services(Answer(Grade.VILLAGE, 110.0, -7.0, 900, provider="photon"))
    go_on(begin("pending", online=True), services=services)
    assert look.address(account_id).provider == "gazetteer"


def test_an_answer_far_from_what_was_found_here_waits_for_a_person(add, begin, go_on, look):
    account_id = add()
    far = Answer(Grade.ROOFTOP, 112.7, -7.2, 20, provider="photon", label="Surabaya")
    go_on(begin("pending", online=True), services=Services(far))
    address = look.address(account_id)
    assert (address.ambiguous, address.review) == (True, "open")
    assert "Caturtunggal" in address.candidates[0]["label"]


def test_services_that_are_down_stop_nothing_for_good(session, add, begin, go_on, look):
    account_id = add()
    services = Services(NothingAsked(None, 600.0), NothingAsked(None, 600.0), FROM_A_SERVICE)
    batch_id = begin("pending", online=True)
    for _ in range(2):
        with pytest.raises(Later) as wish:
            go_on(batch_id, services=services)
        assert wish.value.seconds == 600
        assert look.batch(batch_id).state == "running"
        assert look.batch(batch_id).resume_at > clock.now()
        assert look.address(account_id).grade == "village", "what was found here is there"
    go_on(batch_id, services=services)
    assert look.address(account_id).provider == "photon"
    assert look.batch(batch_id).resume_at is None


def test_a_short_wait_is_waited_for(add, begin, go_on, look, monkeypatch):
    monkeypatch.setattr(online_steps, "NAP_S", 0.01)
    account_id = add()
    services = Services(NothingAsked(None, 0.03), FROM_A_SERVICE)
    go_on(begin("pending", online=True), services=services)
    assert look.address(account_id).provider == "photon"


def test_what_was_asked_when_the_batch_was_killed_is_asked_again_first(
    session, add, begin, go_on, look
):
    """The services keep what was paid for: asked once more, they answer from their cache."""
    for n in range(3):
        add(typed=f"Jl. Kaliurang {n}")
    batch_id = begin("pending", online=True)
    services = Services(FROM_A_SERVICE, KeyboardInterrupt(), then=NothingAsked(FROM_A_SERVICE))
    with pytest.raises(KeyboardInterrupt):
        go_on(batch_id, services=services)
    states = session.scalars(select(AddressBatchItem.state).order_by(AddressBatchItem.item)).all()
    assert states == ["done", "asking", "online"]
    go_on(batch_id, services=services)
    words = [words for words, _ in services.asked]
    assert words[1] == words[2]
    assert sorted(set(words)) == ["Jl. Kaliurang 0", "Jl. Kaliurang 1", "Jl. Kaliurang 2"]
    assert len(words) == 4
    assert look.batch(batch_id).moved == 3, "first by its village, then by its house: once each"


def test_an_address_edited_before_its_turn_is_not_asked_about(session, add, begin, go_on, look):
    first, second = add(), add(typed="Jl. Kaliurang 9")
    services = Services(FROM_A_SERVICE)
    batch_id = begin("pending", online=True)

    def edit(done, total):
        if (done, total) == (3, 4):
            write(session, second, **OTHER)
            session.commit()

    go_on(batch_id, services=services, report=edit)
    assert len(services.asked) == 1
    assert look.address(first).provider == "photon"
    assert look.address(second).provider == "gazetteer"


def test_a_review_that_a_service_makes_needless_is_not_counted(session, add, begin, go_on, look):
    account_id = add(village=None, district=None, city=None, region=None, typed="Gang Buntu 3")
    batch_id = begin("pending", online=True)
    go_on(batch_id, services=Services(FROM_A_SERVICE))
    assert look.address(account_id).review is None
    assert (look.batch(batch_id).moved, look.batch(batch_id).reviews) == (1, 0)


def test_the_estimate_takes_what_is_new_to_be_found_like_what_was_looked_up_here(
    session, add, begin, go_on
):
    for n in range(2):
        add(typed=f"Jl. Kaliurang {n}")
    go_on(begin())
    for n, grade in enumerate(("street", "street", "village")):
        account_id = add(typed=f"Jl. Malioboro {n}")
        write(session, account_id, lon=110.4, lat=-7.8, grade=grade, provider="osm",
              geocoded_at=NOW)  # fmt: skip
    for n in range(10):
        add(typed=f"Jl. Mataram {n}")
    counts = {
        choice: address_batches.estimate(session, OPERATOR, choice, NoServices()).online_lookups
        for choice in ("pending", "weak", "all")
    }
    assert counts == {"pending": 6, "weak": 9, "all": 9}


def test_the_estimate_tells_requests_cost_and_time_before_anything_is_asked(session, add):
    for n in range(4):
        add(typed=f"Jl. Kaliurang {n % 2}")
    services = Services()
    found = address_batches.estimate(session, OPERATOR, "pending", services)
    assert (found.addresses, found.lookups, found.services) == (4, 2, 1)
    assert (found.online.num_requests, found.online.costs) == (2, {"USD": 0.01})
    assert services.asked == []


@pytest.fixture
def work(sessions):
    """Let a worker take a job up."""

    def work(job_id, services=None):
        handlers = {tasks.RUN: tasks.run_with(services or NoServices())}
        jobs.run(sessions, handlers, lambda *_: OPERATOR, job_id)

    return work


@pytest.fixture
def start(session):
    """A batch with its job."""

    def start(online=False):
        found = address_batches.begin(session, OPERATOR, "pending", online=online, country="ID")
        job_id = tasks.start(session, OPERATOR, found).id
        session.commit()
        return found.id, job_id

    return start


def test_a_batch_is_paused_and_resumed_with_its_job(session, add, start, work, look):
    add()
    batch_id, job_id = start()
    address_batches.pause(session, OPERATOR, batch_id)
    session.commit()
    work(job_id)
    assert look.batch(batch_id).state == "paused"
    assert session.get_one(JobRun, job_id).state == "paused"
    found = address_batches.resume(session, OPERATOR, batch_id)
    assert tasks.start(session, OPERATOR, found).id == job_id
    session.commit()
    work(job_id)
    assert look.batch(batch_id).state == "done"
    job = session.get_one(JobRun, job_id)
    assert (job.state, job.result["moved"], job.done, job.total) == ("done", 1, 1, 1)


def test_a_batch_whose_services_are_down_gives_its_worker_back_and_comes_again(
    session, add, start, work, look
):
    add()
    batch_id, job_id = start(online=True)
    services = Services(NothingAsked(None, 300.0), FROM_A_SERVICE)
    work(job_id, services)
    assert session.get_one(JobRun, job_id).state == "waiting"
    assert look.batch(batch_id).state == "running"
    assert address_batches.is_under_way(session, OPERATOR, look.batch(batch_id))
    work(job_id, services)
    assert session.get_one(JobRun, job_id).state == "done"
    assert look.batch(batch_id).state == "done"


def test_a_batch_that_failed_says_why_and_can_go_on(session, add, start, work, look):
    add()
    batch_id, job_id = start(online=True)
    work(job_id, Services(Conflict("The key of the service was refused")))
    assert (look.batch(batch_id).state, look.batch(batch_id).message) == (
        "failed", "The key of the service was refused",
    )  # fmt: skip
    found = address_batches.resume(session, OPERATOR, batch_id)
    again = tasks.start(session, OPERATOR, found).id
    session.commit()
    assert again != job_id
    work(again, Services(FROM_A_SERVICE))
    assert look.batch(batch_id).state == "done"
