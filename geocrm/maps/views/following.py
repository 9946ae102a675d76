"""What saved views remember of customers who were merged since."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from geocrm.customers import merging
from geocrm.maps.views.models import View


def states(session: Session, views: Sequence[View]) -> list[dict[str, Any]]:
    """The state of each view, its list of customers leading to those they were merged into.

    It is looked up, not written into the views, so that a merge that is taken back is taken back
    here as well.
    """
    listed = {each for view in views for each in view.state.get("ids") or ()}
    leads = merging.stayed(session, listed) if listed else {}
    return [_followed(view.state, leads) for view in views]


def _followed(state: dict[str, Any], leads: dict[int, int]) -> dict[str, Any]:
    if not leads or not state.get("ids"):
        return state
    return state | {"ids": list(dict.fromkeys(leads.get(each, each) for each in state["ids"]))}
