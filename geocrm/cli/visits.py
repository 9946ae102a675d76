"""`geocrm visits`: a rep's day, planned, shown, and as a sheet to take along."""

from datetime import date
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from geocrm.cli.context import emit, json_option, open_session, say, settings
from geocrm.errors import InvalidInput, NotFound
from geocrm.security import Actor
from geocrm.visits import documents, queries, service, wishes
from geocrm.visits.models import VisitPlan
from geocrm.visits.wishes import DayRequest

_rep = click.option("--rep", "email", required=True, metavar="EMAIL", help="The field rep.")
_day = click.option("--date", "day", required=True, metavar="YYYY-MM-DD")


@click.group()
def visits() -> None:
    """A rep's day of visits."""


@visits.command("plan")
@_rep
@_day
@click.option(
    "--accounts",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Plan these: ids or external ids, one a line, or CSV with open, close, visit_min and"
    " required. Without it, those due longest are planned.",
)
@click.option("--fill", is_flag=True, help="Fill the day up with customers who are due.")
@click.option("--start", metavar="LON,LAT", help="Else the rep's home, else the middle of all.")
@click.option("--end", metavar="LON,LAT", help="Else the rep's home, else the start.")
@click.option("--hours", default=wishes.DEFAULT_HOURS, metavar="HH:MM-HH:MM")
@click.option("--visit-min", type=float, default=wishes.DEFAULT_VISIT_MIN, help="Minutes a visit.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1)
@click.option("--time", "time_s", type=float, default=wishes.DEFAULT_TIME_S, metavar="SECONDS")
@json_option
def plan_command(
    email: str,
    day: str,
    file: Path | None,
    fill: bool,
    start: str | None,
    end: str | None,
    hours: str,
    visit_min: float,
    seed: int,
    time_s: float,
    as_json: bool,
) -> None:
    """Choose whom to visit, and in what order; keep the plan.

    Travel times are estimates from the straight line. A plan made anew keeps visits that have an
    outcome.
    """
    begins, ends = wishes.hours(hours)
    rows = wishes.read_list(file) if file else None
    with open_session() as (session, actor):
        actor.require("plan", "visit")
        rep = queries.rep_by_email(session, actor, email)
        request = DayRequest(
            day=_date(day),
            shift_start_s=begins,
            shift_end_s=ends,
            visit_s=_seconds(visit_min),
            start=wishes.place(start) if start is not None else None,
            end=wishes.place(end) if end is not None else None,
            wishes=service.wishes_of(session, rep, rows) if rows else None,
            fill=fill,
            seed=seed,
            time_s=time_s,
        )
        plan = service.plan_day(session, actor, rep, request)
        shown = documents.document(session, plan)
    _show(shown, as_json)


@visits.command()
@_rep
@_day
@json_option
def show(email: str, day: str, as_json: bool) -> None:
    """Show the plan of a day with what came of each visit."""
    with open_session() as (session, actor):
        actor.require("read", "visit")
        shown = documents.document(session, _planned(session, actor, email, day))
    _show(shown, as_json)


@visits.command()
@_rep
@_day
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="An HTML file."
)
def sheet(email: str, day: str, out: Path) -> None:
    """Write the day as one HTML file that prints and opens without a network."""
    vendor = settings().root / "geocrm/web/static/vendor"
    with open_session() as (session, actor):
        actor.require("read", "visit")
        shown = documents.document(session, _planned(session, actor, email, day))
        title = f"Visits on {shown['date']}"
        html = documents.sheet(session, shown, vendor, title=title)
    out.write_text(html, encoding="utf-8")
    say(f"Wrote {out}")


def _planned(session: Session, actor: Actor, email: str, day: str) -> VisitPlan:
    rep = queries.rep_by_email(session, actor, email)
    found = queries.live_plan(session, rep.id, _date(day))
    if found is None:
        raise NotFound(
            f"There is no plan of {rep.email} for {day}; make one with: geocrm visits plan"
        )
    return found


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(f"{text!r} is no date: write it as 2026-01-31") from error


def _seconds(minutes: float) -> int:
    if not 1 <= minutes <= 1440:
        raise InvalidInput(f"A visit cannot last {minutes:g} minutes: give 1 to 1440")
    return round(minutes * 60)


def _show(shown: dict[str, Any], as_json: bool) -> None:
    if as_json:
        emit(shown)
        return
    for number, stop in enumerate(shown["stops"], start=1):
        state = f"  [{stop['outcome']}]" if stop["outcome"] else ""
        click.echo(f"{number:>2}. {stop['arrive'][11:16]}  {stop['name']}{state}  {stop['why']}")
    drive = shown["drive_s"] / 3600
    click.echo(
        f"{len(shown['stops'])} visits, {drive:.1f} h driving and"
        f" {shown['distance_m'] / 1000:.1f} km (estimates), back at {shown['return'][11:16]}"
    )
    for other in shown["unplanned"]:
        click.echo(f" -  {other['name']}: {other['reason']}")
    if shown["due_beyond"]:
        click.echo(f"{shown['due_beyond']:,} more customers are due on other days")
