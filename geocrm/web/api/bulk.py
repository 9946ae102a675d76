"""API of bulk actions: what one would come to, beginning it, how far it is, taking it back."""

from datetime import datetime
from pathlib import Path
from typing import Any

from apiflask import APIBlueprint
from flask import Response, current_app, g, request, send_file
from flask_babel import gettext as _
from pydantic import BaseModel, Field

from geocrm.customers.models import SEGMENTS, Channel
from geocrm.maps.bulk import columns, queries, service, tasks
from geocrm.maps.bulk.action import named
from geocrm.maps.bulk.files import FORMATS
from geocrm.maps.bulk.meant import MAX_IDS
from geocrm.maps.bulk.models import BulkRun
from geocrm.maps.bulk.service import Asked
from geocrm.security import queries as people
from geocrm.takeaway.csv_safe import csv_lines
from geocrm.visits import queries as visits
from geocrm.web.access import permit
from geocrm.web.words import bulk_reason, channel_name, kept_problem, said
from geocrm.wiring.bulk import ACTIONS

bp = APIBlueprint("api_bulk", __name__, url_prefix="/api/v1/bulk", tag="Bulk actions")


class Wanted(BaseModel):
    """An action, and whom it means: a filter (an object; {} is everybody), or a list of ids."""

    action: str = Field(max_length=40)
    params: dict[str, Any] = Field(default_factory=dict)
    filter: dict[str, Any] | None = None
    ids: list[int] | None = Field(default=None, max_length=MAX_IDS)

    def asked(self) -> Asked:
        """The same for the service."""
        return Asked(self.action, self.params, self.filter, self.ids)


class Begin(Wanted):
    """An action to begin; `fingerprint` of its preview, `key` makes sending it twice harmless."""

    fingerprint: str | None = Field(default=None, max_length=64)
    key: str | None = Field(default=None, max_length=service.MAX_KEY)


class Refused(BaseModel):
    """How many cannot be changed, and why."""

    reason: str
    words: str
    count: int


class PreviewOut(BaseModel):
    """What an action would come to; `stops` says why it may not begin."""

    total: int
    changed: int
    unchanged: int
    refused: int
    reasons: list[Refused]
    stops: str | None
    fingerprint: str


class RunOut(BaseModel):
    """A bulk action; `file` is the address of what an export wrote."""

    id: int
    action: str
    params: dict[str, Any]
    state: str
    under_way: bool
    message: str
    total: int
    done: int
    changed: int
    unchanged: int
    failed: int
    undone: int
    spared: int
    can_resume: bool
    can_undo: bool
    undo_until: datetime
    errors: str | None
    file: str | None
    file_until: datetime | None
    audience_id: int | None
    job_id: int | None
    created_at: datetime
    finished_at: datetime | None
    undone_at: datetime | None


class RunsOut(BaseModel):
    """The newest bulk actions of the asker."""

    items: list[RunOut]


class Named(BaseModel):
    """Something to choose."""

    id: int
    name: str


class Word(BaseModel):
    """Something to choose, by its code."""

    code: str
    name: str


class Choices(BaseModel):
    """What the asker may do in bulk, and what there is to choose for it."""

    actions: list[str]
    owners: list[Named]
    reps: list[Named]
    segments: list[str]
    channels: list[Word]
    formats: list[str]
    columns: list[str]


@bp.get("/choices")
@bp.output(Choices)
@bp.doc(summary="What may be done in bulk", security="token")
@permit("read", "account")
def choices() -> Choices:
    """Actions of the asker's role, owners they may give to, reps they may plan for."""
    may = [name for name, action in ACTIONS.items() if g.actor.may(*action.right)]
    return Choices(
        actions=may,
        owners=[Named(id=each.id, name=each.name or each.email)
                for each in people.possible_owners(g.session, g.actor)],
        reps=[Named(id=each.id, name=each.name or each.email)
              for each in visits.visible_reps(g.session, g.actor)],
        segments=list(SEGMENTS),
        channels=[Word(code=each.value, name=channel_name(each.value)) for each in Channel],
        formats=list(FORMATS),
        columns=list(columns.COLUMNS),
    )  # fmt: skip


@bp.post("/preview")
@bp.input(Wanted, arg_name="wanted")
@bp.output(PreviewOut)
@bp.doc(summary="What a bulk action would come to", security="token")
@permit("read", "account")
def preview(wanted: Wanted) -> PreviewOut:
    """Exact counts of whom the asker sees; nothing is changed."""
    found = service.preview(g.session, g.actor, ACTIONS, wanted.asked())
    forecast = found.forecast
    return PreviewOut(
        total=found.total,
        changed=forecast.changed,
        unchanged=forecast.unchanged,
        refused=forecast.refused,
        reasons=[Refused(reason=reason, words=bulk_reason(reason), count=count)
                 for reason, count in forecast.reasons.items()],
        stops=said(forecast.stops) if forecast.stops else None,
        fingerprint=found.fingerprint,
    )  # fmt: skip


