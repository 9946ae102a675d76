"""The empty start: the first administrator of a database without people."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from geocrm.errors import Conflict
from geocrm.security import Actor, Role, service
from geocrm.security.models import User


def add_first_administrator(
    session: Session, actor: Actor, *, email: str, name: str, password: str, locale: str
) -> User:
    """Add the administrator who adds everybody else; Conflict when somebody is there already."""
    people, of_the_demo = session.execute(
        select(func.count(), func.count().filter(User.demo)).select_from(User)
    ).one()
    if of_the_demo:
        raise Conflict(
            f"The demo is loaded ({of_the_demo} of its users): take it out first with: geocrm demo"
            " remove"
        )
    if people:
        raise Conflict(
            f"The database has users already ({people}); add another one with:"
            " geocrm user add EMAIL --role administrator"
        )
    return service.add_user(
        session,
        actor,
        email=email,
        name=name,
        role=Role.ADMINISTRATOR,
        password=password,
        locale=locale,
    )
