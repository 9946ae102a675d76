"""Pages of customers: the list, one customer's record, and the form to change it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Blueprint, current_app, flash, g, redirect, render_template, request
from flask_babel import gettext as _

from geocrm import clock
from geocrm.customers import (
    contacting,
    documents,
    following,
    history,
    queries,
    review,
    review_queries,
    service,
)
from geocrm.customers.imports.values import Decimal, number
from geocrm.customers.models import SEGMENTS, Channel
from geocrm.db.postgis import LonLat
from geocrm.errors import InvalidInput
from geocrm.maps.bulk import history as bulk_history
from geocrm.sales import queries as sales
from geocrm.territories import queries as territories
from geocrm.territories import rule_queries, types
from geocrm.visits import standing as visits
from geocrm.web import timeline
from geocrm.web.access import permit
from geocrm.web.language import choose_locale
from geocrm.web.map import workspace

bp = Blueprint("accounts", __name__, url_prefix="/accounts")
_ADDRESS = (
    "typed", "street", "house_number", "postcode", "village", "district", "city", "region",
    "country",
)  # fmt: skip


@bp.get("")
@permit("read", "account")
def index() -> str:
    """All customers the person sees: the page of the map, as a table."""
    return workspace("table")


@bp.get("/new")
@permit("create", "account")
def new() -> str:
    """The form of a new customer, with a pin when the address names a place on the map."""
    return render_template(
        "accounts/edit.html",
        record=None,
        given={},
        segments=SEGMENTS,
        owners=_owners(),
        pin=_pin(request.args),
        phone=request.args.get("phone", "")[:60],
    )


@bp.post("/new")
@permit("create", "account")
def create() -> Any:
    """Add a customer; one who was pinned on the map lies there whatever the address says."""
    place = _pin(request.form)
    settings = current_app.config["GEOCRM_SETTINGS"]
    account = service.create(
        g.session,
        g.actor,
        _figures(),
        _address(),
        owner_id=request.form.get("owner_id", type=int),
        country=settings.default_country,
        currency=settings.default_currency,
    )
    if place is not None:
        service.pin(g.session, g.actor, account.id, place.lon, place.lat)
    if request.form.get("phone", "").strip():
        contacting.add_phone(
            g.session,
            g.actor,
            account.id,
            request.form["phone"],
            country=settings.default_country,
        )
    flash(_("%(name)s was added.", name=account.name), "good")
    return redirect(f"/accounts/{account.id}")


@bp.get("/<int:account_id>")
@permit("read", "account")
def show(account_id: int) -> Any:
    """The customer's record."""
    record = queries.record(g.session, account_id)
    return render_template(
        "accounts/show.html", record=record, **_place_of(record), **_life_of(record),
        **_reach_of(account_id), **_documents_of(account_id),
    )  # fmt: skip


def _place_of(record: queries.Record) -> dict[str, Any]:
    """Where the customer is, and what lies around."""
    live = territories.live_territories(g.session) if record.scope.territory_id else []
    point = review_queries.get(g.session, record.account.id)
    return {
        "point": point,
        "likely": review.likely((point.p50, point.p200, point.p1000, point.p5000)),
        "territory": next((t for t in live if t.id == record.scope.territory_id), None),
        "reason": rule_queries.reason_for(g.session, record.account.id),
        "served": [
            (served.type.name(choose_locale()), served)
            for served in types.serving(g.session, record.account.id)
        ],
        "earlier": queries.earlier_points(g.session, record.account.id),
        "untrustworthy": record.scope.grade in queries.UNTRUSTWORTHY,
    }


