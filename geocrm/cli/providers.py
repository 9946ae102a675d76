"""`geocrm providers`: the services of others that are asked for addresses, in their order."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from geocrm import clock
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
from geocrm.db import unit_of_work
from geocrm.errors import InvalidInput
from geocrm.geocoding import AddressQuery, Answer
from geocrm.geocoding.providers import administration, queries, service
from geocrm.geocoding.providers.administration import Setup
from geocrm.geocoding.providers.kinds import KINDS, kind_of
from geocrm.geocoding.providers.models import Provider
from geocrm.geocoding.providers.queries import Month
from geocrm.geocoding.providers.standing import standing
from geocrm.security import Actor

NOTHING_FOUND = 1
TRIED = "Jl. Braga 1, Bandung"


@click.group()
def providers() -> None:
    """Services of others that are asked for addresses, in their order.

    They are asked where the offline answer is coarser than a street: by geocrm geocode --online and
    by batches. docs/geocoding-providers.md lists the kinds and their terms.
    """


def _setup_options(command: Any) -> Any:
    """The options of everything an administrator sets."""
    options = (
        click.option("--domain", help="Host of the service, with port and path where needed."),
        click.option("--scheme", type=click.Choice(["https", "http"])),
        click.option("--key-file", metavar="FILE", help="Read the key from a file; - is stdin."),
        click.option("--key", help="The key; better --key-file, as others may see commands."),
        click.option("--contact", help="How the service reaches you; sent with each request."),
        click.option("--rate", "rate_per_s", type=float, help="Requests a second, at most."),
        click.option("--cap", "monthly_cap", type=int, help="Requests a month, at most; 0: none."),
        click.option("--cost", "cost_per_request", help="Price of a request."),
        click.option("--currency", help="Currency of the price, such as USD."),
        click.option("--timeout", "timeout_s", type=float, help="Seconds to wait for an answer."),
        click.option("--storage-right/--no-storage-right", default=None, help="Yours by contract."),
        click.option("--allow-private/--no-allow-private", default=None, help="It is inside."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@providers.command("list")
@json_option
def list_providers(as_json: bool) -> None:
    """The providers in their order: state, use this month, what their terms let us keep."""
    with open_session() as (session, actor):
        actor.require("read", "setting")
        documents = _documents(session)
    if as_json:
        emit(documents)
        return
    for each in documents:
        cap = f" of {each['monthly_cap']:,}" if each["monthly_cap"] else ""
        used = f"{each['month']['requests']:,}{cap} requests this month"
        click.echo(f"{each['position']}. {each['name']}\t{each['kind']}\t{each['state']}\t{used}")
        if each["trouble"] and each["state"] != "ready":
            click.echo(f"   {each['trouble']}")
    if not documents:
        say("There is none yet. Add one: geocrm providers add NAME --kind nominatim --domain HOST")


@providers.command("kinds")
@json_option
def list_kinds(as_json: bool) -> None:
    """The services that can be asked, and what their terms say."""
    documents = [
        {
            "kind": kind.code,
            "title": kind.title,
            "domain": kind.domain,
            "key": kind.key.value,
            "rate_per_s": kind.public_rate,
            "keep_days": None if kind.keep is None else kind.keep.days,
            "storage_right": kind.storable,
            "countries": sorted(kind.countries),
            "licence": kind.licence,
            "attribution": kind.attribution,
            "warning": kind.warning,
        }
        for kind in KINDS
    ]
    if as_json:
        emit(documents)
        return
    for each in documents:
        days = each["keep_days"]
        kept = "kept for ever" if days is None else f"kept {days} days" if days else "not kept"
        click.echo(f"{each['kind']}\t{each['title']}\tkey {each['key']}\t{kept}")


@providers.command("add")
@click.argument("name")
@click.option("--kind", required=True, type=click.Choice([kind.code for kind in KINDS]))
@_setup_options
@json_option
def add(name: str, kind: str, as_json: bool, **given: Any) -> None:
    """Add a provider called NAME; it is asked after those there are."""
    key = _key(given)
    with open_session() as (session, actor):
        setup = Setup(name, kind, currency=settings().default_currency)
        added = administration.add(session, actor, _with(setup, given), key or "")
        document = _document(session, added.id)
    _tell(document, as_json, f"Added {name}; try it: geocrm providers test {name}")


@providers.command("change")
@click.argument("name")
@click.option("--rename", metavar="NAME", help="Another name for it.")
@click.option("--position", type=int, help="1 is asked first.")
@click.option("--enable/--disable", "enabled", default=None, help="Ask it, or no longer.")
@_setup_options
@json_option
def change(
    name: str,
    rename: str | None,
    position: int | None,
    enabled: bool | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Change a provider; what is not named stays. One that was stopped gets a new chance."""
    key = _key(given)
    with open_session() as (session, actor):
        provider = queries.by_name(session, name)
        setup = _with(Setup.of(provider), given)
        setup = replace(setup, name=rename or setup.name)
        administration.change(session, actor, provider.id, setup, key)
        if enabled is not None:
            _switch(session, actor, provider.id, enabled)
        if position is not None:
            administration.place(session, actor, provider.id, position)
        session.flush()
        document = _document(session, provider.id)
    _tell(document, as_json, f"Changed {name}")


