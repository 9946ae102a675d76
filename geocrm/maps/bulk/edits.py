"""The actions owner, tag and segment."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from geocrm.customers import bulk_edits
from geocrm.customers.bulk_edits import Edit
from geocrm.errors import InvalidInput
from geocrm.maps.bulk.action import Forecast, only, whole_number, words
from geocrm.maps.bulk.meant import Meant
from geocrm.maps.bulk.models import BulkRun
from geocrm.security import Actor


class _EditAction(ABC):
    """What the three have in common: each is an `Edit` made from its parameters."""

    name: str
    right = ("update", "account")
    images = True
    most: int | None = None

    @abstractmethod
    def read(self, session: Session, actor: Actor, params: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters as they are kept, or InvalidInput."""

    @abstractmethod
    def edit(self, session: Session, actor: Actor, params: Mapping[str, Any]) -> Edit:
        """What kept parameters do."""

    def forecast(
        self, session: Session, actor: Actor, params: Mapping[str, Any], meant: Meant
    ) -> Forecast:
        edit = self.edit(session, actor, params)
        outcomes, reasons = bulk_edits.forecast(session, edit, meant.condition, meant.params)
        return Forecast(outcomes["changed"], outcomes["unchanged"], reasons)

    def apply(self, session: Session, actor: Actor, run: BulkRun) -> None:
        bulk_edits.apply(session, actor, self.edit(session, actor, run.params))

    def undo(self, session: Session, actor: Actor, run: BulkRun) -> None:
        bulk_edits.take_back(session, actor, self.edit(session, actor, run.params))


class Owner(_EditAction):
    """Hand accounts to another owner."""

    name = "owner"

    def read(self, session: Session, actor: Actor, params: Mapping[str, Any]) -> dict[str, Any]:
        owner_id = whole_number(only(params, "owner_id"), "owner_id", "who the new owner is")
        self.edit(session, actor, {"owner_id": owner_id})
        return {"owner_id": owner_id}

    def edit(self, session: Session, actor: Actor, params: Mapping[str, Any]) -> Edit:
        return bulk_edits.give(session, actor, params["owner_id"])

    def undo(self, session: Session, actor: Actor, run: BulkRun) -> None:
        # The owner they went to may have left meanwhile; that must not stop the way back.
        edit = bulk_edits.given(actor, run.params["owner_id"])
        bulk_edits.take_back(session, actor, edit)


class Tag(_EditAction):
    """Add tags, take tags away."""

    name = "tag"

    def read(self, session: Session, actor: Actor, params: Mapping[str, Any]) -> dict[str, Any]:
        only(params, "add", "remove")
        add = bulk_edits.tags(words(params, "add"))
        remove = bulk_edits.tags(words(params, "remove"))
        if not add and not remove:
            raise InvalidInput("Name a tag to add or to remove")
        both = sorted(set(add) & set(remove))
        if both:
            raise InvalidInput("The tag “{tag}” cannot be added and removed at once", tag=both[0])
        if len(add) > bulk_edits.MAX_TAGS:
            raise InvalidInput(
                "{count} tags are too many, at most {most}",
                count=len(add),
                most=bulk_edits.MAX_TAGS,
            )
        return {"add": add, "remove": remove}

    def edit(self, session: Session, actor: Actor, params: Mapping[str, Any]) -> Edit:
        return bulk_edits.retag(params["add"], params["remove"])


class Segment(_EditAction):
    """Put accounts into a segment, or into none."""

    name = "segment"

    def read(self, session: Session, actor: Actor, params: Mapping[str, Any]) -> dict[str, Any]:
        segment = only(params, "segment").get("segment")
        if segment is not None and not isinstance(segment, str):
            raise InvalidInput("The segment is a text, or null for none")
        if "segment" not in params:
            raise InvalidInput("Say the segment, or null for none")
        return {"segment": bulk_edits.classify(segment).params["new_segment"]}

    def edit(self, session: Session, actor: Actor, params: Mapping[str, Any]) -> Edit:
        return bulk_edits.classify(params["segment"])
