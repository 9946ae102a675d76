"""The page of bulk actions: what was done to many customers, how far it is, taking it back."""

from typing import Any

from flask import Blueprint, g, redirect, render_template, request

from geocrm.maps.bulk import queries, service, tasks
from geocrm.maps.bulk.action import named
from geocrm.security import queries as people
from geocrm.web.access import permit
from geocrm.web.api.bulk import folder
from geocrm.wiring.bulk import ACTIONS

bp = Blueprint("bulk", __name__, url_prefix="/bulk")
PAGE = 30


@bp.get("")
@permit("read", "account")
def index() -> str:
    """The person's bulk actions, newest first."""
    before = request.args.get("before", type=int)
    found = list(queries.recent(g.session, g.actor, PAGE + 1, before))
    return render_template(
        "bulk/index.html",
        runs=[
            {
                "run": one,
                "under_way": service.is_under_way(g.session, g.actor, one),
                "can_resume": service.can_resume(g.session, g.actor, one),
                "can_undo": one.finished
                and one.state != "undone"
                and service.can_undo(named(ACTIONS, one.action), one),
                "has_file": one.state == "done" and "path" in one.result
                and one.forgotten_at is None,
            }
            for one in found[:PAGE]
        ],
        names={user.id: user.name or user.email for user in people.users(g.session)},
        next_url=f"/bulk?before={found[PAGE - 1].id}" if len(found) > PAGE else None,
        first_url="/bulk" if before else None,
    )  # fmt: skip


@bp.post("/<int:run_id>/pause")
@permit("read", "account")
def pause(run_id: int) -> Any:
    """Let one rest."""
    service.pause(g.session, g.actor, run_id)
    return redirect("/bulk")


@bp.post("/<int:run_id>/resume")
@permit("read", "account")
def resume(run_id: int) -> Any:
    """Go on with one."""
    found = service.resume(g.session, g.actor, run_id)
    tasks.start(g.session, g.actor, tasks.RUN, found, folder())
    return redirect("/bulk")


@bp.post("/<int:run_id>/cancel")
@permit("read", "account")
def cancel(run_id: int) -> Any:
    """Stop one for good."""
    service.cancel(g.session, g.actor, run_id)
    return redirect("/bulk")


@bp.post("/<int:run_id>/undo")
@permit("read", "account")
def undo(run_id: int) -> Any:
    """Take one back."""
    found = service.begin_undo(g.session, g.actor, ACTIONS, run_id)
    tasks.start(g.session, g.actor, tasks.UNDO, found, folder())
    return redirect("/bulk")
