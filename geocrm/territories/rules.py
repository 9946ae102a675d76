"""Changes to the rules that give accounts a territory where the ground does not decide.

Whoever may make plans live may change rules, as far as they see every account that moves; a rule
that holds for accounts nobody named also decides about those to come, so it is for whoever answers
for everyone. A change and what it moves are one transaction, and nobody writes accounts meanwhile.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.customers import assigning
from geocrm.customers.models import AccountScope
from geocrm.db import elevated
from geocrm.errors import Conflict, Forbidden, InvalidInput, Phrase
from geocrm.places.models import Boundary
from geocrm.security import Actor, audit
from geocrm.territories import queries, rule_queries, service
from geocrm.territories.rule_models import Rule, RuleAccount
from geocrm.territories.rule_queries import Effect

MAX_NAME: Final = 120
MAX_VALUES: Final = 50
MAX_ACCOUNTS: Final = 5_000


@dataclass(frozen=True, slots=True)
class RuleWish:
    """A rule as somebody wants it; a condition left empty does not count."""

    name: str
    territory: str
    account_ids: tuple[int, ...] = ()
    segments: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    min_revenue: float | None = None
    unit: str | None = None
    active: bool = True


def add(session: Session, actor: Actor, wish: RuleWish) -> tuple[Rule, int]:
    """Add a rule after all there are and assign its accounts; how many moved."""
    actor.require("activate", "territory")
    assigning.hold_assignments(session)
    last = session.scalar(select(func.max(Rule.priority))) or 0
    rule = Rule(priority=last + 1, created_by=actor.user_id, active=False)
    _write(session, actor, rule, wish)
    return rule, _settle(session, actor, "create", rule)


def change(
    session: Session, actor: Actor, rule_id: int, version: int | None, wish: RuleWish
) -> tuple[Rule, int]:
    """Change a rule that is still as it was read, else Conflict; how many accounts moved."""
    rule = _claim(session, actor, rule_id, version)
    _write(session, actor, rule, wish)
    return rule, _settle(session, actor, "update", rule)


def remove(session: Session, actor: Actor, rule_id: int) -> int:
    """Delete a rule; its accounts go where other rules or their ground say. How many moved."""
    rule = _claim(session, actor, rule_id, None)
    session.delete(rule)
    return _settle(session, actor, "delete", rule)


def order(session: Session, actor: Actor, rule_ids: Sequence[int]) -> int:
    """Let the rules win in this order; how many accounts moved. Conflict when some are missing."""
    actor.require("activate", "territory")
    assigning.hold_assignments(session)
    rules = {rule.id: rule for rule in rule_queries.all_rules(session)}
    if sorted(rule_ids) != sorted(rules):
        raise Conflict("Somebody added or removed a rule meanwhile: load the page and order again")
    if not service.answers_for_everyone(session, actor) and any(
        not r.named for r in rules.values()
    ):
        raise Forbidden(_FOR_EVERYONE)
    for priority, rule_id in enumerate(rule_ids, start=1):
        rules[rule_id].priority = priority
    return _settle(session, actor, "order", None)


def apply(session: Session, actor: Actor) -> int:
    """Assign every account anew that rules and ground put elsewhere; how many moved."""
    actor.require("activate", "territory")
    assigning.hold_assignments(session)
    return _settle(session, actor, "apply", None)


def preview(session: Session, actor: Actor, wish: RuleWish, rule_id: int | None) -> list[Effect]:
    """Which accounts the rule would move, from where to where; nothing is kept."""

    def write() -> None:
        if rule_id is None:
            last = session.scalar(select(func.max(Rule.priority))) or 0
            rule = Rule(priority=last + 1, active=False)
        else:
            rule = rule_queries.get(session, rule_id)
        _write(session, actor, rule, wish)

    actor.require("activate", "territory")
    return _as_if(session, write)


def preview_removal(session: Session, actor: Actor, rule_id: int) -> list[Effect]:
    """Which accounts would move if the rule were deleted; nothing is kept."""
    actor.require("activate", "territory")
    return _as_if(session, lambda: session.delete(rule_queries.get(session, rule_id)))


def _as_if(session: Session, write: Callable[[], None]) -> list[Effect]:
    trial = session.begin_nested()
    try:
        write()
        session.flush()
        return rule_queries.effects(session)
    finally:
        trial.rollback()


def _claim(session: Session, actor: Actor, rule_id: int, version: int | None) -> Rule:
    actor.require("activate", "territory")
    assigning.hold_assignments(session)
    rule = rule_queries.get(session, rule_id)
    session.refresh(rule)
    if version is not None and rule.version != version:
        raise Conflict(
            "Somebody else changed {rule!r} meanwhile (it is now version {current}, you saw"
            " {seen}): load it again and repeat your change",
            rule=rule.name,
            current=str(rule.version),
            seen=str(version),
        )
    if not rule.named and not service.answers_for_everyone(session, actor):
        raise Forbidden(_FOR_EVERYONE)
    rule.version += 1
    rule.updated_at = clock.now()
    return rule


def _write(session: Session, actor: Actor, rule: Rule, wish: RuleWish) -> None:
    rule.name = _text(wish.name, Phrase("A rule needs a name"))
    rule.territory = _territory(session, wish)
    rule.segments = _values(wish.segments, Phrase("segments"))
    rule.tags = _values(wish.tags, Phrase("tags"))
    rule.min_revenue = _revenue(wish.min_revenue)
    rule.unit = _unit(session, wish.unit)
    rule.named = bool(wish.account_ids) or _names_hidden(session, rule)
    _require_condition(session, actor, rule)
    # Its accounts are looked at once, when all is written: an inactive rule moves nobody.
    rule.active = False
    session.add(rule)
    session.flush()
    _name_accounts(session, rule, wish.account_ids)
    rule.active = wish.active
    session.flush()


def _require_condition(session: Session, actor: Actor, rule: Rule) -> None:
    if not (rule.named or rule.segments or rule.tags or rule.min_revenue is not None):
        raise InvalidInput(
            "A rule needs customers, segments, tags or a revenue; a plan gives whole areas"
        )
    if not rule.named and not service.answers_for_everyone(session, actor):
        raise Forbidden(_FOR_EVERYONE)


def _names_hidden(session: Session, rule: Rule) -> bool:
    """Whether the rule names accounts that the actor does not see; they stay in it."""
    if rule not in session:
        return False
    asked = select(func.count()).select_from(RuleAccount).where(RuleAccount.rule_id == rule.id)
    seen = session.scalar(asked)
    with elevated(session):
        return session.scalar(asked) != seen


def _name_accounts(session: Session, rule: Rule, account_ids: Sequence[int]) -> None:
    wanted = set(account_ids)
    if len(wanted) > MAX_ACCOUNTS:
        raise InvalidInput(
            "{count} customers are too many; {most} are the most",
            count=len(wanted),
            most=MAX_ACCOUNTS,
        )
    seen = set(
        session.scalars(select(AccountScope.account_id).where(AccountScope.account_id.in_(wanted)))
    )
    unknown = sorted(wanted - seen)
    if unknown:
        raise InvalidInput("There is no customer {ids}", ids=", ".join(map(str, unknown[:5])))
    session.execute(
        delete(RuleAccount)
        .where(RuleAccount.rule_id == rule.id)
        .execution_options(synchronize_session=False)
    )
    if wanted:
        rows = [{"rule_id": rule.id, "account_id": each} for each in sorted(wanted)]
        session.execute(insert(RuleAccount), rows)


def _settle(session: Session, actor: Actor, action: str, rule: Rule | None) -> int:
    """Assign what the change moves, when the actor may move all of it; how many moved."""
    session.flush()
    seen = sum(effect.accounts for effect in rule_queries.effects(session))
    with elevated(session):
        everything = sum(effect.accounts for effect in rule_queries.effects(session))
    if everything > seen and not service.answers_for_everyone(session, actor):
        raise Forbidden(
            "That moves customers outside your branch: ask your manager or an administrator"
        )
    assigning.reconsider(session, rule_queries.astray(session), rule_queries.live(session))
    target = f"territory_rule:{rule.id}" if rule else "territory_rules"
    named = {"name": rule.name, "territory": rule.territory} if rule else {}
    audit.record(session, actor, action, target, accounts=everything, **named)
    return everything


def _text(given: str, missing: str) -> str:
    words = " ".join(given.replace("\x00", "").split())
    if not words:
        raise InvalidInput(missing)
    if len(words) > MAX_NAME:
        raise InvalidInput(
            "{text!r}... is {count} characters long, at most {most}",
            text=words[:30],
            count=len(words),
            most=MAX_NAME,
        )
    return words


def _territory(session: Session, wish: RuleWish) -> str:
    name = _text(wish.territory, Phrase("Say which territory the customers go to"))
    if not wish.active:
        return name
    known = queries.live_territories(session)
    for territory in known:
        if territory.name.casefold() == name.casefold():
            return territory.name
    if not known:
        raise InvalidInput("No sales plan is live, so a rule has no territory to give yet")
    some = ", ".join(territory.name for territory in known[:5])
    raise InvalidInput(
        "There is no live territory {name!r}; there are {some}",
        name=name,
        some=some,
    )


def _values(given: Sequence[str], what: Phrase) -> list[str] | None:
    values = sorted({_text(each, "") for each in given if each.strip()})
    if len(values) > MAX_VALUES:
        raise InvalidInput(
            "{count} {what} are too many; {most} are the most",
            count=len(values),
            what=what,
            most=MAX_VALUES,
        )
    return values or None


def _revenue(given: float | None) -> float | None:
    if given is not None and not 0 <= given < 1e18:
        raise InvalidInput(
            "{revenue} is not an annual revenue: give a number from 0 up",
            revenue=given,
        )
    return given


def _unit(session: Session, code: str | None) -> str | None:
    if not code:
        return None
    if session.get(Boundary, code) is None:
        raise InvalidInput("There is no unit {unit!r}; see: geocrm boundaries", unit=code[:60])
    return code


_FOR_EVERYONE: Final = Phrase(
    "Only an administrator or a head of sales changes rules that hold for customers nobody named:"
    " name customers, or ask one of them"
)
