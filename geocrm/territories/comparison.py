"""A draft beside the live plan: who would gain and who would lose which accounts.

An account changes hands when other people are responsible for it afterwards; where nobody is named
on either side, when the territory has another name. Figures count what the actor sees.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.territories import activation, queries
from geocrm.territories.activation import Change
from geocrm.territories.models import Plan


@dataclass(frozen=True, slots=True)
class Side:
    """A territory on one side of a change, and who works there; no id is no territory."""

    id: int | None
    name: str
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Transfer:
    """Accounts that go from one side to the other."""

    before: Side
    after: Side
    accounts: int
    revenue: float
    # The territory after takes the place of the one before.
    kept: bool

    @property
    def changes_hands(self) -> bool:
        """Whether other people are responsible afterwards."""
        if self.kept:
            return self.before.people != self.after.people
        if self.before.people or self.after.people:
            return self.before.people != self.after.people
        return self.before.name != self.after.name


@dataclass(slots=True)
class Balance:
    """What one person, or nobody, gains and loses."""

    name: str
    gained: int = 0
    lost: int = 0
    revenue_gained: float = 0.0
    revenue_lost: float = 0.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """A draft against what is live now (`live` is None when nothing is)."""

    live: Plan | None
    transfers: tuple[Transfer, ...]
    people: tuple[Balance, ...]
    # Accounts whose territory changes at all, and those of them that change hands.
    accounts: int
    changing_hands: int
    revenue: float
    # Accounts that have a territory now and would have none.
    left_out: int


def compare(session: Session, plan: Plan) -> Comparison:
    """What making the plan live would mean; six statements."""
    live = queries.live_plan(session, plan.type)
    sides = _sides(session, [plan, *([live] if live else [])])
    transfers = [_transfer(change, sides) for change in activation.changes(session, plan)]
    moving = [transfer for transfer in transfers if transfer.changes_hands]
    moving.sort(key=lambda transfer: -transfer.accounts)
    return Comparison(
        live=live,
        transfers=tuple(moving),
        people=tuple(_balances(moving)),
        accounts=sum(t.accounts for t in transfers if not t.kept),
        changing_hands=sum(transfer.accounts for transfer in moving),
        revenue=sum(transfer.revenue for transfer in moving),
        left_out=sum(t.accounts for t in transfers if t.after.id is None),
    )


def _sides(session: Session, plans: Iterable[Plan]) -> dict[int, Side]:
    ids = [plan.id for plan in plans]
    people: dict[int, list[str]] = defaultdict(list)
    for member in queries.members(session, ids, clock.business_day()):
        people[member.territory_id].append(member.name)
    return {
        territory.id: Side(territory.id, territory.name, tuple(people[territory.id]))
        for plan_id in ids
        for territory in queries.territories(session, plan_id)
    }


def _transfer(change: Change, sides: dict[int, Side]) -> Transfer:
    def side(territory_id: int | None) -> Side:
        if territory_id is None:
            return Side(None, "")
        return sides.get(territory_id, Side(territory_id, f"#{territory_id}"))

    return Transfer(
        *(side(change.before), side(change.after), change.accounts, change.revenue), change.kept
    )


def _balances(moving: Iterable[Transfer]) -> list[Balance]:
    """By person, or by territory where nobody is named; the largest change first."""
    found: dict[str, Balance] = {}
    for transfer in moving:
        loser, winner = (_whose(side) for side in (transfer.before, transfer.after))
        if loser:
            balance = found.setdefault(loser, Balance(loser))
            balance.lost += transfer.accounts
            balance.revenue_lost += transfer.revenue
        if winner:
            balance = found.setdefault(winner, Balance(winner))
            balance.gained += transfer.accounts
            balance.revenue_gained += transfer.revenue
    return sorted(found.values(), key=lambda one: (-(one.gained + one.lost), one.name))


def _whose(side: Side) -> str:
    return ", ".join(side.people) or side.name
