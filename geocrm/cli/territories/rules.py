"""`geocrm territories rules`: who gets accounts that geography does not decide."""

import click

from geocrm.cli.context import emit, json_option, open_session, say
from geocrm.cli.territories.group import territories
from geocrm.territories import rule_queries
from geocrm.territories import rules as service
from geocrm.territories.rules import RuleWish


@territories.group()
def rules() -> None:
    """Rules that give accounts a territory where the ground does not decide."""


@rules.command("list")
@json_option
def list_rules(as_json: bool) -> None:
    """List the rules, the one that wins first, with what each decides."""
    with open_session() as (session, _actor):
        missing = rule_queries.missing_territories(session)
        reaches, overlaps = rule_queries.reaches(session)
        found = [
            {
                "id": rule.id,
                "name": rule.name,
                "territory": rule.territory,
                "active": rule.active,
                "territory_missing": rule.id in missing,
            }
            | reaches.get(rule.id, rule_queries.Reach(0, 0))._asdict()
            for rule in rule_queries.all_rules(session)
        ]
    if as_json:
        emit({"rules": found, "overlaps": [each._asdict() for each in overlaps]})
        return
    for rule in found:
        off = "" if rule["active"] else "  (off)"
        gone = "  (no such territory in the live plan)" if rule["territory_missing"] else ""
        click.echo(
            f"{rule['id']:>4}  {rule['decides']:>8} of {rule['holds']:>8}  {rule['name']} ->"
            f" {rule['territory']}{off}{gone}"
        )
    names = {rule["id"]: rule["name"] for rule in found}
    for each in overlaps:
        say(f"{each.accounts} accounts: {names[each.wins]!r} wins over {names[each.loses]!r}")


@rules.command()
@click.argument("territory")
@click.option("--account", "accounts", multiple=True, help="An ID, a whole name, or #12.")
@click.option("--segment", "segments", multiple=True)
@click.option("--tag", "tags", multiple=True)
@click.option("--min-revenue", type=float, help="Of the annual revenue that was entered.")
@click.option("--unit", help="Only accounts in this boundary, such as idn-adm1:32.")
@click.option("--save", "name", metavar="NAME", help="Keep the rule under this name and assign.")
@json_option
def preview(
    territory: str,
    accounts: tuple[str, ...],
    segments: tuple[str, ...],
    tags: tuple[str, ...],
    min_revenue: float | None,
    unit: str | None,
    name: str | None,
    as_json: bool,
) -> None:
    """Say which accounts a rule would give to TERRITORY; with --save, keep the rule."""
    with open_session() as (session, actor):
        named = tuple(rule_queries.accounts_meant(session, accounts))
        wish = RuleWish(name or "preview", territory, named, segments, tags, min_revenue, unit)
        found = service.preview(session, actor, wish, None)
        sides = {side for effect in found for side in (effect.before, effect.after)} - {None}
        names = rule_queries.territory_names(session, sides)
        if name is not None:
            service.add(session, actor, wish)
    rows = [
        {
            "before": names.get(effect.before or 0),
            "after": names.get(effect.after or 0),
            "accounts": effect.accounts,
            "revenue": effect.revenue,
        }
        for effect in found
    ]
    if as_json:
        emit(rows)
        return
    for row in rows:
        click.echo(f"{row['accounts']:>8}  {row['before'] or '-'} -> {row['after'] or '-'}")
    say(f"{sum(effect.accounts for effect in found)} accounts {'moved' if name else 'would move'}")


@rules.command()
@json_option
def apply(as_json: bool) -> None:
    """Assign every account anew that rules and ground put elsewhere than it is."""
    with open_session() as (session, actor):
        moved = service.apply(session, actor)
    if as_json:
        emit({"accounts": moved})
    else:
        say(f"Accounts that got another territory: {moved}")