def _switch(session: Session, actor: Actor, provider_id: int, enabled: bool) -> None:
    if enabled:
        administration.enable(session, actor, provider_id)
    else:
        administration.disable(session, actor, provider_id)


@providers.command("remove")
@click.argument("name")
def remove(name: str) -> None:
    """Take a provider out, with its key, its counts and the answers kept of it."""
    with open_session() as (session, actor):
        administration.remove(session, actor, queries.by_name(session, name).id)
    say(f"Removed {name}")


@providers.command("test")
@click.argument("name")
@click.argument("address", default=TRIED)
@click.option("--country", default="ID", metavar="CODE|NAME", help="Where no country is named.")
@json_option
def try_out(name: str, address: str, country: str, as_json: bool) -> int:
    """Ask one provider for ADDRESS; exit status 1 when it does not answer or finds nothing."""
    with open_sessions() as sessions:
        actor = find_actor(sessions, acting_email())
        actor.require("update", "setting")
        with unit_of_work(sessions, actor) as session:
            provider_id = queries.by_name(session, name).id
        trial = service.try_out(sessions, provider_id, AddressQuery(text=address), country)
    if as_json:
        emit({"trouble": trial.trouble, "answer": trial.answer})
    else:
        _print_trial(trial.answer, trial.trouble)
    return 0 if trial.answer is not None and trial.answer.found else NOTHING_FOUND


def _print_trial(answer: Answer | None, trouble: str) -> None:
    if answer is None:
        click.echo(f"No answer: {trouble}")
    elif not answer.found:
        click.echo("It answers, and does not know the address")
    else:
        click.echo(answer.label)
        click.echo(
            f"{answer.lon:.5f}, {answer.lat:.5f}  {answer.grade}, within {answer.radius_m} m"
        )
        for note in answer.notes:
            click.echo(f"{note.code}: {note.given}")
        click.echo(answer.attribution)


def _with(setup: Setup, given: Mapping[str, Any]) -> Setup:
    """The setup with what was given on the command line."""
    changes = {name: value for name, value in given.items() if value is not None}
    if "monthly_cap" in changes:
        changes["monthly_cap"] = changes["monthly_cap"] or None
    if "cost_per_request" in changes:
        changes["cost_per_request"] = _cost(changes["cost_per_request"])
    return replace(setup, **changes)


def _cost(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError as error:
        raise InvalidInput(f"{text!r} is not a price such as 0.005") from error


def _key(given: dict[str, Any]) -> str | None:
    """The key, taken out of the options; None when none was given."""
    key, file = given.pop("key"), given.pop("key_file")
    if key is not None and file is not None:
        raise InvalidInput("Give --key or --key-file, not both")
    if file is None:
        return None if key is None else str(key)
    if file == "-":
        return sys.stdin.read().strip()
    return Path(file).read_text("utf-8").strip()


def _documents(session: Session) -> list[dict[str, Any]]:
    used, with_key, now = queries.this_month(session), queries.with_key(session), clock.now()
    return [
        _described(each, used.get(each.id, Month()), each.id in with_key)
        | {"state": standing(each, now, has_key=each.id in with_key).state.value}
        for each in queries.providers(session)
    ]


def _document(session: Session, provider_id: int) -> dict[str, Any]:
    name = queries.provider(session, provider_id).name
    return next(each for each in _documents(session) if each["name"] == name)


def _described(provider: Provider, month: Month, has_key: bool) -> dict[str, Any]:
    kind = kind_of(provider.kind)
    kept = kind.keeps(bool(provider.settings.get("storage_right")))
    return {
        "position": provider.position,
        "name": provider.name,
        "kind": provider.kind,
        "enabled": provider.enabled,
        **provider.settings,
        "allow_private": provider.allow_private,
        "has_key": has_key,
        "rate_per_s": provider.rate_per_s,
        "cost_per_request": float(provider.cost_per_request),
        "currency": provider.currency,
        "monthly_cap": provider.monthly_cap,
        "month": {
            "requests": month.requests,
            "good_answers": month.answers,
            "cost": float(month.cost),
            "currency": month.currency or provider.currency,
        },
        "keep_days": None if kept is None else kept.days,
        "attribution": kind.attribution,
        "trouble": provider.stopped or provider.trouble,
    }


def _tell(document: dict[str, Any], as_json: bool, sentence: str) -> None:
    if as_json:
        emit(document)
        return
    click.echo(sentence)
    warning = kind_of(document["kind"]).warning
    if warning:
        click.echo(warning)
