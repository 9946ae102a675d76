"""Screen pop: the page that opens when a customer calls."""

from typing import Any, NamedTuple
from uuid import uuid4

from flask import Blueprint, current_app, g, render_template, request

from geocrm import clock
from geocrm.customers import queries as customers
from geocrm.maps import calls
from geocrm.maps.calls import Caller, Number
from geocrm.sales import queries as sales
from geocrm.visits import queries as visits
from geocrm.web.access import permit

bp = Blueprint("pop", __name__, url_prefix="/pop")
RECENT = 5


class Known(NamedTuple):
    """What to know of the caller before the first word; each part is one round trip."""

    interactions: list[customers.Entry]
    orders: list[Any]
    next_visit: visits.NextVisit | None


def known(account_id: int) -> Known:
    """The newest interactions and orders of the customer, and the next visit."""
    today = clock.today(g.actor.timezone)
    may = g.actor.may
    return Known(
        customers.timeline(g.session, account_id, RECENT),
        list(sales.orders_of(g.session, account_id, RECENT)) if may("read", "order") else [],
        visits.next_visit(g.session, account_id, today) if may("read", "visit") else None,
    )


def find(typed: str) -> tuple[Number, list[Caller]]:
    """The number and who has it, among those the visitor sees."""
    number = calls.read_number(typed, current_app.config["GEOCRM_SETTINGS"].default_country)
    return number, calls.callers(g.session, number.e164) if number.e164 else []


@bp.get("")
@permit("read", "account")
def show() -> str:
    """Who is calling from ?phone=; with several customers ?account= says which."""
    typed = request.args.get("phone", "")
    number, found = find(typed)
    chosen = request.args.get("account", type=int)
    if chosen is not None:
        found = [caller for caller in found if caller.account_id == chosen]
    caller = found[0] if len(found) == 1 else None
    return render_template(
        "pop/show.html",
        asked=bool(typed.strip()),
        number=number,
        found=found,
        who=caller,
        known=known(caller.account_id) if caller else None,
        client_id=uuid4(),
    )
