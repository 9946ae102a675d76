"""Pages of assignment rules: the list by priority, one rule's form with its preview."""

from typing import Any

from babel.numbers import NumberFormatError, format_decimal, parse_decimal
from flask import Blueprint, flash, g, redirect, render_template, request
from flask_babel import get_locale, ngettext

from geocrm.errors import Conflict, InvalidInput
from geocrm.territories import queries, rule_queries, rules
from geocrm.territories.rule_models import Rule
from geocrm.territories.rules import RuleWish
from geocrm.web.access import permit
from geocrm.web.api.territory_rules import shown_effects, shown_rules
from geocrm.web.problems import STATUS
from geocrm.web.words import said

bp = Blueprint("territory_rules", __name__, url_prefix="/territories/rules")


@bp.get("")
@permit("design", "territory")
def index() -> str:
    """The rules by priority, and where they overlap."""
    found = shown_rules()
    return render_template(
        "territories/rules.html",
        rules=found.items,
        overlaps=found.overlaps,
        names={rule.id: rule.name for rule in found.items},
        areas=rule_queries.area_names(g.session, {r.unit for r in found.items if r.unit}),
        live=queries.live_plan(g.session),
    )


@bp.get("/new")
@permit("activate", "territory")
def new() -> str:
    """The form of a new rule; of one account with ?account=."""
    account = request.args.get("account", type=int)
    named = rule_queries.account_line(g.session, account) if account else ""
    return _form(None, {"accounts": named, "active": "1"})


@bp.get("/<int:rule_id>")
@permit("activate", "territory")
def edit(rule_id: int) -> str:
    """The form of a rule."""
    rule = rule_queries.get(g.session, rule_id)
    named = rule_queries.named_accounts(g.session, [rule.id])[rule.id]
    return _form(rule, {
        "name": rule.name,
        "territory": rule.territory,
        "accounts": "\n".join(f"{name} #{number}" for number, name in named),
        "segments": ", ".join(rule.segments or []),
        "tags": ", ".join(rule.tags or []),
        "min_revenue": _written(rule.min_revenue),
        "unit": rule.unit or "",
        "active": "1" if rule.active else "",
        "version": rule.version,
    })  # fmt: skip


@bp.post("/save")
@permit("activate", "territory")
def save() -> Any:
    """Show what the rule would move, or keep it; one that is refused is there to be corrected."""
    rule_id = request.form.get("rule_id", type=int)
    try:
        # The form is drawn from what was there before.
        with g.session.begin_nested():
            return _previewed(rule_id) if request.form.get("do") == "preview" else _kept(rule_id)
    except (InvalidInput, Conflict) as error:
        rule = rule_queries.get(g.session, rule_id) if rule_id else None
        return _form(rule, request.form, problem=said(error)), STATUS[type(error)]


def _previewed(rule_id: int | None) -> str:
    found = shown_effects(rules.preview(g.session, g.actor, _wish(), rule_id))
    rule = rule_queries.get(g.session, rule_id) if rule_id else None
    return _form(rule, request.form, found)


def _kept(rule_id: int | None) -> Any:
    if rule_id:
        version = request.form.get("version", type=int)
        _rule, moved = rules.change(g.session, g.actor, rule_id, version, _wish())
    else:
        _rule, moved = rules.add(g.session, g.actor, _wish())
    return _done(moved)


@bp.post("/<int:rule_id>/remove")
@permit("activate", "territory")
def remove(rule_id: int) -> Any:
    """Delete a rule."""
    return _done(rules.remove(g.session, g.actor, rule_id))


@bp.post("/<int:rule_id>/<any(top, up, down):where>")
@permit("activate", "territory")
def move(rule_id: int, where: str) -> Any:
    """Let a rule win over the one before it, or over all, or let the next one win over it."""
    ids = [rule.id for rule in rule_queries.all_rules(g.session)]
    at = ids.index(rule_queries.get(g.session, rule_id).id)
    to = {"top": 0, "up": max(at - 1, 0), "down": at + 1}[where]
    ids.insert(to, ids.pop(at))
    return _done(rules.order(g.session, g.actor, ids))


def _form(rule: Rule | None, values: Any, effects: Any = None, problem: str = "") -> str:
    known = [territory.name for territory in queries.live_territories(g.session)]
    chosen = values.get("territory", "")
    return render_template(
        "territories/rule.html",
        rule=rule,
        values=values,
        effects=effects,
        problem=problem,
        territories=known,
        gone=chosen if chosen and chosen not in known else None,
        areas=queries.areas(g.session),
    )


def _done(moved: int) -> Any:
    flash(
        ngettext("Saved; %(num)s customer moved.", "Saved; %(num)s customers moved.", moved), "good"
    )
    return redirect("/territories/rules")


def _wish() -> RuleWish:
    form = request.form
    lines = form.get("accounts", "").splitlines()
    return RuleWish(
        name=form.get("name", ""),
        territory=form.get("territory", ""),
        account_ids=tuple(rule_queries.accounts_meant(g.session, lines[: rules.MAX_ACCOUNTS + 1])),
        segments=tuple(form.get("segments", "").split(",")),
        tags=tuple(form.get("tags", "").split(",")),
        min_revenue=_amount(form.get("min_revenue", "").strip()),
        unit=form.get("unit") or None,
        active=form.get("active") == "1",
    )


def _amount(written: str) -> float | None:
    """A number as the reader writes it: 5.000.000 in Indonesian is what 5,000,000 is in English."""
    try:
        return float(parse_decimal(written, get_locale(), strict=True)) if written else None
    except NumberFormatError as error:
        raise InvalidInput(
            "{given!r} is not a revenue such as 5000000", given=written[:30]
        ) from error


def _written(amount: float | None) -> str:
    if amount is None:
        return ""
    return str(format_decimal(amount, "0.######", get_locale()))
