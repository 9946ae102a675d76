"""`geocrm addresses`: look up where customers are, many at once, and go on where it stopped."""

import sys
import time
from collections.abc import Mapping
from typing import Any

import click
from sqlalchemy.orm import Session, sessionmaker

from geocrm.cli.context import (
    acting_email,
    emit,
    find_actor,
    json_option,
    open_session,
    open_sessions,
    say,
    settings,
)
from geocrm.customers.address_batches import engine, queries, service
from geocrm.customers.address_batches.models import AddressBatch
from geocrm.customers.address_batches.progress import Report
from geocrm.db import unit_of_work
from geocrm.errors import Conflict, InvalidInput
from geocrm.jobs import Cancelled, Later, Paused
from geocrm.security import Actor
from geocrm.wiring.geocoders import SERVICES

_NAP_S = 2.0


@click.group()
def addresses() -> None:
    """Look up where customers are, from their addresses."""


@addresses.command("geocode")
@click.option(
    "--choice", type=click.Choice(list(queries.CHOICES)), default="pending",
    help="pending: new and changed addresses; weak: also those coarser than their street; all.",
)  # fmt: skip
@click.option("--online", is_flag=True, help="Then ask the configured services about the rest.")
@click.option("--estimate", "only_estimate", is_flag=True, help="Only say what it would take.")
@click.option("--yes", is_flag=True, help="Ask the services without confirming their cost.")
@json_option
def geocode(choice: str, online: bool, only_estimate: bool, yes: bool, as_json: bool) -> None:
    """Look addresses up, or go on with what was cut short."""
    with open_sessions() as sessions:
        actor = find_actor(sessions, acting_email())
        with unit_of_work(sessions, actor) as session:
            forecast = service.estimate(session, actor, choice, SERVICES)
            earlier = queries.unfinished(session, actor)
        if only_estimate:
            _show_forecast(forecast, as_json)
            return
        if earlier is not None:
            batch_id = _take_up(sessions, actor, earlier)
        else:
            _tell(forecast, online)
            _confirm(forecast, online, yes)
            with unit_of_work(sessions, actor) as session:
                country = settings().default_country
                batch_id = service.begin(session, actor, choice, online=online, country=country).id
        _run(sessions, actor, batch_id)
        _show(sessions, actor, batch_id, as_json)


@addresses.command("resume")
@click.argument("batch_id", type=int)
@json_option
def resume(batch_id: int, as_json: bool) -> None:
    """Go on with a batch that rests or was cut short."""
    with open_sessions() as sessions:
        actor = find_actor(sessions, acting_email())
        with unit_of_work(sessions, actor) as session:
            found = queries.get(session, actor, batch_id)
        _take_up(sessions, actor, found)
        _run(sessions, actor, batch_id)
        _show(sessions, actor, batch_id, as_json)


@addresses.command("pause")
@click.argument("batch_id", type=int)
def pause(batch_id: int) -> None:
    """Let a batch rest after the chunk at hand."""
    with open_session() as (session, actor):
        service.pause(session, actor, batch_id)
    click.echo(f"Address batch {batch_id} rests; go on with: geocrm addresses resume {batch_id}")


@addresses.command("cancel")
@click.argument("batch_id", type=int)
def cancel(batch_id: int) -> None:
    """Stop a batch for good; what is written stays."""
    with open_session() as (session, actor):
        service.cancel(session, actor, batch_id)
    click.echo(f"Address batch {batch_id} is cancelled; what it wrote stays")


@addresses.command("status")
@click.argument("batch_id", type=int, required=False)
@json_option
def status(batch_id: int | None, as_json: bool) -> None:
    """Say how far a batch is, or the newest ones are."""
    with open_session() as (session, actor):
        found = [queries.get(session, actor, batch_id)] if batch_id else None
        shown = [_figures(one) for one in found or queries.recent(session, actor, 10)]
    if as_json:
        emit(shown[0] if batch_id else shown)
        return
    for one in shown:
        click.echo(_sentence(one))
    if not shown:
        click.echo("No addresses were looked up in batches yet: geocrm addresses geocode")


