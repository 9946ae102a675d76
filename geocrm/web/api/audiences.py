"""API of audiences: count, save, list and export the people a regional campaign may reach."""

from datetime import date, datetime
from typing import Any

from apiflask import APIBlueprint
from flask import Response, current_app, g
from pydantic import BaseModel, Field

from geocrm import clock
from geocrm.campaigns import queries, selection, service
from geocrm.campaigns.models import Audience
from geocrm.campaigns.selection import Tree, Where
from geocrm.customers.models import Channel
from geocrm.web.access import permit

bp = APIBlueprint("api_audiences", __name__, url_prefix="/api/v1/audiences", tag="Audiences")


class Choice(BaseModel):
    """Where and who: regions, an area and territories together; conditions narrow them."""

    units: list[str] = Field(default=[], max_length=1000)
    area: dict[str, Any] | None = None
    territories: list[int] = Field(default=[], max_length=1000)
    segments: list[str] = Field(default=[], max_length=50)
    min_revenue: float | None = Field(default=None, ge=0)
    ordered_within: int | None = Field(default=None, ge=1, le=36_500)
    not_ordered_within: int | None = Field(default=None, ge=1, le=36_500)
    channel: str = "email"

    def tree(self) -> Tree:
        """The choice as a filter tree."""
        area = selection.area_of(self.area) if self.area is not None else None
        where = Where(tuple(self.units), area, tuple(self.territories))
        conditions = selection.conditions(
            segments=self.segments,
            min_revenue=self.min_revenue,
            ordered_within=self.ordered_within,
            not_ordered_within=self.not_ordered_within,
        )
        return selection.everybody_of(where, *conditions)


class Named(Choice):
    """A choice with the name it is saved under."""

    name: str = Field(max_length=service.MAX_NAME)


class Counts(BaseModel):
    """From all that match to those who may be reached; null is a count too small to be shown."""

    matched: int | None
    excluded: dict[str, int | None]
    reachable: int | None
    without_point: int | None


class Saved(BaseModel):
    """A saved audience."""

    id: int
    name: str
    channel: str
    reachable: int | None
    created_at: datetime


class SavedList(BaseModel):
    """Saved audiences, newest first."""

    items: list[Saved]


@bp.post("/count")
@bp.input(Choice, arg_name="choice")
@bp.output(Counts)
@bp.doc(summary="How many match, and how many of them may be reached", security="token")
@permit("read", "audience")
def count(choice: Choice) -> Counts:
    """Count a selection under consent."""
    channel = selection.channel_named(choice.channel)
    chosen = selection.compiled(g.actor, choice.tree(), _today())
    found = queries.waterfall(g.session, g.actor, chosen, channel).shown_to(g.actor)
    return Counts(
        matched=found.matched,
        excluded=found.excluded,
        reachable=found.reachable,
        without_point=found.without_point,
    )


@bp.post("")
@bp.input(Named, arg_name="choice")
@bp.output(Saved, status_code=201)
@bp.doc(summary="Save those who may be reached now", security="token")
@permit("create", "audience")
def save(choice: Named) -> Saved:
    """Freeze a selection under a name."""
    saved = service.save(
        g.session,
        g.actor,
        name=choice.name,
        tree=choice.tree(),
        channel=selection.channel_named(choice.channel),
        today=_today(),
    )
    g.session.flush()
    return _shown(saved)


@bp.get("")
@bp.output(SavedList)
@bp.doc(summary="Saved audiences", security="token")
@permit("read", "audience")
def saved_list() -> SavedList:
    """The asker's audiences, newest first."""
    return SavedList(items=[_shown(one) for one in queries.audiences(g.session, g.actor)])


@bp.delete("/<int:audience_id>")
@bp.doc(summary="Delete a saved audience", security="token")
@permit("create", "audience")
def remove(audience_id: int) -> tuple[str, int]:
    """Delete the audience."""
    service.remove(g.session, g.actor, audience_id)
    return "", 204


@bp.get("/<int:audience_id>.csv")
@bp.doc(summary="The people of an audience who may still be reached, as CSV", security="token")
@permit("export", "audience")
def export(audience_id: int) -> Response:
    """The list to send to; consent withdrawn since is respected."""
    lines = service.export(g.session, g.actor, audience_id)
    response = Response("".join(lines), mimetype="text/csv")
    response.headers["Content-Disposition"] = f"attachment; filename=audience-{audience_id}.csv"
    return response


def _shown(audience: Audience) -> Saved:
    reachable = queries.count_shown_to(g.actor, audience.reachable)
    return Saved(
        id=audience.id,
        name=audience.name,
        channel=Channel(audience.channel).value,
        reachable=reachable,
        created_at=audience.created_at or clock.now(),
    )


def _today() -> date:
    return clock.today(current_app.config["GEOCRM_SETTINGS"].default_timezone)
