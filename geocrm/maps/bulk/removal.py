"""The action delete."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from geocrm.customers import bulk_removal
from geocrm.maps.bulk.action import Forecast, only
from geocrm.maps.bulk.meant import Meant
from geocrm.maps.bulk.models import BulkRun
from geocrm.security import Actor


class Delete:
    """Delete accounts with all that hangs on them."""

    name = "delete"
    right = ("delete", "account")
    images = True
    most: int | None = None

    def read(self, session: Session, actor: Actor, params: Mapping[str, Any]) -> dict[str, Any]:
        only(params)
        return {}

    def forecast(
        self, session: Session, actor: Actor, params: Mapping[str, Any], meant: Meant
    ) -> Forecast:
        return Forecast(bulk_removal.forecast(session, meant.condition, meant.params))

    def apply(self, session: Session, actor: Actor, run: BulkRun) -> None:
        bulk_removal.remove(session)

    def undo(self, session: Session, actor: Actor, run: BulkRun) -> None:
        bulk_removal.bring_back(session)
