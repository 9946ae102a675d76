"""The administrator's page of geocoding providers: order, settings, use, and a trial."""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from flask import Blueprint, current_app, flash, g, redirect, render_template, request
from flask_babel import gettext as _

from geocrm import clock
from geocrm.config import Settings
from geocrm.errors import Conflict, InvalidInput
from geocrm.geocoding import AddressQuery, Answer
from geocrm.geocoding.providers import administration, queries, service
from geocrm.geocoding.providers.administration import Setup
from geocrm.geocoding.providers.kinds import KINDS, KeyUse, kind_of
from geocrm.geocoding.providers.models import Provider
from geocrm.geocoding.providers.queries import Month
from geocrm.geocoding.providers.standing import standing
from geocrm.web import provider_words, request_work
from geocrm.web.access import permit

bp = Blueprint("providers", __name__)
HOME: Final = "/settings/geocoding"
_ACTIONS: Final[dict[str, Callable[..., Any]]] = {
    "up": administration.move_up,
    "down": administration.move_down,
    "enable": administration.enable,
    "disable": administration.disable,
    "delete": administration.remove,
}


@bp.get(HOME)
@permit("read", "setting")
def index() -> str:
    """The providers in their order, what they were asked, and how they stand."""
    return _index_page()


@bp.get(f"{HOME}/new")
@permit("update", "setting")
def new() -> Any:
    """The form of a new provider of the kind chosen on the page before."""
    kind = kind_of(request.args.get("kind", KINDS[0].code))
    used = {each.name for each in queries.providers(g.session)}
    free = (kind.code if n == 1 else f"{kind.code}-{n}" for n in range(1, len(used) + 2))
    name = next(each for each in free if each not in used)
    setup = Setup(name, kind.code, currency=_settings().default_currency)
    return _form_page(setup, None)


@bp.post(f"{HOME}/new")
@permit("update", "setting")
def create() -> Any:
    """Add a provider."""
    setup = Setup("", kind_of(request.form.get("kind", "")).code)
    try:
        setup = _setup(setup)
        added = administration.add(g.session, g.actor, setup, request.form.get("key", "").strip())
    except (InvalidInput, Conflict) as error:
        return _form_page(setup, None, problem=str(error)), 422
    flash(_("%(name)s is asked from now on; try an address below", name=added.name), "good")
    return redirect(HOME)


@bp.get(f"{HOME}/<int:provider_id>")
@permit("update", "setting")
def edit(provider_id: int) -> str:
    """The form of a provider."""
    provider = queries.provider(g.session, provider_id)
    return _form_page(Setup.of(provider), provider)


@bp.post(f"{HOME}/<int:provider_id>")
@permit("update", "setting")
def save(provider_id: int) -> Any:
    """Change a provider; an empty key leaves the one there is."""
    provider = queries.provider(g.session, provider_id)
    setup = Setup.of(provider)
    try:
        setup = _setup(setup)
        administration.change(g.session, g.actor, provider_id, setup, _key())
    except (InvalidInput, Conflict) as error:
        return _form_page(setup, provider, problem=str(error)), 422
    flash(_("Saved"), "good")
    return redirect(HOME)


@bp.post(f"{HOME}/<int:provider_id>/<any(up, down, enable, disable, delete):action>")
@permit("update", "setting")
def act(provider_id: int, action: str) -> Any:
    """Move a provider, switch it, or take it out."""
    _ACTIONS[action](g.session, g.actor, provider_id)
    return redirect(HOME)


@bp.post(f"{HOME}/try")
@permit("update", "setting")
def try_out() -> str:
    """Ask one provider, or all in their order, for an address, and show what comes."""
    chosen = request.form.get("provider", "")
    address = request.form.get("address", "").strip()
    country = request.form.get("country", "").strip() or _settings().default_country
    # Nothing may be locked while others are asked, so this request's own reading ends here.
    g.session.commit()
    answer, trouble = _tried(chosen, AddressQuery(text=address), country)
    return _index_page(
        tried=True,
        answer=answer,
        trouble=provider_words.held(trouble),
        chosen=chosen,
        address=address,
        country=country,
    )


