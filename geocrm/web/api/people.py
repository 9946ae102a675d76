"""API of people: who I am, who there is."""

from apiflask import APIBlueprint
from flask import g
from pydantic import BaseModel

from geocrm.security import queries
from geocrm.web.access import permit, signed_in

bp = APIBlueprint("api_people", __name__, url_prefix="/api/v1", tag="People")


class Person(BaseModel):
    """Somebody who signs in."""

    email: str
    name: str
    role: str


class People(BaseModel):
    """Everybody who signs in."""

    items: list[Person]


@bp.get("/me")
@bp.output(Person)
@bp.doc(summary="Who is asking", security="token")
@signed_in
def me() -> Person:
    """The person the token or the session belongs to."""
    return Person(email=g.actor.email, name=g.actor.name, role=g.actor.role.value)


@bp.get("/users")
@bp.output(People)
@bp.doc(summary="Everybody who signs in", security="token")
@permit("read", "user")
def users() -> People:
    """All users, by e-mail address."""
    return People(
        items=[
            Person(email=user.email, name=user.name, role=user.role)
            for user in queries.users(g.session)
        ]
    )
