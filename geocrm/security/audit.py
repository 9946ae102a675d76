"""The trail of what was done, by whom."""

from typing import Any

from sqlalchemy.orm import Session

from geocrm.security.actor import Actor
from geocrm.security.models import AuditEntry


def record(session: Session, actor: Actor, action: str, target: str, **details: Any) -> None:
    """Note that the actor did something to a target such as "account:17"."""
    session.add(
        AuditEntry(
            user_id=actor.user_id,
            actor=actor.email or str(actor.user_id),
            action=action,
            target=target,
            details=details,
        )
    )
