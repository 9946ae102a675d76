"""What stands between a preview and its action: who is meant must still be who was counted."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from geocrm.errors import Conflict, InvalidInput
from geocrm.maps.bulk.action import Action
from geocrm.maps.bulk.meant import Members


def fingerprint(action: Action, params: Mapping[str, Any], members: Members) -> str:
    """A name for exactly this action on exactly these accounts."""
    return digest([action.name, params, members.total, members.mark])


def require_fit(
    action: Action, params: Mapping[str, Any], members: Members, agreed: str | None
) -> None:
    """Conflict when a preview was agreed to and they are others now; InvalidInput at a misfit."""
    if agreed is not None and agreed != fingerprint(action, params, members):
        raise Conflict(
            "The selection changed since you looked at it: it holds {total} customers now. Look at"
            " the preview again",
            total=members.total,
        )
    wrong = misfit(action, members)
    if wrong:
        raise wrong


def misfit(action: Action, members: Members) -> InvalidInput | None:
    """Why the action cannot be done to so many, if it cannot."""
    if not members.total:
        return InvalidInput("Nobody is meant: no customer of yours fits")
    if action.most is not None and members.total > action.most:
        return InvalidInput(
            "{total} customers are too many for this, at most {most}: choose fewer",
            total=members.total,
            most=action.most,
        )
    return None


def digest(parts: Any) -> str:
    """A short name for what can be written as JSON."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]
