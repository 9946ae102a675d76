"""Pages around territory plans: their life, the next one for the field, history, types."""

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request
from flask_babel import gettext as _

from geocrm import clock
from geocrm.errors import Conflict, InvalidInput
from geocrm.sales import crediting
from geocrm.territories import challenges, events, life, next_plan, queries, types
from geocrm.territories.models import PlanState
from geocrm.web.access import permit
from geocrm.web.api.territory_history import shown_credits
from geocrm.web.language import choose_locale
from geocrm.web.problems import STATUS
from geocrm.web.territories import never_live
from geocrm.web.words import said

bp = Blueprint("territory_life", __name__, url_prefix="/territories")


@bp.get("/<int:plan_id>/life")
@permit("design", "territory")
def show(plan_id: int) -> str:
    """Where the plan is, what can be done, what was said and challenged."""
    return _life_page(plan_id)


def _life_page(plan_id: int, **refused: Any) -> str:
    plan = queries.plan(g.session, g.actor, plan_id)
    kinds = types.all_types(g.session)
    return render_template(
        "territories/life.html",
        plan=plan,
        kinds=[(kind.code, kind.name(choose_locale())) for kind in kinds],
        possible=life.possible(g.session, g.actor, plan),
        thread=events.thread(g.session, plan.id),
        challenges=challenges.open_to(g.session, plan.id),
        never_live=never_live(plan),
        tomorrow=clock.business_day() + timedelta(days=1),
        planning=plan.state == PlanState.PLANNING,
        refused=refused,
    )


@bp.post("/<int:plan_id>/life")
@permit("design", "territory")
def take(plan_id: int) -> Any:
    """Do a step, or say something; what is refused is there to be said otherwise."""
    name, comment = request.form.get("step", ""), request.form.get("comment", "")
    try:
        # The page is drawn from what was there before.
        with g.session.begin_nested():
            if name == "comment":
                life.say(g.session, g.actor, plan_id, comment)
            else:
                _step(plan_id, name, comment)
    except (InvalidInput, Conflict) as error:
        page = _life_page(plan_id, at=name, problem=said(error), words=comment)
        return page, STATUS[type(error)]
    return redirect(f"/territories/{plan_id}/life")


def _step(plan_id: int, name: str, comment: str) -> None:
    form = request.form
    day = _day(form["day"]) if form.get("day") else None
    version = form.get("version", type=int)
    life.take(*(g.session, g.actor, plan_id, name), version=version, comment=comment, day=day)


@bp.post("/<int:plan_id>/type")
@permit("design", "territory")
def set_type(plan_id: int) -> Any:
    """Say what the plan divides the ground for."""
    version = request.form.get("version", type=int)
    types.set_type(g.session, g.actor, plan_id, version, request.form.get("type", ""))
    flash(_("Saved"), "good")
    return redirect(f"/territories/{plan_id}/life")


@bp.post("/<int:plan_id>/challenges/<int:challenge_id>")
@permit("design", "territory")
def answer(plan_id: int, challenge_id: int) -> Any:
    """Accept or decline a challenge; one that is refused is there to be answered otherwise."""
    form = request.form
    words = form.get("words", "")
    try:
        # The page is drawn from what was there before.
        with g.session.begin_nested():
            moved = challenges.answer(
                *(g.session, g.actor, challenge_id),
                accepted=form.get("accepted") == "1",
                words=words,
                splits_allowed=form.get("splits_allowed") == "1",
            )
    except (InvalidInput, Conflict) as error:
        page = _life_page(plan_id, at=challenge_id, problem=said(error), words=words)
        return page, STATUS[type(error)]
    flash(_("Answered, and the unit is moved") if moved else _("Answered"), "good")
    return redirect(f"/territories/{plan_id}/life#challenges")


