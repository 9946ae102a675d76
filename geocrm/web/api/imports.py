"""API of imports: what was imported, and how far one is."""

from datetime import datetime

from apiflask import APIBlueprint
from flask import g
from pydantic import BaseModel, RootModel

from geocrm.customers.imports import queries
from geocrm.customers.imports.models import Import
from geocrm.web.access import permit

bp = APIBlueprint("api_imports", __name__, url_prefix="/api/v1/imports", tag="Imports")


class ImportOut(BaseModel):
    """A file that was brought in."""

    id: int
    kind: str
    file_name: str
    state: str
    message: str
    total: int | None
    read: int
    created: int
    updated: int
    skipped: int
    failed: int
    warned: int
    undone: int
    spared: int
    created_at: datetime
    finished_at: datetime | None


class ImportsOut(RootModel[list[ImportOut]]):
    """Imports, newest first."""


@bp.get("")
@bp.output(ImportsOut)
@bp.doc(summary="The newest imports", security="token")
@permit("import", "account")
def index() -> ImportsOut:
    """The newest fifty imports of the asker; all for an administrator."""
    return ImportsOut([_shown(found) for found in queries.recent(g.session, g.actor)])


@bp.get("/<int:import_id>")
@bp.output(ImportOut)
@bp.doc(summary="One import", security="token")
@permit("import", "account")
def show(import_id: int) -> ImportOut:
    """The import, when it is the asker's own."""
    return _shown(queries.get(g.session, g.actor, import_id))


def _shown(found: Import) -> ImportOut:
    return ImportOut(
        id=found.id,
        kind=found.kind,
        file_name=found.file_name,
        state=found.state,
        message=found.message,
        total=found.total,
        warned=found.warned,
        undone=found.undone,
        spared=found.spared,
        created_at=found.created_at,
        finished_at=found.finished_at,
        **found.figures,
    )
