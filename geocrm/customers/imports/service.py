"""Beginning, resuming, stopping and undoing imports."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from geocrm.customers.imports import engine, fields, queries
from geocrm.customers.imports.kind import Context, Kind
from geocrm.customers.imports.models import Import
from geocrm.customers.imports.plan import Options, Plan, make_plan
from geocrm.customers.imports.reading import open_source
from geocrm.customers.imports.source import Source, clean_name
from geocrm.errors import Conflict, Forbidden, InvalidInput
from geocrm.security import Actor, Role, audit
from geocrm.security.models import User

_OBJECT = {"accounts": "account", "orders": "order"}


def plan_file(path: Path, kind: Kind, options: Options, limit: int | None = None) -> Plan:
    """Understand a file as records of the kind; InvalidInput says why it cannot be."""
    return make_plan(
        path, kind.fields, options, numbers=kind.number_fields, dates=kind.date_fields, limit=limit
    )


def open_columns(path: Path, kind: Kind) -> Source:
    """The columns of a file, without deciding what they mean."""
    return open_source(path, fields.is_known(kind.fields))


def require_right(actor: Actor, kind_name: str) -> None:
    """Raise Forbidden unless the actor's role may import such records."""
    actor.require("import", _OBJECT[kind_name])


def draft(
    session: Session, actor: Actor, kind: Kind, *, file_name: str, sha256: str, stored_as: str
) -> Import:
    """An uploaded file whose columns are still to be confirmed."""
    require_right(actor, kind.name)
    found = Import(
        kind=kind.name,
        user_id=actor.user_id,
        file_name=clean_name(file_name),
        file_sha256=sha256,
        stored_as=stored_as,
    )
    session.add(found)
    session.flush()  # the page's address holds the id
    return found


def begin(
    session: Session, actor: Actor, kind: Kind, plan: Plan, *, file_name: str, sha256: str
) -> tuple[Import, bool]:
    """The import of this file, and whether it is one that was cut short and now goes on."""
    require_right(actor, kind.name)
    earlier = queries.unfinished(session, actor, kind.name, sha256, plan.options.digest)
    if earlier is not None:
        return earlier, True
    found = Import(
        kind=kind.name,
        user_id=actor.user_id,
        file_name=clean_name(file_name),
        file_sha256=sha256,
    )
    session.add(found)
    session.flush()  # the rows refer to the id
    confirm(session, actor, found, plan)
    return found, False


def confirm(session: Session, actor: Actor, found: Import, plan: Plan) -> None:
    """Settle how a draft is read and let it run."""
    if found.state not in ("draft", "failed", "cancelled"):
        raise Conflict(f"Import {found.id} has been started already")
    found.options = options_json(plan.options)
    found.columns = list(plan.columns)
    found.notes = list(plan.source.notes)
    found.total = plan.total
    found.state = "running"
    found.message = ""
    audit.record(
        session, actor, "import", f"import:{found.id}", kind=found.kind, file=found.file_name,
        rows=plan.total,
    )  # fmt: skip


def discard(session: Session, actor: Actor, import_id: int) -> str | None:
    """Forget an uploaded file that was never imported; the name its copy is stored under."""
    found = queries.get(session, actor, import_id)
    if found.state != "draft":
        raise Conflict(
            "Only a file that was not imported can be discarded; undo the import instead"
        )
    session.delete(found)
    return found.stored_as


def options_json(options: Options) -> dict[str, Any]:
    """Options as `imports.options` keeps them."""
    return options.as_json() | {"digest": options.digest}


def options_of(found: Import) -> Options:
    """The options an import was begun with."""
    kept: Mapping[str, Any] = {key: v for key, v in found.options.items() if key != "digest"}
    return Options(**kept)


def context(
    session: Session, actor: Actor, import_id: int, plan: Plan, *, dry: bool = False
) -> Context:
    """What each block needs to know."""
    return Context(import_id, actor, plan, _owner_id(session, actor, plan.options.owner), dry)


def _owner_id(session: Session, actor: Actor, email: str | None) -> int:
    """Who owns what no column gives an owner to; InvalidInput when it may not be that person."""
    if email is not None:
        user = session.scalar(select(User).where(User.email == email.strip(), User.active))
        allowed = user is not None and (actor.sees_all or user.id in actor.owner_ids)
        if user is None or not allowed or user.role_kind is Role.MARKETER:
            raise InvalidInput(f"{email!r} is no active user you may give customers to")
        return user.id
    if actor.user_id is not None:
        return actor.user_id
    first = session.scalar(
        select(User.id)
        .where(User.active, User.role == Role.ADMINISTRATOR.value)
        .order_by(User.id)
        .limit(1)
    )
    if first is None:
        raise InvalidInput(
            "There is no user to own the customers: run geocrm init, or name one with --owner EMAIL"
        )
    return first


def run(
    open_batch: engine.OpenBatch,
    kind: Kind,
    actor: Actor,
    import_id: int,
    plan: Plan,
    report: engine.Report,
) -> None:
    """Bring in what is not in yet."""
    with open_batch() as session:
        run_context = context(session, actor, import_id, plan)
    engine.run(open_batch, kind, run_context, report)


def begin_undo(session: Session, actor: Actor, import_id: int) -> Import:
    """Let the undo of an import begin, or go on."""
    found = queries.get(session, actor, import_id)
    require_right(actor, found.kind)
    if found.state == "undone":
        raise Conflict(f"Import {import_id} has been undone already")
    if found.state == "draft":
        raise Conflict(f"Import {import_id} was never started: there is nothing to undo")
    if actor.role is Role.MARKETER:
        raise Forbidden("The role marketer may not undo imports")
    found.state = "undoing"
    audit.record(session, actor, "undo", f"import:{import_id}", file=found.file_name)
    return found


def stop(session: Session, actor: Actor, import_id: int) -> Import:
    """Stop a running import after the block at hand; what is in stays and can be undone."""
    found = queries.get(session, actor, import_id)
    if found.state == "running":
        found.state = "cancelled"
    return found


def fail(session: Session, import_id: int, message: str) -> None:
    """Note that an import cannot go on, and why."""
    found = session.get(Import, import_id, populate_existing=True)
    if found is not None and found.state in ("running", "draft"):
        found.state, found.message = "failed", message
