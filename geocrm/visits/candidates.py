"""Whom a day could hold: a rep's customers by how long they are due."""

from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from geocrm.security.models import User
from geocrm.visits import queries, travel
from geocrm.visits.documents import Words
from geocrm.visits.queries import Customer
from geocrm.visits.urgency import Urgency, urgency
from geocrm.visits.wording import why_now


def listed(
    session: Session, rep: User, day: date, *, text: str, limit: int, words: Words
) -> dict[str, Any]:
    """The first customers by prize, those with the text in their name, and how many are due."""
    if text.strip():
        found = queries.customers_like(session, rep.id, text)
    else:
        found = queries.customers(session, rep.id)
    rated = [(each, urgency(each.history, day)) for each in found]
    rated.sort(key=lambda pair: (-pair[1].prize, pair[0].account_id))
    return {
        "items": [_row(rep, each, how, words) for each, how in rated[:limit]],
        "due": sum(how.is_due for _, how in rated),
        "total": len(rated),
    }


def _row(rep: User, customer: Customer, how: Urgency, words: Words) -> dict[str, Any]:
    return {
        "account": customer.account_id,
        "name": customer.name,
        "external_id": customer.external_id,
        "segment": customer.history.segment,
        "last_visit": customer.history.last_visit,
        "lateness": round(how.lateness, 2),
        "due": how.is_due,
        "why": why_now(how.why, words.day, words.say),
        "placed": customer.place is not None,
        "distance_m": _from_home_m(rep, customer),
    }


def _from_home_m(rep: User, customer: Customer) -> int | None:
    if customer.place is None or rep.home_lon is None or rep.home_lat is None:
        return None
    return round(float(travel.distance_m(rep.home_lon, rep.home_lat, *customer.place)))