def _take_up(sessions: sessionmaker[Session], actor: Actor, found: AddressBatch) -> int:
    with unit_of_work(sessions, actor) as session:
        if service.is_under_way(session, actor, found):
            raise Conflict(
                f"A worker is at address batch {found.id}; follow it with:"
                f" geocrm addresses status {found.id}"
            )
        service.resume(session, actor, found.id)
    say(f"Address batch {found.id} was cut short; it goes on behind look-up {found.done:,}")
    return found.id


def _run(sessions: sessionmaker[Session], actor: Actor, batch_id: int) -> None:
    while True:
        try:
            engine.run(
                lambda: unit_of_work(sessions, actor), sessions, batch_id, SERVICES, _progress()
            )
            return
        except Paused:
            say(f"Paused; go on with: geocrm addresses resume {batch_id}")
            return
        except Cancelled:
            say("Cancelled; what was written stays")
            return
        except Later as wish:
            say(f"{wish.message}; going on in {wish.seconds:,.0f} s")
            _sleep(sessions, actor, batch_id, wish.seconds)


def _sleep(sessions: sessionmaker[Session], actor: Actor, batch_id: int, seconds: float) -> None:
    """Wait; shorter when the batch is paused or cancelled meanwhile."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(_NAP_S, left))
        with unit_of_work(sessions, actor) as session:
            if queries.get(session, actor, batch_id).state != "running":
                return


def _progress() -> Report:
    live = sys.stderr.isatty()
    told = -1

    def report(done: int, total: int) -> None:
        nonlocal told
        if done == told:
            return  # it waits
        told = done
        line = f"Looked up {done:,} of {total:,} addresses"
        if live:
            click.echo(f"\r{line}", err=True, nl=done == total)
        else:
            say(line)

    return report


def _tell(forecast: service.Forecast, online: bool) -> None:
    say(
        f"{forecast.addresses:,} addresses, {forecast.lookups:,} of them different:"
        f" about {forecast.local_s:,.0f} s on this machine"
    )
    if online and not forecast.services:
        say("No service in the network is configured: what is found here is all there is")
    elif online:
        need = forecast.online
        say(
            f"About {need.num_requests:,} requests to {forecast.services} services, about"
            f" {_costs(need.costs)}, {need.seconds / 60:,.0f} minutes"
        )


def _costs(costs: Mapping[str, float]) -> str:
    return " + ".join(f"{amount:,.2f} {of}" for of, amount in costs.items()) or "free of charge"


def _confirm(forecast: service.Forecast, online: bool, yes: bool) -> None:
    if not online or not forecast.online.num_requests or yes:
        return
    if not sys.stdin.isatty():
        raise InvalidInput("Services will be asked: confirm with --yes")
    click.confirm("Go on?", abort=True, err=True)


def _show_forecast(forecast: service.Forecast, as_json: bool) -> None:
    if as_json:
        emit(service.as_json(forecast))
    else:
        _tell(forecast, online=True)


def _show(sessions: sessionmaker[Session], actor: Actor, batch_id: int, as_json: bool) -> None:
    with unit_of_work(sessions, actor) as session:
        figures = _figures(queries.get(session, actor, batch_id))
    if as_json:
        emit(figures)
    else:
        click.echo(_sentence(figures))


def _figures(found: AddressBatch) -> dict[str, Any]:
    names = (
        "state", "message", "choice", "online", "stage", "addresses", "lookups", "local_done",
        "online_total", "online_done", "moved", "spared", "reviews", "grades", "resume_at",
        "created_at", "finished_at",
    )  # fmt: skip
    return {"batch_id": found.id} | {name: getattr(found, name) for name in names}


def _sentence(one: dict[str, Any]) -> str:
    grades = ", ".join(f"{grade} {number:,}" for grade, number in one["grades"].items())
    return (
        f"Address batch {one['batch_id']} ({one['choice']}) is {one['state']}:"
        f" {one['local_done']:,} of {one['lookups']:,} looked up, {one['moved']:,} customers"
        f" placed anew, {one['spared']:,} left alone, {one['reviews']:,} to review"
        + (f"; {grades}" if grades else "")
        + (f" ({one['message']})" if one["message"] else "")
    )
