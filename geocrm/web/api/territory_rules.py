"""API of the rules that give accounts a territory where the ground does not decide."""

from apiflask import APIBlueprint
from flask import g
from pydantic import BaseModel, Field

from geocrm.territories import rule_queries, rules
from geocrm.territories.rule_models import Rule
from geocrm.territories.rule_queries import Effect
from geocrm.territories.rules import RuleWish
from geocrm.web.access import permit

bp = APIBlueprint(
    "api_territory_rules", __name__, url_prefix="/api/v1/territories", tag="Territories"
)


class Wish(BaseModel):
    """A rule: all conditions that are given must hold."""

    name: str = Field(max_length=1000)
    territory: str = Field(max_length=1000)
    account_ids: list[int] = Field(default_factory=list, max_length=10_000)
    segments: list[str] = Field(default_factory=list, max_length=1000)
    tags: list[str] = Field(default_factory=list, max_length=1000)
    min_revenue: float | None = None
    unit: str | None = Field(default=None, max_length=100)
    active: bool = True


class ChangedWish(Wish):
    """A rule as it shall be, and the version it was read in."""

    version: int | None = None


class PreviewWish(Wish):
    """A rule that somebody thinks of; with `rule_id`, instead of that one."""

    rule_id: int | None = None


class Order(BaseModel):
    """All rules, the one that wins first."""

    rule_ids: list[int] = Field(max_length=10_000)


class ShownRule(Wish):
    """A rule, and the visible accounts it holds for and decides."""

    id: int
    priority: int
    version: int
    # The live plan has no territory of that name: the rule decides nothing.
    territory_missing: bool
    holds: int
    decides: int


class ShownOverlap(BaseModel):
    """Accounts for which two rules hold, and which rule wins."""

    wins: int
    loses: int
    accounts: int


class ShownRules(BaseModel):
    """The rules by priority, and where they overlap."""

    items: list[ShownRule]
    overlaps: list[ShownOverlap]


class ShownEffect(BaseModel):
    """Accounts that would go from one territory to another; no name is none."""

    before: str | None
    after: str | None
    accounts: int
    revenue: float


class Effects(BaseModel):
    """What would move, of the accounts the asker sees."""

    items: list[ShownEffect]
    accounts: int


class Moved(BaseModel):
    """How many accounts got another territory."""

    rule_id: int | None = None
    accounts: int


class ShownReason(BaseModel):
    """Why an account has its territory: `rule`, `ground` or `none`."""

    kind: str
    territory: str | None
    rule: str | None
    unit: str | None


@bp.get("/rules")
@bp.output(ShownRules)
@bp.doc(summary="Rules by priority, what each decides, and overlaps", security="token")
@permit("design", "territory")
def list_rules() -> ShownRules:
    """All rules."""
    return shown_rules()


@bp.post("/rules")
@bp.input(Wish, arg_name="wanted")
@bp.output(Moved, status_code=201)
@bp.doc(summary="Add a rule after all there are", security="token")
@permit("activate", "territory")
def add(wanted: Wish) -> Moved:
    """Add a rule and assign its accounts."""
    rule, moved = rules.add(g.session, g.actor, _wish(wanted))
    return Moved(rule_id=rule.id, accounts=moved)


@bp.put("/rules/<int:rule_id>")
@bp.input(ChangedWish, arg_name="wanted")
@bp.output(Moved)
@bp.doc(summary="Change a rule", security="token")
@permit("activate", "territory")
def change(rule_id: int, wanted: ChangedWish) -> Moved:
    """Change a rule and assign what that moves."""
    _, moved = rules.change(g.session, g.actor, rule_id, wanted.version, _wish(wanted))
    return Moved(rule_id=rule_id, accounts=moved)


@bp.delete("/rules/<int:rule_id>")
@bp.output(Moved)
@bp.doc(summary="Delete a rule; its accounts go back to their ground", security="token")
@permit("activate", "territory")
def remove(rule_id: int) -> Moved:
    """Delete a rule."""
    return Moved(rule_id=rule_id, accounts=rules.remove(g.session, g.actor, rule_id))


@bp.put("/rules/order")
@bp.input(Order, arg_name="wanted")
@bp.output(Moved)
@bp.doc(summary="Let the rules win in another order", security="token")
@permit("activate", "territory")
def order(wanted: Order) -> Moved:
    """Put all rules in an order."""
    return Moved(accounts=rules.order(g.session, g.actor, wanted.rule_ids))


@bp.post("/rules/preview")
@bp.input(PreviewWish, arg_name="wanted")
@bp.output(Effects)
@bp.doc(summary="What a rule would move; nothing is kept", security="token")
@permit("activate", "territory")
def preview(wanted: PreviewWish) -> Effects:
    """Try a rule."""
    return shown_effects(rules.preview(g.session, g.actor, _wish(wanted), wanted.rule_id))


@bp.get("/rules/reason/<int:account_id>")
@bp.output(ShownReason)
@bp.doc(summary="Why an account has its territory", security="token")
@permit("read", "account")
def reason(account_id: int) -> ShownReason:
    """Rule, ground, or neither."""
    return ShownReason(**rule_queries.reason_for(g.session, account_id)._asdict())


def shown_rules() -> ShownRules:
    """The rules as the API and the page give them."""
    found = rule_queries.all_rules(g.session)
    named = rule_queries.named_accounts(g.session, [rule.id for rule in found])
    missing = rule_queries.missing_territories(g.session)
    reaches, overlaps = rule_queries.reaches(g.session)
    none = rule_queries.Reach(0, 0)
    return ShownRules(
        items=[
            _shown(rule, named[rule.id], rule.id in missing, reaches.get(rule.id, none))
            for rule in found
        ],
        overlaps=[ShownOverlap(**each._asdict()) for each in overlaps],
    )


def shown_effects(found: list[Effect]) -> Effects:
    """What moves, with names."""
    ids = {side for effect in found for side in (effect.before, effect.after)} - {None}
    names = rule_queries.territory_names(g.session, ids)
    return Effects(
        items=[
            ShownEffect(
                before=names.get(effect.before or 0),
                after=names.get(effect.after or 0),
                accounts=effect.accounts,
                revenue=effect.revenue,
            )
            for effect in found
        ],
        accounts=sum(effect.accounts for effect in found),
    )


def _shown(
    rule: Rule, named: list[tuple[int, str]], missing: bool, reach: rule_queries.Reach
) -> ShownRule:
    return ShownRule(
        id=rule.id,
        priority=rule.priority,
        version=rule.version,
        name=rule.name,
        territory=rule.territory,
        account_ids=[account_id for account_id, _ in named],
        segments=rule.segments or [],
        tags=rule.tags or [],
        min_revenue=rule.min_revenue,
        unit=rule.unit,
        active=rule.active,
        territory_missing=missing,
        holds=reach.holds,
        decides=reach.decides,
    )


def _wish(wanted: Wish) -> RuleWish:
    return RuleWish(
        name=wanted.name,
        territory=wanted.territory,
        account_ids=tuple(wanted.account_ids),
        segments=tuple(wanted.segments),
        tags=tuple(wanted.tags),
        min_revenue=wanted.min_revenue,
        unit=wanted.unit,
        active=wanted.active,
    )