def _life_of(record: queries.Record) -> dict[str, Any]:
    """What happened with the customer, what is next, and who follows it."""
    account_id, today = record.account.id, clock.today(g.actor.timezone)
    kinds = [kind for kind in request.args.get("kind", "").split(",") if kind]
    followers = following.followers(g.session, account_id)
    return {
        "today": today,
        "page": timeline.page(g.session, g.actor, account_id, kinds, request.args.get("cursor")),
        "kinds": kinds,
        "counts": timeline.counts(g.session, g.actor, account_id),
        "standing": visits.standing(g.session, account_id, today),
        "planned": following.next_action(g.session, account_id),
        "followers": followers,
        "follows": g.actor.user_id in {each.user_id for each in followers},
        "changes": history.page(g.session, account_id, limit=5, sources=bulk_history.SOURCES),
        "totals": sales.totals(g.session, account_id, today - timedelta(days=365)),
        "days_since_order": queries.days_since(record.scope.last_order, today),
        "days_since_visit": queries.days_since(record.scope.last_visit, today),
    }


def _reach_of(account_id: int) -> dict[str, Any]:
    """Whom to reach and how: the primary contact, the customer itself, the others."""
    people = queries.contacts(g.session, account_id)
    primary = people[0].id if people else None
    phones = queries.phones(g.session, account_id)
    emails = queries.emails(g.session, account_id)
    grouped = [
        (
            contact,
            [p for p in phones if p.contact_id == (contact.id if contact else None)],
            [e for e in emails if e.contact_id == (contact.id if contact else None)],
        )
        for contact in (*people[:1], None, *people[1:])
    ]
    # The primary contact's before any other; of those the oldest.
    phones = sorted(phones, key=lambda each: each.contact_id != primary)
    emails = sorted(emails, key=lambda each: each.contact_id != primary)
    return {
        "people": [each for each in grouped if any(each)],
        "primary": primary,
        "main_phone": phones[0] if phones else None,
        "main_email": emails[0] if emails else None,
        "consents": queries.consents(g.session, account_id),
        "channels": list(Channel),
    }


def _documents_of(account_id: int) -> dict[str, Any]:
    listed = documents.listed(g.session, account_id)
    newest = {each.id: each.number for each in listed}
    older: dict[int, list[documents.Version]] = {}
    for each in documents.versions(g.session, account_id) if listed else ():
        if each.number != newest.get(each.document_id):
            older.setdefault(each.document_id, []).append(each)
    return {
        "documents": listed,
        "versions": older,
        "deleted_documents": documents.listed(g.session, account_id, deleted=True),
    }


@bp.get("/<int:account_id>/edit")
@permit("update", "account")
def edit(account_id: int) -> str:
    """The form to change a customer."""
    record = queries.record(g.session, account_id)
    return render_template(
        "accounts/edit.html", record=record, given={}, segments=SEGMENTS, owners=_owners()
    )


@bp.post("/<int:account_id>/edit")
@permit("update", "account")
def save(account_id: int) -> Any:
    """Change the customer, unless somebody else was quicker: then show both versions."""
    version = request.form.get("version", type=int)
    if version is None:
        raise InvalidInput(_("The form is incomplete: load the page again"))
    record = queries.record(g.session, account_id)
    if record.account.version != version:
        page = render_template(
            "accounts/edit.html",
            record=record,
            given=request.form,
            segments=SEGMENTS,
            owners=_owners(),
            overtaken=True,
        )
        return page, 409
    owner_id = request.form.get("owner_id", type=int)
    changes_hands = owner_id is not None and owner_id != record.scope.owner_id
    account = service.change(g.session, g.actor, account_id, version, _figures(), _address())
    if changes_hands and owner_id is not None:
        service.give(g.session, g.actor, account_id, owner_id)
    flash(_("%(name)s was saved.", name=account.name), "good")
    return redirect(f"/accounts/{account_id}")


@bp.post("/<int:account_id>/delete")
@permit("delete", "account")
def remove(account_id: int) -> Any:
    """Delete the customer."""
    service.remove(g.session, g.actor, account_id)
    flash(_("The customer was deleted."), "info")
    return redirect("/accounts")


@bp.post("/<int:account_id>/activities")
@permit("create", "activity")
def log(account_id: int) -> Any:
    """Add an entry to the timeline; a form sent twice adds it once."""
    form = request.form
    service.log_activity(
        g.session,
        g.actor,
        account_id,
        form.get("kind", "note"),
        form.get("text", ""),
        outcome=form.get("outcome") or None,
        client_id=form.get("client_id") or None,
    )
    return redirect(f"/accounts/{account_id}#timeline")


