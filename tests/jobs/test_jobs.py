"""Background work: started with its cause, run once, taken up again when its worker dies."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from geocrm import clock
from geocrm.errors import Conflict, InvalidInput, NotFound
from geocrm.jobs import JobRun, Later, Superseded, queries, service
from geocrm.security import OPERATOR


@pytest.fixture
def run(sessions, actor_of):
    """Run a job with one handler."""

    def go(job_id, handler):
        service.run(sessions, {"test": handler}, lambda _session, _user: OPERATOR, job_id)

    return go


@pytest.fixture
def job(session, actor):
    """A job waiting in the queue."""
    job = service.start(session, actor, "test", {"n": 3})
    session.commit()
    return job


def state_of(session, job_id):
    return queries.get(session, OPERATOR, job_id)


def queued(session):
    return session.execute(
        text("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'")
    ).scalar()


def test_a_job_is_queued_exactly_if_its_cause_is_kept(session, actor):
    before = queued(session)
    with session.begin_nested() as attempt:
        service.start(session, actor, "test", {})
        attempt.rollback()
    assert queued(session) == before
    service.start(session, actor, "test", {})
    assert queued(session) == before + 1


def test_a_job_keeps_its_result_and_how_far_it_came(session, job, run):
    def handler(work):
        work.report(2, 3, "Two of three")
        return {"answer": work.params["n"]}

    run(job.id, handler)
    done = state_of(session, job.id)
    assert (done.state, done.result, done.done, done.total) == ("done", {"answer": 3}, 2, 3)


def test_an_expected_error_is_told_in_its_own_words(session, job, run):
    def handler(_work):
        raise InvalidInput("Row 7 has no name; give it one")

    run(job.id, handler)
    assert state_of(session, job.id).state == "failed"
    assert state_of(session, job.id).message == "Row 7 has no name; give it one"


def test_an_unexpected_error_says_nothing_of_our_insides(session, job, run):
    def handler(_work):
        raise ZeroDivisionError("secret")

    run(job.id, handler)
    assert state_of(session, job.id).state == "failed"
    assert "secret" not in state_of(session, job.id).message


def test_a_job_delivered_twice_runs_once(job, run):
    runs = []
    for _ in range(2):
        run(job.id, lambda _work: runs.append(1) or {})
    assert runs == [1]


def test_a_cancelled_job_stops_after_its_batch(session, job, run, actor):
    batches = []

    def handler(work):
        for number in range(5):
            batches.append(number)
            if number == 1:
                service.cancel(session, actor, job.id)
                session.commit()
            work.report(number, 5)
        return {}

    run(job.id, handler)
    assert batches == [0, 1]
    assert state_of(session, job.id).state == "cancelled"


def test_a_job_whose_worker_died_is_queued_again_and_only_that_one(session, actor):
    dead, alive, waiting = (service.start(session, actor, "test", {}) for _ in range(3))
    long_ago = clock.now() - timedelta(seconds=service.STALLED_S + 5)
    dead.state, dead.beat_at = "running", long_ago
    alive.state, alive.beat_at = "running", clock.now()
    session.flush()
    before = queued(session)
    assert service.reap(session) == [dead.id]
    assert queued(session) == before + 1
    assert waiting.state == "waiting"


def test_a_job_the_queue_forgot_is_queued_again(session, actor):
    job = service.start(session, actor, "test", {})
    job.created_at = clock.now() - timedelta(seconds=service.STALLED_S + 5)
    session.flush()
    session.execute(text("UPDATE procrastinate_jobs SET status = 'succeeded'"))
    assert service.reap(session) == [job.id]


def test_daily_work_is_started_once_in_a_day(session):
    first = service.start_daily(session, ["test"])
    assert len(first) == 1
    assert service.start_daily(session, ["test"]) == []
    job = session.get(JobRun, first[0])
    job.created_at = clock.now() - timedelta(hours=25)
    session.flush()
    assert len(service.start_daily(session, ["test"])) == 1


def test_somebody_elses_job_looks_missing(session, job, rep, actor_of):
    with pytest.raises(NotFound):
        queries.get(session, actor_of(rep), job.id)
    assert session.scalars(select(JobRun.id).where(JobRun.id == job.id)).all()


def test_a_paused_job_rests_after_its_batch_and_goes_on_when_resumed(session, job, run, actor):
    batches = []

    def handler(work):
        for number in range(5):
            batches.append(number)
            if number == 1 and len(batches) == 2:
                service.pause(session, actor, job.id)
                session.commit()
            work.report(number, 5)
        return {}

    run(job.id, handler)
    assert batches == [0, 1]
    assert state_of(session, job.id).state == "paused"
    run(job.id, handler)
    assert batches == [0, 1], "a queue that delivers twice does not wake it"
    before = queued(session)
    service.resume(session, actor, job.id)
    session.commit()
    assert queued(session) == before + 1
    run(job.id, handler)
    assert state_of(session, job.id).state == "done"
    assert batches == [0, 1, 0, 1, 2, 3, 4]


def test_a_paused_job_is_not_rescued_however_long_it_rests(session, job, actor):
    service.pause(session, actor, job.id)
    job.beat_at = job.created_at = clock.now() - timedelta(days=30)
    session.flush()
    session.execute(text("UPDATE procrastinate_jobs SET status = 'succeeded'"))
    assert service.reap(session) == []
    assert state_of(session, job.id).state == "paused"


def test_a_job_resumed_before_its_worker_noticed_the_pause_runs_once(session, job, run, actor):
    """The worker that was to rest finds that another attempt has begun, and keeps its hands off."""
    told = []

    def handler(work):
        service.pause(session, actor, job.id)
        service.resume(session, actor, job.id)
        session.commit()
        try:
            work.report(1, 5)
        except Superseded as error:
            told.append(error)
            raise
        return {}

    run(job.id, handler)
    assert len(told) == 1
    assert state_of(session, job.id).state == "waiting"


def test_only_a_paused_job_is_resumed_and_only_an_unfinished_one_paused(session, job, run, actor):
    with pytest.raises(Conflict):
        service.resume(session, actor, job.id)
    run(job.id, lambda _work: {})
    with pytest.raises(Conflict):
        service.pause(session, actor, job.id)


def test_a_paused_job_can_be_cancelled(session, job, actor):
    service.pause(session, actor, job.id)
    service.cancel(session, actor, job.id)
    assert state_of(session, job.id).state == "cancelled"
    assert state_of(session, job.id).finished_at is not None


def test_a_job_that_must_wait_frees_its_worker_and_is_queued_for_later(session, job, run):
    def handler(_work):
        raise Later(90, "The services can be asked again in a while")

    session.execute(text("UPDATE procrastinate_jobs SET status = 'succeeded'"))
    run(job.id, handler)
    waiting = state_of(session, job.id)
    assert (waiting.state, waiting.message) == (
        "waiting", "The services can be asked again in a while",
    )  # fmt: skip
    due = session.execute(
        text("SELECT scheduled_at - now() FROM procrastinate_jobs WHERE status = 'todo'")
    ).scalar_one()
    assert timedelta(seconds=80) < due <= timedelta(seconds=91)
    waiting.created_at = clock.now() - timedelta(days=1)
    session.flush()
    assert service.reap(session) == [], "the queue has not forgotten it"
