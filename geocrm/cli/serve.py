"""`geocrm serve`: the pages, and on demand the worker beside them."""

import gc
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click
from gunicorn.app.base import BaseApplication

from geocrm.cli.context import open_engine, say, settings
from geocrm.config import Settings
from geocrm.db import cluster, make_engine, make_sessions, ports
from geocrm.errors import ServiceUnavailable
from geocrm.operations.watch import supervise, watch_database

# Helpers for one request take the cores of others: 50 rows that an index gives in 70 ms took 550
# with them. And a question that nobody waits for any more must end by itself.
_WEB_OPTIONS = "-c max_parallel_workers_per_gather=0 -c statement_timeout=60s"


@click.command()
@click.option("--with-worker", is_flag=True, help="Run the worker too, and start both again.")
def serve(with_worker: bool) -> None:
    """Serve the pages until interrupted."""
    chosen = settings()
    _need_port(chosen)
    with open_engine(chosen):
        pass  # the database is up and fits, or we have said why not
    if with_worker:
        program = [sys.executable, "-m", "geocrm"]
        supervise([[*program, "serve"], [*program, "worker"]], say)
    else:
        # Not before: who supervises server and worker needs no pages, and they take 300 MB. Not
        # later: the server's workers share what was read before they part.
        _Server(chosen, import_module("geocrm.web.app")).run()


def _need_port(chosen: Settings) -> None:
    if not ports.is_free(chosen.port, chosen.host):
        raise ServiceUnavailable(
            f"Port {chosen.port} is taken by {ports.holder(chosen.port)}: stop that, or choose"
            " another one, for example: GEOCRM_PORT=8001 geocrm serve"
        )


class _Server(BaseApplication):  # type: ignore[misc]
    """gunicorn with our settings; each of its workers opens its own connections."""

    def __init__(self, chosen: Settings, pages: Any) -> None:
        self._settings, self._pages = chosen, pages
        super().__init__()

    def load_config(self) -> None:
        chosen = self._settings
        host = f"[{chosen.host}]" if ":" in chosen.host else chosen.host
        values = {
            "bind": f"{host}:{chosen.port}",
            "worker_class": "gthread",
            "workers": chosen.web_workers,
            "threads": chosen.web_threads,
            "timeout": 120,  # a large upload over a slow line; a stuck worker still ends
            "graceful_timeout": 10,
            "keepalive": 5,
            "limit_request_line": 8190,  # a filter with a drawn area travels in the address
            "worker_tmp_dir": "/dev/shm" if Path("/dev/shm").is_dir() else None,  # noqa: S108
            "proc_name": "geocrm",
            "loglevel": "warning" if chosen.log_level == "info" else chosen.log_level,
            "control_socket_disable": True,
            "when_ready": _announce(chosen),
            "pre_fork": _share_memory,
        }
        for name, value in values.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        url = cluster.ensure_running(self._settings, say)
        watch_database(self._settings)
        engine = make_engine(url, name="geocrm web", options=_WEB_OPTIONS)
        return self._pages.create_app(self._settings, make_sessions(engine))


def _share_memory(_arbiter: Any, _worker: Any) -> None:
    """Let workers share what is read before they part.

    The first full look of a worker's garbage collector would write to all of it, and so copy 70 MB.
    """
    gc.freeze()


def _announce(chosen: Settings) -> Any:
    def when_ready(_arbiter: Any) -> None:
        say(f"GeoCRM answers on {chosen.base_url}  (Ctrl-C stops it)")

    return when_ready
