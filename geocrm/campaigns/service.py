"""Saving audiences and handing out the list of those who may be reached."""

from collections.abc import Iterator
from datetime import date

from sqlalchemy.orm import Session

from geocrm.campaigns import queries
from geocrm.campaigns.models import Audience
from geocrm.campaigns.selection import Tree, compiled
from geocrm.customers.models import Channel
from geocrm.db import scoped_sql
from geocrm.errors import InvalidInput
from geocrm.security import Actor, audit
from geocrm.takeaway.csv_safe import csv_lines

MAX_NAME = 120


def named(name: str) -> str:
    """The name of an audience, or InvalidInput when it cannot be one."""
    name = name.replace("\x00", "").strip()
    if not 0 < len(name) <= MAX_NAME:
        raise InvalidInput("An audience needs a name of at most {most} characters", most=MAX_NAME)
    return name


def save(
    session: Session, actor: Actor, *, name: str, tree: Tree, channel: Channel, today: date
) -> Audience:
    """Keep those who may be reached now under a name; who comes or consents later is not in it."""
    actor.require("create", "audience")
    name = named(name)
    chosen = compiled(actor, tree, today)
    counts = queries.waterfall(session, actor, chosen, channel)
    if not counts.reachable:
        raise InvalidInput("Nobody in this selection may be reached by this channel; widen it")
    audience = Audience(
        name=name,
        channel=channel.value,
        definition=dict(tree),
        matched=counts.matched,
        excluded=counts.excluded,
        reachable=counts.reachable,
        created_by=actor.user_id,
    )
    session.add(audience)
    session.flush()  # the members name its id
    sql = _FREEZE.format(filter=chosen.sql)
    params = dict(chosen.params) | {"audience_id": audience.id, "bit": channel.bit}
    with queries.counting(session, actor):
        scoped_sql(session, sql, params)
    audit.record(session, actor, "create", f"audience:{audience.id}", reachable=counts.reachable)
    return audience


_FREEZE = """
    INSERT INTO audience_members (audience_id, account_id)
    SELECT :audience_id, s.account_id FROM account_scope s
    WHERE {{scope:s}} AND {filter} AND s.consent & s.reach & :bit <> 0
"""


def export(session: Session, actor: Actor, audience_id: int) -> Iterator[str]:
    """The audience as lines of CSV, formula cells neutralised; the export is audited."""
    actor.require("export", "audience")
    audience = queries.get(session, actor, audience_id)
    audit.record(session, actor, "export", f"audience:{audience.id}", name=audience.name)
    rows = queries.reachable_people(session, actor, audience)
    return csv_lines(queries.EXPORT_COLUMNS, rows)


def remove(session: Session, actor: Actor, audience_id: int) -> None:
    """Delete a saved audience."""
    actor.require("create", "audience")
    audience = queries.get(session, actor, audience_id)
    audit.record(session, actor, "delete", f"audience:{audience.id}", name=audience.name)
    session.delete(audience)