@bp.get("/next")
@permit("read", "account")
def upcoming() -> str:
    """The next plan as it concerns the person: what comes, what goes, what they said to it."""
    plans = next_plan.upcoming(g.session)
    chosen = request.args.get("plan", type=int)
    plan = next((one for one in plans if one.id == chosen), plans[0] if plans else None)
    named, after = request.args.get("named", ""), _after()
    outlook = (
        next_plan.outlook(g.session, g.actor, plan, named=named, after=after) if plan else None
    )
    shapes = next_plan.outlines(g.session, [u.code for u in outlook.units]) if outlook else {}
    return render_template(
        "territories/next.html",
        plans=plans,
        outlook=outlook,
        shapes=[
            {
                "type": "Feature",
                "properties": {"code": u.code, "name": u.name, "kind": _kind(u.mine, u.future)},
                "geometry": shapes[u.code],
            }
            for u in (outlook.units if outlook else ())
            if u.code in shapes
        ],
        own=challenges.own(g.session, g.actor, plan.id) if plan else [],
        subject=_subject(outlook),
        named=named,
        after=after,
    )


@bp.post("/next/<int:plan_id>")
@permit("read", "account")
def challenge(plan_id: int) -> Any:
    """Challenge where the plan puts a unit or an account."""
    form = request.form
    try:
        with g.session.begin_nested():
            challenges.raise_one(
                *(g.session, g.actor, plan_id),
                unit=form.get("unit") or None,
                account_id=form.get("account", type=int),
                wanted=form.get("wanted", type=int),
                reason=form.get("reason", ""),
            )
    except Conflict as error:
        # What is said already stands in the list that this leads to.
        flash(said(error), "warn")
    else:
        flash(_("Your manager sees it now"), "good")
    return redirect(f"/territories/next?plan={plan_id}#challenges")


@bp.get("/history")
@permit("read", "order")
def history() -> str:
    """How things stood on a day, and revenue of a period by who had the accounts then."""
    today = clock.business_day()
    day = _day(request.args["day"]) if request.args.get("day") else today
    first = _day(request.args["first"]) if request.args.get("first") else today.replace(day=1)
    last = _day(request.args["last"]) if request.args.get("last") else today
    # Whichever was filled in first: the fields show the days in their order.
    first, last = sorted((first, last))
    return render_template(
        "territories/history.html",
        standing=crediting.standing(g.session, day),
        credits=shown_credits(first, last),
        first=first,
        last=last,
        today=today,
    )


@bp.get("/types")
@permit("design", "territory")
def all_types() -> str:
    """The types of plans."""
    return render_template(
        "territories/types.html",
        kinds=[(kind, kind.name(choose_locale())) for kind in types.all_types(g.session)],
        live={kind.code: queries.live_plan(g.session, kind.code)
              for kind in types.all_types(g.session)},
    )  # fmt: skip


@bp.post("/types")
@permit("update", "setting")
def add_type() -> Any:
    """Add a type."""
    form = request.form
    types.add(
        g.session, g.actor, form.get("code", ""), form.get("name_en", ""), form.get("name_id", "")
    )
    flash(_("Saved"), "good")
    return redirect("/territories/types")


def _after() -> tuple[str, int] | None:
    """The name and number of the last customer of the page before."""
    number = request.args.get("after_id", type=int)
    return None if number is None else (request.args.get("after", ""), number)


def _subject(outlook: next_plan.Outlook | None) -> dict[str, Any] | None:
    """What the person is about to challenge: ?unit= or ?account=, when it is on the page."""
    unit, account = request.args.get("unit"), request.args.get("account", type=int)
    for one in outlook.units if outlook else ():
        if one.code == unit:
            return {"kind": "unit", "id": one.code, "name": one.name, "now": one.after}
    for other in outlook.accounts if outlook else ():
        if other.id == account:
            return {"kind": "account", "id": other.id, "name": other.name, "now": other.after}
    return None


def _kind(mine: bool, future: bool) -> str:
    if mine and future:
        return "staying"
    return "coming" if future else "going"


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput("{given!r} is not a day such as 2026-03-31", given=text[:20]) from error
