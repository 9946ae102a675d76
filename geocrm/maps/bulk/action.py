"""What an action must be able to do. Actions of rooms above are handed in by `geocrm.wiring`."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol, runtime_checkable

from sqlalchemy.orm import Session

from geocrm.errors import InvalidInput
from geocrm.maps.bulk.meant import Meant
from geocrm.maps.bulk.models import BulkRun
from geocrm.security import Actor

BATCH: Final = 2_000  # a second or so: how long a cancel or somebody else's edit may have to wait


@dataclass(frozen=True, slots=True)
class Forecast:
    """What an action would come to: accounts that change, are so already, cannot be changed.

    `reasons` counts the last by why. `stops` says why it may not begin at all.
    """

    changed: int
    unchanged: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    stops: InvalidInput | None = None

    @property
    def refused(self) -> int:
        """How many cannot be changed."""
        return sum(self.reasons.values())


@dataclass(frozen=True, slots=True)
class Running:
    """A run in progress: how to open a batch, whom to tell, where files go."""

    run_id: int
    actor: Actor
    open_batch: Callable[[], AbstractContextManager[Session]]
    # Told what is done and what there is in all; it raises when the run is to stop.
    report: Callable[[int, int], None]
    folder: Path


class Action(Protocol):
    """One thing that can be done to many accounts; one that is no `Change` writes a file of them.

    An action with `images` is undone from them, batch by batch; another takes back the whole in one
    `undo`. One that takes at most so many gets all of them at once.
    """

    name: str
    # The right it needs: action and object.
    right: tuple[str, str]
    images: bool
    # How many accounts it takes, where there is a limit.
    most: int | None

    def read(self, session: Session, actor: Actor, params: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters, checked and complete, or InvalidInput."""

    def forecast(
        self, session: Session, actor: Actor, params: Mapping[str, Any], meant: Meant
    ) -> Forecast:
        """What it would come to now."""


@runtime_checkable
class Change(Action, Protocol):
    """An action that changes accounts, and can take it back.

    Both work on the accounts in `geocrm.customers.bulk_stage` and write there what became of each.
    """

    def apply(self, session: Session, actor: Actor, run: BulkRun) -> None:
        """Do it to the staged accounts."""

    def undo(self, session: Session, actor: Actor, run: BulkRun) -> None:
        """Take it back."""


Actions = Mapping[str, Action]


def named(actions: Actions, name: str) -> Action:
    """The action, or InvalidInput naming those there are."""
    found = actions.get(name)
    if found is None:
        raise InvalidInput(f"There is no action {name!r}; actions are {', '.join(actions)}")
    return found


def only(params: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """The parameters, or InvalidInput naming one the action does not take."""
    unknown = sorted(set(params) - set(names))
    if unknown:
        raise InvalidInput(
            f"There is no parameter {unknown[0]!r} here; it takes {', '.join(names) or 'none'}"
        )
    return params


def whole_number(params: Mapping[str, Any], name: str, what: str) -> int:
    """A parameter that is an id or a number, or InvalidInput."""
    value = params.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidInput(f"Say {what} as a whole number in {name!r}")
    return value


def words(params: Mapping[str, Any], name: str) -> list[str]:
    """A parameter that is a list of texts, or InvalidInput."""
    value = params.get(name) or []
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise InvalidInput(f"{name!r} is a list of texts")
    return value
