"""API of address batches: what one would take, beginning it, how far it is, letting it rest."""

from datetime import datetime

from apiflask import APIBlueprint
from flask import current_app, g
from pydantic import BaseModel, Field, RootModel

from geocrm import clock
from geocrm.customers.address_batches import queries, service, tasks
from geocrm.customers.address_batches.models import AddressBatch
from geocrm.web.access import permit
from geocrm.wiring.geocoders import SERVICES

bp = APIBlueprint(
    "api_address_batches", __name__, url_prefix="/api/v1/address-batches", tag="Addresses"
)


class BatchRequest(BaseModel):
    """What is to be looked up, and whether services in the network may be asked."""

    choice: str = Field(default="pending", max_length=20)
    online: bool = False


class Choice(BaseModel):
    """pending: new and changed addresses; weak: also those coarser than their street; all."""

    choice: str = Field(default="pending", max_length=20)


class OnlineNeed(BaseModel):
    """What asking the services takes; `costs` by currency."""

    num_requests: int
    costs: dict[str, float]
    seconds: float


class Forecast(BaseModel):
    """What a batch would take: `online` only when services are asked too."""

    addresses: int
    lookups: int
    local_s: float
    services: int
    online_lookups: int
    online: OnlineNeed


class BatchOut(BaseModel):
    """A batch: `rate` in look-ups a second and `seconds_left` are those of the stage at hand."""

    id: int
    choice: str
    online: bool
    state: str
    under_way: bool
    message: str
    stage: str
    addresses: int
    lookups: int
    done: int
    total: int
    moved: int
    spared: int
    reviews: int
    grades: dict[str, int]
    rate: float | None
    seconds_left: float | None
    resume_at: datetime | None
    created_at: datetime
    finished_at: datetime | None


class BatchesOut(RootModel[list[BatchOut]]):
    """Batches, newest first."""


@bp.get("")
@bp.output(BatchesOut)
@bp.doc(summary="The newest address batches", security="token")
@permit("update", "account")
def index() -> BatchesOut:
    """The newest twenty of the asker; of everybody for an administrator."""
    return BatchesOut([_shown(found) for found in queries.recent(g.session, g.actor)])


@bp.get("/estimate")
@bp.input(Choice, location="query", arg_name="wanted")
@bp.output(Forecast)
@bp.doc(summary="What a batch would take", security="token")
@permit("update", "account")
def estimate(wanted: Choice) -> Forecast:
    """Counts of what the asker sees, the time it takes here, and the cost of the services."""
    found = service.estimate(g.session, g.actor, wanted.choice, SERVICES)
    return Forecast(**service.as_json(found))


@bp.post("")
@bp.input(BatchRequest, arg_name="wanted")
@bp.output(BatchOut, status_code=201)
@bp.doc(summary="Begin an address batch", security="token")
@permit("update", "account")
def begin(wanted: BatchRequest) -> BatchOut:
    """Queue a batch; 409 while an earlier one of the asker is not through."""
    country = current_app.config["GEOCRM_SETTINGS"].default_country
    found = service.begin(g.session, g.actor, wanted.choice, online=wanted.online, country=country)
    tasks.start(g.session, g.actor, found)
    g.session.flush()
    return _shown(found)


@bp.get("/<int:batch_id>")
@bp.output(BatchOut)
@bp.doc(summary="How far an address batch is", security="token")
@permit("update", "account")
def show(batch_id: int) -> BatchOut:
    """The batch, when it is the asker's own."""
    return _shown(queries.get(g.session, g.actor, batch_id))


@bp.post("/<int:batch_id>/pause")
@bp.output(BatchOut)
@bp.doc(summary="Let an address batch rest", security="token")
@permit("update", "account")
def pause(batch_id: int) -> BatchOut:
    """Stop after the chunk at hand, to go on later."""
    return _shown(service.pause(g.session, g.actor, batch_id))


@bp.post("/<int:batch_id>/resume")
@bp.output(BatchOut)
@bp.doc(summary="Go on with an address batch", security="token")
@permit("update", "account")
def resume(batch_id: int) -> BatchOut:
    """Go on with a batch that rests, failed or was cut short."""
    found = service.resume(g.session, g.actor, batch_id)
    tasks.start(g.session, g.actor, found)
    return _shown(found)


@bp.post("/<int:batch_id>/cancel")
@bp.output(BatchOut)
@bp.doc(summary="Stop an address batch for good", security="token")
@permit("update", "account")
def cancel(batch_id: int) -> BatchOut:
    """Stop after the chunk at hand; what is written stays."""
    return _shown(service.cancel(g.session, g.actor, batch_id))


def _shown(found: AddressBatch) -> BatchOut:
    now = clock.now()
    return BatchOut(
        id=found.id,
        choice=found.choice,
        online=found.online,
        state=found.state,
        under_way=service.is_under_way(g.session, g.actor, found),
        message=found.message,
        stage=found.stage,
        addresses=found.addresses,
        lookups=found.lookups,
        done=found.done,
        total=found.total,
        moved=found.moved,
        spared=found.spared,
        reviews=found.reviews,
        grades=found.grades,
        rate=found.lookups_per_s(now),
        seconds_left=found.seconds_left(now),
        resume_at=found.resume_at,
        created_at=found.created_at,
        finished_at=found.finished_at,
    )
