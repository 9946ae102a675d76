"""`geocrm worker`: the work that goes on behind the pages."""

import logging
import time

import click
from procrastinate.exceptions import ConnectorException

from geocrm.cli.context import open_engine, say, settings
from geocrm.db import cluster, make_sessions
from geocrm.jobs.worker import run_forever
from geocrm.operations.servers import libpq_dsn
from geocrm.operations.watch import watch_database
from geocrm.wiring import actor_of
from geocrm.wiring.handlers import DAILY, JOB_HANDLERS, upkeep

_RETRY_S = 3


@click.command()
@click.option("--once", is_flag=True, help="End when the queue is empty.")
def worker(once: bool) -> None:
    """Run background jobs until interrupted."""
    chosen = settings()
    logging.basicConfig(level=chosen.log_level.upper(), format="%(asctime)s %(message)s")
    for chatty in ("alembic", "procrastinate"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    with open_engine(chosen) as engine:
        watch_database(chosen)
        say("The worker is ready")
        while True:
            try:
                url = cluster.ensure_running(chosen, say)
                run_forever(
                    libpq_dsn(url),
                    make_sessions(engine),
                    JOB_HANDLERS,
                    actor_of,
                    wait=not once,
                    concurrency=chosen.worker_concurrency,
                    daily=DAILY,
                    upkeep=upkeep,
                )
                return
            except ConnectorException:
                say(f"The database does not answer; trying again in {_RETRY_S} s")
                time.sleep(_RETRY_S)
