"""Work in the background: imports, run, checked without changing anything, undone; daily revenue.

They stand here because this is the lowest room that knows every kind of record there is a file for.
"""

from pathlib import Path
from typing import Any, Final

from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.customers.imports import engine, queries, service
from geocrm.customers.imports.accounts import AccountKind
from geocrm.customers.imports.kind import Kind
from geocrm.customers.imports.models import Import
from geocrm.errors import GeoCrmError
from geocrm.jobs import Cancelled, JobRun, Work
from geocrm.jobs import service as jobs
from geocrm.sales import service as sales
from geocrm.sales.imports import OrderKind
from geocrm.security import Actor

RUN: Final = "imports.run"
CHECK: Final = "imports.check"
UNDO: Final = "imports.undo"
REFRESH_REVENUE: Final = "sales.refresh_revenue"
KINDS: Final[dict[str, Kind]] = {"accounts": AccountKind(), "orders": OrderKind()}


def start(session: Session, actor: Actor, kind: str, found: Import, path: Path | None) -> JobRun:
    """Queue work on an import; its page follows the job."""
    params = {"import_id": found.id, "path": str(path) if path else None}
    job = jobs.start(session, actor, kind, params)
    found.job_id = job.id
    return job


def run(work: Work) -> dict[str, Any]:
    """Bring the file in, or go on with it."""
    import_id = int(work.params["import_id"])
    try:
        with work.unit_of_work() as session:
            found = queries.get(session, work.actor, import_id)
            kind, options = KINDS[found.kind], service.options_of(found)
        plan = service.plan_file(Path(work.params["path"]), kind, options)
        service.run(work.unit_of_work, kind, work.actor, import_id, plan, _reporter(work))
    except Cancelled:
        with work.unit_of_work() as session:
            service.stop(session, work.actor, import_id)
        raise
    except GeoCrmError as error:
        with work.unit_of_work() as session:
            service.fail(session, import_id, str(error))
        raise
    with work.unit_of_work() as session:
        return queries.get(session, work.actor, import_id).figures


def refresh_revenue(work: Work) -> dict[str, Any]:
    """Bring revenue of the last 365 days up to today, for everybody."""
    changed = sales.refresh_all(work.unit_of_work, clock.today(work.actor.timezone), work.report)
    return {"changed": changed}


def check(work: Work) -> dict[str, Any]:
    """Say what the whole file would do, changing nothing."""
    import_id = int(work.params["import_id"])
    with work.unit_of_work() as session:
        found = queries.get(session, work.actor, import_id)
        kind, options = KINDS[found.kind], service.options_of(found)
    plan = service.plan_file(Path(work.params["path"]), kind, options)
    with work.unit_of_work() as session:
        context = service.context(session, work.actor, import_id, plan, dry=True)
        return engine.dry_run(session, kind, context, _reporter(work))


def undo(work: Work) -> dict[str, Any]:
    """Take the import back, or go on with that."""
    import_id = int(work.params["import_id"])
    with work.unit_of_work() as session:
        kind = KINDS[queries.get(session, work.actor, import_id).kind]
    engine.undo(work.unit_of_work, kind, import_id, _reporter(work))
    with work.unit_of_work() as session:
        found = queries.get(session, work.actor, import_id)
        return {"undone": found.undone, "spared": found.spared}


def _reporter(work: Work) -> engine.Report:
    return lambda done, total: work.report(done, total)
