"""Who may use a route. Every route says so; one that does not is refused."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from flask import Flask, g, request

from geocrm.errors import Forbidden, NotSignedIn
from geocrm.web import request_work

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Access:
    """What a route asks of its visitor: nothing, being signed in, or a right of the matrix."""

    signed_in: bool
    action: str | None = None
    target: str | None = None

    def __str__(self) -> str:
        """The words shown in the docs."""
        if self.action:
            return f"{self.action} {self.target}"
        return "signed in" if self.signed_in else "everybody"


# Routes of extensions, which cannot carry a decorator.
_EXTENSIONS: Final[dict[str, Access]] = {
    "static": Access(signed_in=False),
    "openapi.spec": Access(signed_in=False),
    "security.login": Access(signed_in=False),
    "security.logout": Access(signed_in=False),
}


def public(view: View) -> View:
    """Let everybody use the route."""
    view.access = Access(signed_in=False)  # type: ignore[attr-defined]
    return view


def signed_in(view: View) -> View:
    """Let everybody who is signed in use the route."""
    view.access = Access(signed_in=True)  # type: ignore[attr-defined]
    return view


def permit(action: str, target: str) -> Callable[[View], View]:
    """Let those use the route whom the matrix grants the action on the target."""

    def mark(view: View) -> View:
        view.access = Access(True, action, target)  # type: ignore[attr-defined]
        return view

    return mark


def of(app: Flask, endpoint: str) -> Access | None:
    """What the endpoint asks of its visitor, or None when it does not say."""
    if endpoint in _EXTENSIONS:
        return _EXTENSIONS[endpoint]
    return getattr(app.view_functions[endpoint], "access", None)


def guard(app: Flask) -> None:
    """Check every request before its view runs."""

    @app.before_request
    def check() -> None:
        if request.endpoint is None:
            return  # no such route: Flask answers 404
        access = of(app, request.endpoint)
        if access is None:
            raise Forbidden(f"The route {request.endpoint} does not say who may use it")
        if not access.signed_in:
            return
        actor = request_work.identify()
        if actor is None:
            raise NotSignedIn("Sign in first")
        if access.action and access.target:
            actor.require(access.action, access.target)
        g.session.info["scope"] = actor
