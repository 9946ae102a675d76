"""One request, one unit of work: its session, its actor, and when it is kept."""

from typing import Any

from flask import Flask, Response, current_app, g, request
from flask_login import current_user
from sqlalchemy.orm import Session, sessionmaker

from geocrm import wiring
from geocrm.security import Actor


def sessions() -> sessionmaker[Session]:
    """The factory of database sessions the application was built around."""
    factory: sessionmaker[Session] = current_app.extensions["geocrm_sessions"]
    return factory


def open_work() -> Session:
    """The session of this request, opened by whoever needs it first."""
    if "session" not in g:
        g.session = sessions()()
    session: Session = g.session
    return session


def bearer_token() -> str | None:
    """The token of the Authorization header, on the routes that take one."""
    if not request.path.startswith(("/api/v1/", "/tiles/")):
        return None
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


def identify() -> Actor | None:
    """The actor of this request: by token, else by session; None when nobody is signed in."""
    if "actor" not in g:
        g.actor = _identify()
    actor: Actor | None = g.actor
    return actor


def _identify() -> Actor | None:
    token = bearer_token()
    if token is not None:
        return wiring.actor_of_token(g.session, token)
    if current_user.is_authenticated:
        actor: Actor = current_user.actor
        return actor
    return None


def register(app: Flask, factory: sessionmaker[Session]) -> None:
    """Open a session before each request and commit it after a good answer."""
    app.extensions["geocrm_sessions"] = factory

    @app.before_request
    def open_always() -> None:
        open_work()

    @app.after_request
    def keep_work(response: Response) -> Response:
        session = g.get("session")
        if session is not None:
            # A refused request leaves no trace, whatever its view did before it was refused.
            if response.status_code < 400:
                session.commit()
            else:
                session.rollback()
        return response

    @app.teardown_request
    def close_work(_error: BaseException | None) -> None:
        session: Any = g.pop("session", None)
        if session is not None:
            session.close()
