"""API for telephone systems: who is calling, and what was last."""

from datetime import date, datetime
from typing import Literal

from apiflask import APIBlueprint
from flask import request
from pydantic import BaseModel, Field

from geocrm.web import pop
from geocrm.web.access import permit

bp = APIBlueprint("api_pop", __name__, url_prefix="/api/v1", tag="Telephone")


class PopQuery(BaseModel):
    """The number as the telephone system has it."""

    phone: str = Field("", max_length=200, description="In any spelling, 0812..., +62..., tel:")


class CallerOut(BaseModel):
    """A customer with the number; `url` opens the page for the call."""

    id: int
    name: str
    segment: str | None
    owner: str
    territory: str | None
    contact: str | None
    primary_contact: str | None
    url: str


class Interaction(BaseModel):
    """Something that happened with the customer."""

    kind: str
    outcome: str | None
    text: str
    at: datetime
    by: str | None


class OrderOut(BaseModel):
    """An order of the customer."""

    number: str | None
    day: date
    amount: float
    currency: str


class NextVisit(BaseModel):
    """When the customer is visited next."""

    day: date
    rep: str


class Pop(BaseModel):
    """Who is calling. Interactions, orders and the visit are there when it is one customer."""

    state: Literal["one", "several", "unknown", "withheld", "invalid"]
    number: str | None
    items: list[CallerOut]
    interactions: list[Interaction] = []
    orders: list[OrderOut] = []
    next_visit: NextVisit | None = None


@bp.get("/pop")
@bp.input(PopQuery, location="query")
@bp.output(Pop)
@bp.doc(summary="Who is calling", security="token")
@permit("read", "account")
def who(query_data: PopQuery) -> Pop:
    """The customers with this number, among those the asker sees."""
    number, found = pop.find(query_data.phone)
    items = [
        CallerOut(
            id=caller.account_id,
            name=caller.name,
            segment=caller.segment,
            owner=caller.owner,
            territory=caller.territory,
            contact=caller.contact,
            primary_contact=caller.primary_contact,
            url=f"{request.host_url}pop?phone={number.e164}&account={caller.account_id}".replace(
                "phone=+", "phone=%2B"
            ),
        )
        for caller in found
    ]
    if number.e164 is None:
        return Pop(state="withheld" if number.withheld else "invalid", number=None, items=[])
    if len(found) != 1:
        return Pop(state="several" if found else "unknown", number=number.e164, items=items)
    known = pop.known(found[0].account_id)
    return Pop(
        state="one",
        number=number.e164,
        items=items,
        interactions=[Interaction.model_validate(e._asdict()) for e in known.interactions],
        orders=[
            OrderOut(
                number=order.external_id,
                day=order.ordered_on,
                amount=order.amount,
                currency=order.currency,
            )
            for order in known.orders
        ],
        next_visit=(
            NextVisit(day=known.next_visit.day, rep=known.next_visit.rep)
            if known.next_visit
            else None
        ),
    )
