"""A plan as programs and pages read it, and as a sheet of paper."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from geocrm.security import queries as people
from geocrm.takeaway import Heading, SheetWords, Stop
from geocrm.visits import queries
from geocrm.visits.models import VisitPlan, VisitStop
from geocrm.visits.queries import Card
from geocrm.visits.wishes import clock_text
from geocrm.visits.wording import Say, english, left_out, span, why_now

ATTRIBUTION = ("© GeoNames (CC BY 4.0)", "Natural Earth")


@dataclass(frozen=True, slots=True)
class Words:
    """How the reader's language says things."""

    say: Say = english
    day: Callable[[date], str] = str


def document(session: Session, plan: VisitPlan, words: Words | None = None) -> dict[str, Any]:
    """The whole plan; what its reader may not see of it is left out."""
    words = words or Words()
    stops = queries.stops(session, plan.id)
    others = queries.unplanned(session, plan.id)
    named = [each.account_id for each in stops] + [each.account_id for each in others]
    cards = queries.cards(session, named)
    rep = people.user(session, plan.user_id)
    return {
        "stops": [_stop(plan, each, cards, words) for each in stops],
        "drive_s": round(plan.drive_s),
        "distance_m": round(plan.distance_m),
        "unplanned": [
            _named(cards[each.account_id])
            | {
                "reason": left_out(each.reason, each.figures, words.say),
                "code": each.reason,
            }
            for each in others
        ],
        "travel_times": plan.travel_times,
        "plan_id": plan.id,
        "version": plan.version,
        "rep": {"id": rep.id, "name": rep.name, "email": rep.email},
        "date": plan.day.isoformat(),
        "timezone": plan.timezone,
        "hours": f"{clock_text(plan.shift_start_s)}-{clock_text(plan.shift_end_s)}",
        "visit_min": plan.visit_s / 60,
        "seed": plan.seed,
        "start": {"lon": plan.start_lon, "lat": plan.start_lat, "kind": plan.start_kind},
        "end": {"lon": plan.end_lon, "lat": plan.end_lat, "kind": plan.end_kind},
        "leave": moment(plan, plan.leave_s),
        "return": moment(plan, plan.return_s),
        "due_beyond": plan.due_beyond,
    }


def moment(plan: VisitPlan, seconds: float) -> str:
    """A time of the plan's day as ISO 8601 with its offset."""
    midnight = datetime.combine(plan.day, time.min, tzinfo=ZoneInfo(plan.timezone))
    return (midnight + timedelta(seconds=round(seconds))).isoformat()


def _named(card: Card) -> dict[str, Any]:
    return {
        "account": card.account_id,
        "name": card.name,
        "external_id": card.external_id,
    }


def _stop(
    plan: VisitPlan, stop: VisitStop, cards: Mapping[int, Card], words: Words
) -> dict[str, Any]:
    card = cards[stop.account_id]
    why = why_now(stop.why, words.day, words.say)
    return _named(card) | {
        "arrive": moment(plan, stop.arrive_s),
        "depart": moment(plan, stop.depart_s),
        "wait_s": round(stop.wait_s),
        "drive_s": round(stop.drive_s),
        "distance_m": round(stop.distance_m),
        "lon": stop.lon,
        "lat": stop.lat,
        "opens": clock_text(stop.open_s) if stop.open_s is not None else None,
        "closes": clock_text(stop.close_s) if stop.close_s is not None else None,
        "why": why,
        "chosen": bool(stop.why.get("chosen")),
        "segment": card.segment,
        "address": card.address,
        "contact": card.contact,
        "phone": card.phone,
        "last_visit": _iso(card.last_visit),
        "last_order": _iso(card.last_order),
        "last_note": card.last_note,
        "outcome": stop.outcome,
        "outcome_at": stop.outcome_at.isoformat() if stop.outcome_at else None,
        "postponed_to": _iso(stop.postponed_to),
        "note": stop.note,
        "client_id": stop.client_id,
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


# ------------------------------------------------------------------------------ on paper


def sheet(
    session: Session,
    plan: Mapping[str, Any],
    vendor: Path,
    *,
    title: str,
    language: str = "en",
    _: Say = english,
) -> str:
    """The day as one HTML file with its map, to print or to open without a network."""
    from geocrm.takeaway.route_sheet import route_sheet  # noqa: PLC0415 - slow to load

    heading = Heading(
        title=title,
        subtitle=plan["rep"]["name"],
        facts=(
            (_("Visits"), str(len(plan["stops"]))),
            (_("Driving, estimated"), span(plan["drive_s"], _)),
            (_("Distance, estimated"), f"{plan['distance_m'] / 1000:.1f} km"),
            (_("Back, estimated"), plan["return"][11:16]),
        ),
        attribution=ATTRIBUTION,
        language=language,
    )
    places = [plan["start"], *plan["stops"], plan["end"]]
    note = _("Travel times are estimates from the straight line, not from roads.")
    return route_sheet(
        heading,
        [_sheet_stop(each, _) for each in plan["stops"]],
        vendor=vendor,
        start=_end(_("Start"), plan["start"], arrive="", depart=plan["leave"][11:16]),
        end=_end(_("End"), plan["end"], arrive=plan["return"][11:16], depart=""),
        land=queries.ground(session, [(each["lon"], each["lat"]) for each in places]),
        note=" ".join([note, _left_out_words(plan["unplanned"], _)]).strip(),
        words=SheetWords(
            number=_("No."),
            arrive=_("Arrive"),
            depart=_("Leave"),
            customer=_("Customer"),
            result=_("Result"),
        ),
    )


def _sheet_stop(stop: Mapping[str, Any], _: Say) -> Stop:
    window = ""
    if stop["opens"] or stop["closes"]:
        window = _("Open %(opens)s to %(closes)s") % {
            "opens": stop["opens"] or "00:00", "closes": stop["closes"] or "24:00",
        }  # fmt: skip
    lines = (stop["address"], stop["contact"], window, stop["why"], stop["last_note"])
    return Stop(
        name=stop["name"],
        lon=stop["lon"],
        lat=stop["lat"],
        arrive=stop["arrive"][11:16],
        depart=stop["depart"][11:16],
        lines=tuple(line for line in lines if line),
        phone=stop["phone"] or "",
    )


def _end(name: str, place: Mapping[str, Any], *, arrive: str, depart: str) -> Stop:
    return Stop(name=name, lon=place["lon"], lat=place["lat"], arrive=arrive, depart=depart)


def _left_out_words(others: Sequence[Mapping[str, Any]], _: Say) -> str:
    if not others:
        return ""
    return _("Not on this day: %(count)s customers; the page of the day says why.") % {
        "count": len(others)
    }