@bp.post("")
@bp.input(Begin, arg_name="wanted")
@bp.output(RunOut, status_code=201)
@bp.doc(summary="Begin a bulk action", security="token")
@permit("read", "account")
def begin(wanted: Begin) -> RunOut:
    """Queue it; 409 when the selection is another one than in the preview."""
    found, is_new = service.begin(
        g.session,
        g.actor,
        ACTIONS,
        wanted.asked(),
        fingerprint=wanted.fingerprint,
        client_key=wanted.key or request.headers.get("Idempotency-Key"),
    )
    if is_new:
        tasks.start(g.session, g.actor, tasks.RUN, found, folder())
    g.session.flush()
    return _shown(found)


@bp.get("")
@bp.output(RunsOut)
@bp.doc(summary="The newest bulk actions", security="token")
@permit("read", "account")
def index() -> RunsOut:
    """Those of the asker."""
    return RunsOut(items=[_shown(each) for each in queries.recent(g.session, g.actor)])


@bp.get("/<int:run_id>")
@bp.output(RunOut)
@bp.doc(summary="How far a bulk action is", security="token")
@permit("read", "account")
def show(run_id: int) -> RunOut:
    """The bulk action, when it is the asker's own."""
    return _shown(queries.get(g.session, g.actor, run_id))


@bp.post("/<int:run_id>/pause")
@bp.output(RunOut)
@bp.doc(summary="Let a bulk action rest", security="token")
@permit("read", "account")
def pause(run_id: int) -> RunOut:
    """Stop after the batch at hand, to go on later."""
    return _shown(service.pause(g.session, g.actor, run_id))


@bp.post("/<int:run_id>/resume")
@bp.output(RunOut)
@bp.doc(summary="Go on with a bulk action", security="token")
@permit("read", "account")
def resume(run_id: int) -> RunOut:
    """Go on with one that rests, failed or was cut short."""
    found = service.resume(g.session, g.actor, run_id)
    tasks.start(g.session, g.actor, tasks.RUN, found, folder())
    return _shown(found)


@bp.post("/<int:run_id>/cancel")
@bp.output(RunOut)
@bp.doc(summary="Stop a bulk action for good", security="token")
@permit("read", "account")
def cancel(run_id: int) -> RunOut:
    """Stop after the batch at hand; what is done stays and can be undone."""
    return _shown(service.cancel(g.session, g.actor, run_id))


@bp.post("/<int:run_id>/undo")
@bp.output(RunOut)
@bp.doc(summary="Take a bulk action back", security="token")
@permit("read", "account")
def undo(run_id: int) -> RunOut:
    """Queue the undo; what somebody changed since is left alone and listed."""
    found = service.begin_undo(g.session, g.actor, ACTIONS, run_id)
    tasks.start(g.session, g.actor, tasks.UNDO, found, folder())
    return _shown(found)


@bp.get("/<int:run_id>/errors.csv")
@bp.doc(summary="Which customers were left alone, and why", security="token")
@permit("read", "account")
def errors(run_id: int) -> Response:
    """CSV: number, name, when (action or undo), reason."""
    found = queries.get(g.session, g.actor, run_id)
    lines = csv_lines(
        (_("Number"), _("Customer"), _("When"), _("Reason")),
        (
            (each.account_id, each.name, _("undo") if each.undo else _("action"),
             bulk_reason(each.reason))
            for each in queries.left_alone(g.session, found.id)
        ),
    )  # fmt: skip
    return Response(
        "".join(lines),
        mimetype="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="bulk-{found.id}-errors.csv"'},
    )


@bp.get("/<int:run_id>/file")
@bp.doc(summary="The file of an export", security="token")
@permit("export", "account")
def file(run_id: int) -> Any:
    """For who made it, while they may see everybody in it."""
    path, name = service.file_of(g.session, g.actor, run_id)
    answer = send_file(
        path, mimetype=FORMATS[path.suffix[1:]], as_attachment=True, download_name=name
    )
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def folder() -> Path:
    """Where files of exports lie."""
    var: Path = current_app.config["GEOCRM_SETTINGS"].var
    return var / "exports"


def _shown(found: BulkRun) -> RunOut:
    has_file = found.state == "done" and "path" in found.result and found.forgotten_at is None
    return RunOut(
        **{name: getattr(found, name) for name in _AS_IT_IS},
        message=kept_problem(found.message, found.problem),
        under_way=service.is_under_way(g.session, g.actor, found),
        can_resume=service.can_resume(g.session, g.actor, found),
        can_undo=found.finished
        and found.state != "undone"
        and service.can_undo(named(ACTIONS, found.action), found),
        errors=f"/api/v1/bulk/{found.id}/errors.csv" if found.failed + found.spared else None,
        file=f"/api/v1/bulk/{found.id}/file" if has_file else None,
        file_until=found.file_until if has_file else None,
        audience_id=found.result.get("audience_id"),
    )


_AS_IT_IS = (
    "id", "action", "params", "state", "total", "done", "changed", "unchanged",
    "failed", "undone", "spared", "undo_until", "job_id", "created_at", "finished_at", "undone_at",
)  # fmt: skip
