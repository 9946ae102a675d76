"""The bulk action audience: keep those who may be reached of the accounts that are meant."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.orm import Session

from geocrm.campaigns import service
from geocrm.campaigns.models import Audience
from geocrm.campaigns.selection import channel_named
from geocrm.customers.models import Channel
from geocrm.db import scoped_sql
from geocrm.errors import InvalidInput
from geocrm.maps.bulk.action import Forecast, only
from geocrm.maps.bulk.meant import Meant
from geocrm.maps.bulk.models import BulkRun
from geocrm.security import Actor


class SaveAudience:
    """Save the accounts that are meant as an audience of a channel."""

    name = "audience"
    right = ("create", "audience")
    images = False
    most: int | None = None

    def read(self, session: Session, actor: Actor, params: Mapping[str, Any]) -> dict[str, Any]:
        only(params, "name", "channel")
        name, channel = (params.get(key) or "" for key in ("name", "channel"))
        if not isinstance(name, str) or not isinstance(channel, str):
            raise InvalidInput("The name and the channel of an audience are texts")
        return {"name": service.named(name), "channel": channel_named(channel).value}

    def forecast(
        self, session: Session, actor: Actor, params: Mapping[str, Any], meant: Meant
    ) -> Forecast:
        bit = Channel(params["channel"]).bit
        sql = _COUNT.format(condition=meant.condition)
        row = scoped_sql(session, sql, {**meant.params, "bit": bit}).one()
        reasons = {"no_consent": row.no_consent, "no_address": row.no_address}
        nobody = InvalidInput("Nobody in this selection may be reached by this channel; widen it")
        return Forecast(
            row.reachable,
            reasons={reason: count for reason, count in reasons.items() if count},
            stops=None if row.reachable else nobody,
        )

    def apply(self, session: Session, actor: Actor, run: BulkRun) -> None:
        channel = Channel(run.params["channel"])
        audience = self._audience(session, actor, run)
        scoped_sql(session, _JUDGE, {"bit": channel.bit})
        scoped_sql(session, _JOIN, {"audience_id": audience.id})
        excluded: Counter[str] = Counter(audience.excluded)
        for reason, count in scoped_sql(session, _LEFT_OUT).all():
            excluded[reason] += count
        reached = scoped_sql(session, _REACHED).scalar_one()
        audience.excluded = dict(excluded)
        audience.reachable += reached
        audience.matched = audience.reachable + excluded.total()

    def undo(self, session: Session, actor: Actor, run: BulkRun) -> None:
        audience = session.get(Audience, run.result.get("audience_id", 0))
        if audience is not None:
            run.undone = audience.reachable
            session.delete(audience)

    def _audience(self, session: Session, actor: Actor, run: BulkRun) -> Audience:
        """The audience the run fills, made with its first batch."""
        there = session.get(Audience, run.result.get("audience_id", 0))
        if there is not None:
            return there
        if "audience_id" in run.result:
            raise InvalidInput("Somebody deleted the audience while it was being filled")
        made = Audience(
            name=run.params["name"],
            channel=run.params["channel"],
            definition=dict(run.filter) if run.filter is not None else {"bulk": run.id},
            matched=0,
            excluded={"no_consent": 0, "no_address": 0},
            reachable=0,
            created_by=actor.user_id,
        )
        session.add(made)
        session.flush()  # the run and the members name its id
        run.result = {"audience_id": made.id}
        return made


_COUNT: Final = """
    SELECT count(*) FILTER (WHERE s.consent & s.reach & :bit <> 0) AS reachable,
        count(*) FILTER (WHERE s.consent & :bit = 0) AS no_consent,
        count(*) FILTER (WHERE s.consent & :bit <> 0 AND s.reach & :bit = 0) AS no_address
    FROM account_scope s WHERE {{scope:s}} AND {condition}
"""
_JUDGE: Final = """
    UPDATE bulk_stage g SET
        outcome = CASE WHEN s.consent & s.reach & :bit <> 0 THEN 'changed' ELSE 'refused' END,
        reason = CASE WHEN s.consent & :bit = 0 THEN 'no_consent'
                      WHEN s.reach & :bit = 0 THEN 'no_address' END
    FROM account_scope s WHERE s.account_id = g.account_id AND {scope:s}
"""
_JOIN: Final = """
    INSERT INTO audience_members (audience_id, account_id)
    SELECT :audience_id, s.account_id
    FROM bulk_stage g JOIN account_scope s ON s.account_id = g.account_id
    WHERE g.outcome = 'changed' AND {scope:s}
"""
_LEFT_OUT: Final = """
    SELECT g.reason, count(*) FROM bulk_stage g JOIN account_scope s ON s.account_id = g.account_id
    WHERE g.outcome = 'refused' AND {scope:s} GROUP BY g.reason
"""
_REACHED: Final = """
    SELECT count(*) FROM bulk_stage g JOIN account_scope s ON s.account_id = g.account_id
    WHERE g.outcome = 'changed' AND {scope:s}
"""
