"""The queue under the jobs: procrastinate on the same PostgreSQL."""

from collections.abc import Callable

from procrastinate import App, Blueprint
from procrastinate.contrib.sqlalchemy import SQLAlchemyPsycopg2Connector
from procrastinate.psycopg_connector import PsycopgConnector
from sqlalchemy import Connection

TASK = "geocrm.run_job"

# Used only to enqueue on a connection that is handed in; it opens none of its own.
_enqueuer = App(connector=SQLAlchemyPsycopg2Connector())


def enqueue(connection: Connection, job_id: int, in_s: int = 0) -> None:
    """Queue the job in the connection's transaction: it is there exactly if that commits.

    A worker takes it up `in_s` seconds from now at the earliest.
    """
    task = _enqueuer.configure_task(
        TASK, connection=connection, schedule_in={"seconds": in_s} if in_s else None
    )
    task.defer(job_id=job_id)


def worker_app(conninfo: str, run_job: Callable[[int], None]) -> App:
    """An application whose worker hands each queued job's id to `run_job`."""
    blueprint = Blueprint()

    @blueprint.task(name="run_job")
    def run(job_id: int) -> None:
        run_job(job_id)

    app = App(connector=PsycopgConnector(conninfo=conninfo))
    app.add_tasks_from(blueprint, namespace="geocrm")
    # Blueprint namespaces join with a colon; the enqueuer uses the plain name.
    app.tasks[TASK] = next(task for name, task in app.tasks.items() if name.endswith("run_job"))
    return app
