"""The page where addresses are looked up in batches."""

from typing import Any

from flask import Blueprint, current_app, g, redirect, render_template, request

from geocrm.customers.address_batches import queries, service, tasks
from geocrm.web.access import permit

bp = Blueprint("addresses", __name__, url_prefix="/addresses")


@bp.get("")
@permit("update", "account")
def index() -> str:
    """The batch at hand or the form for the next one, and what earlier ones came to."""
    current = queries.unfinished(g.session, g.actor)
    recent = queries.recent(g.session, g.actor)
    return render_template(
        "addresses/index.html",
        current=current,
        under_way=current is not None and service.is_under_way(g.session, g.actor, current),
        recent=[one for one in recent if current is None or one.id != current.id],
    )


@bp.post("")
@permit("update", "account")
def begin() -> Any:
    """Begin a batch as a job."""
    found = service.begin(
        g.session,
        g.actor,
        request.form.get("choice", "pending"),
        online=request.form.get("online") == "1",
        country=current_app.config["GEOCRM_SETTINGS"].default_country,
    )
    tasks.start(g.session, g.actor, found)
    return redirect("/addresses")


@bp.post("/batches/<int:batch_id>/pause")
@permit("update", "account")
def pause(batch_id: int) -> Any:
    """Let a batch rest."""
    service.pause(g.session, g.actor, batch_id)
    return redirect("/addresses")


@bp.post("/batches/<int:batch_id>/resume")
@permit("update", "account")
def resume(batch_id: int) -> Any:
    """Go on with a batch."""
    tasks.start(g.session, g.actor, service.resume(g.session, g.actor, batch_id))
    return redirect("/addresses")


@bp.post("/batches/<int:batch_id>/cancel")
@permit("update", "account")
def cancel(batch_id: int) -> Any:
    """Stop a batch for good."""
    service.cancel(g.session, g.actor, batch_id)
    return redirect("/addresses")
