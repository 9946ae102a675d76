"""The people of the demo: one of each desk role, and the field reps with their homes."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from geocrm.security import Actor, Role, service
from geocrm.security.models import User

PASSWORD = "geocrm-demo"  # noqa: S105 - printed at the start of the demo, on loopback only
NUM_REPS = 20
DOMAIN = "demo.example"
LOGINS = (
    ("administrator", "admin"),
    ("territory manager", "manager"),
    ("field rep", "rep01"),
    ("marketer", "marketer"),
)


@dataclass(frozen=True, slots=True)
class DemoPeople:
    """The demo users; `reps` in the order of the territories they work in."""

    administrator: User
    manager: User
    marketer: User
    reps: list[User]


def ensure(session: Session, actor: Actor, rep_names: list[str]) -> DemoPeople:
    """The demo's people, added where they are missing."""
    administrator = _one(session, actor, "admin", Role.ADMINISTRATOR, "Ayu Administrator")
    manager = _one(session, actor, "manager", Role.TERRITORY_MANAGER, "Maya Manager")
    marketer = _one(session, actor, "marketer", Role.MARKETER, "Mulia Marketer")
    reps = [
        _one(session, actor, f"rep{number:02d}", Role.FIELD_REP, name, manager.id)
        for number, name in enumerate(rep_names, start=1)
    ]
    return DemoPeople(administrator, manager, marketer, reps)


def _one(
    session: Session, actor: Actor, login: str, role: Role, name: str, manager_id: int | None = None
) -> User:
    email = f"{login}@{DOMAIN}"
    found = session.scalar(select(User).where(User.email == email))
    return found or service.add_user(
        session,
        actor,
        email=email,
        role=role,
        name=name,
        password=PASSWORD,
        manager_id=manager_id,
        demo=True,
    )