@bp.post("/<int:account_id>/reach")
@permit("update", "account")
def add_reach(account_id: int) -> Any:
    """Add a person, a number or an e-mail address, whatever was filled in."""
    form = request.form
    country = queries.record(g.session, account_id).address.country
    contact_id = None
    if form.get("name", "").strip():
        contact = contacting.add_contact(
            g.session, g.actor, account_id, form["name"], form.get("title", "")
        )
        contact_id = contact.id
    if form.get("phone", "").strip():
        contacting.add_phone(
            g.session, g.actor, account_id, form["phone"], contact_id=contact_id, country=country
        )
    if form.get("email", "").strip():
        contacting.add_email(g.session, g.actor, account_id, form["email"], contact_id=contact_id)
    return redirect(f"/accounts/{account_id}#contacts")


@bp.post("/<int:account_id>/contacts/<int:contact_id>/primary")
@permit("update", "account")
def make_primary(account_id: int, contact_id: int) -> Any:
    """Let this contact be asked for first."""
    contacting.make_primary(g.session, g.actor, account_id, contact_id)
    return redirect(f"/accounts/{account_id}#contacts")


@bp.post("/<int:account_id>/<any(contacts, phones, emails):kind>/<int:child_id>/delete")
@permit("update", "account")
def remove_reach(account_id: int, kind: str, child_id: int) -> Any:
    """Remove a person, a number or an e-mail address."""
    removers = {
        "contacts": contacting.remove_contact,
        "phones": contacting.remove_phone,
        "emails": contacting.remove_email,
    }
    removers[kind](g.session, g.actor, account_id, child_id)
    return redirect(f"/accounts/{account_id}#contacts")


@bp.post("/<int:account_id>/consents")
@permit("update", "account")
def consent(account_id: int) -> Any:
    """Note what the customer said about a channel."""
    contacting.state_consent(
        g.session,
        g.actor,
        account_id,
        request.form.get("channel", ""),
        request.form.get("granted") == "yes",
        request.form.get("source", ""),
    )
    return redirect(f"/accounts/{account_id}#consent")


def _figures() -> dict[str, Any]:
    form = request.form
    revenue = form.get("annual_revenue", "").strip()
    visits = form.get("visits_per_year", "").strip()
    if visits and not (visits.isdecimal() and len(visits) < 10):
        raise InvalidInput(_("%(value)s is no number of visits a year", value=repr(visits)))
    return {
        "name": form.get("name", ""),
        "external_id": form.get("external_id", ""),
        "segment": form.get("segment", ""),
        "website": form.get("website", ""),
        "annual_revenue": _money(revenue),
        "visits_per_year": int(visits) if visits else None,
        "tags": form.get("tags", "").split(","),
    }


def _money(words: str) -> float | None:
    """An amount as people of the page's language write it."""
    try:
        usual = Decimal.COMMA if g.actor.locale == "id" else Decimal.POINT
        return number(words, usual)
    except ValueError as error:
        raise InvalidInput(_("The annual revenue cannot be read: %(why)s", why=error)) from error


def _address() -> dict[str, Any]:
    return {part: request.form[part] for part in _ADDRESS if part in request.form}


def _pin(given: Mapping[str, str]) -> LonLat | None:
    """Where somebody put the pin; None when they put none."""
    lon, lat = given.get("lon", "").strip(), given.get("lat", "").strip()
    if not lon and not lat:
        return None
    try:
        return LonLat(float(lon), float(lat))
    except ValueError as error:
        raise InvalidInput(_("The pin's position cannot be read: put the pin again")) from error


def _owners() -> list[tuple[int, str]]:
    among = None if g.actor.sees_all else g.actor.owner_ids
    return [(u.id, u.name) for u in queries.assignable_owners(g.session, among)]