def _tried(chosen: str, query: AddressQuery, country: str) -> tuple[Answer | None, str]:
    sessions = request_work.sessions()
    if not chosen.isdecimal():
        asked = service.ask(sessions, query, country)
        first = asked.held[0][1].why.value if asked.held else ""
        return asked.answer, "" if asked.answer else first
    trial = service.try_out(sessions, int(chosen), query, country)
    return trial.answer, trial.trouble


# ----------------------------------------------------------------- forms


def _setup(before: Setup) -> Setup:
    """The setup as the form has it; InvalidInput says which field cannot be read."""
    form = request.form
    return Setup(
        name=form.get("name", ""),
        kind=before.kind,
        domain=form.get("domain", ""),
        scheme=form.get("scheme", "https"),
        contact=form.get("contact", ""),
        timeout_s=_number(form, "timeout_s") or before.timeout_s,
        storage_right=form.get("storage_right") == "1",
        allow_private=form.get("allow_private") == "1",
        rate_per_s=_number(form, "rate_per_s"),
        cost_per_request=_price(form.get("cost_per_request", "")),
        currency=form.get("currency", ""),
        monthly_cap=_whole(form, "monthly_cap"),
    )


def _key() -> str | None:
    """The key the form gives; None leaves the one there is, "" takes it away."""
    if request.form.get("forget_key") == "1":
        return ""
    return request.form.get("key", "").strip() or None


def _number(form: Mapping[str, str], name: str) -> float | None:
    text = form.get(name, "").strip()
    try:
        return float(text) if text else None
    except ValueError as error:
        raise InvalidInput(_("%(text)s is not a number", text=text)) from error


def _whole(form: Mapping[str, str], name: str) -> int | None:
    text = form.get(name, "").strip()
    if not text:
        return None
    if not text.isdecimal() or len(text) > 9:
        raise InvalidInput(_("%(text)s is not a whole number", text=text))
    return int(text)


def _price(text: str) -> Decimal:
    try:
        return Decimal(text.strip() or "0")
    except InvalidOperation as error:
        raise InvalidInput(_("%(text)s is not a number", text=text)) from error


# ----------------------------------------------------------------- pages


def _form_page(setup: Setup, provider: Provider | None, **more: Any) -> str:
    kind = kind_of(setup.kind)
    return render_template(
        "settings/provider.html",
        setup=setup,
        provider=provider,
        kind=kind,
        has_key=provider is not None and provider.id in queries.with_key(g.session),
        takes_key=kind.key is not KeyUse.NONE,
        needs_key=kind.key is KeyUse.REQUIRED,
        default_rate=kind.default_rate(setup.domain or kind.domain),
        kept=provider_words.kept(kind.keep),
        warning=provider_words.warning(kind.code),
        **more,
    )


def _index_page(**more: Any) -> str:
    used, with_key = queries.this_month(g.session), queries.with_key(g.session)
    rows = [
        _row(provider, used.get(provider.id, Month()), provider.id in with_key)
        for provider in queries.providers(g.session)
    ]
    given = {"country": _settings().default_country, "address": "", "chosen": ""} | more
    return render_template(
        "settings/geocoding.html",
        rows=rows,
        kinds=[(kind.code, kind.title) for kind in KINDS],
        note=provider_words.note,
        **given,
    )


def _row(provider: Provider, month: Month, has_key: bool) -> dict[str, Any]:
    kind = kind_of(provider.kind)
    stands = standing(provider, clock.now(), has_key=has_key)
    words, tag = provider_words.STATES[stands.state]
    storage_right = bool(provider.settings.get("storage_right"))
    cap = provider.monthly_cap
    return {
        "provider": provider,
        "title": kind.title,
        "state": words,
        "tag": tag,
        "until": stands.until,
        "trouble": provider.stopped or (provider.trouble if tag in ("warn", "bad") else None),
        "month": month,
        "share": min(1.0, month.requests / cap) if cap else None,
        "kept": provider_words.kept(kind.keeps(storage_right)),
        "attribution": kind.attribution,
    }


def _settings() -> Settings:
    chosen: Settings = current_app.config["GEOCRM_SETTINGS"]
    return chosen
