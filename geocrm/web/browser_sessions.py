"""Sessions of browsers, held in PostgreSQL.

The cookie carries a random key and nothing else; the table holds the key's hash. So a session ends
when its row goes, on every machine at once, and a stolen table opens no session.
"""

import hashlib
import secrets
from datetime import timedelta
from typing import Any, cast

from flask import Flask, Request, Response, session
from flask.sessions import SecureCookieSession, SessionInterface, SessionMixin
from flask_login import user_logged_in, user_logged_out
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from geocrm import clock
from geocrm.security.models import WebSession
from geocrm.web import request_work

COOKIE = "geocrm_session"
LIFETIME = timedelta(hours=12)
_TOUCH_AFTER = timedelta(minutes=5)


class BrowserSession(SecureCookieSession):
    """What Flask calls `session`, with the key it is stored under."""

    def __init__(self, data: dict[str, Any] | None, key: str | None, stale: bool = False) -> None:
        super().__init__(data)
        self.key = key
        self.stale = stale
        self.retired: list[str] = []

    def rotate(self) -> None:
        """Continue under a new key, so that one planted before sign-in is worth nothing."""
        if self.key:
            self.retired.append(self.key)
        self.key = None
        self.modified = True


class PostgresSessions(SessionInterface):
    """Loads and saves `BrowserSession`s."""

    def open_session(self, app: Flask, request: Request) -> BrowserSession:
        """The session of the cookie, or a new empty one."""
        key = request.cookies.get(COOKIE)
        if not key or request.path.startswith("/static/"):
            return BrowserSession(None, None)
        row = (
            request_work.open_work()
            .execute(
                select(WebSession.data, WebSession.seen_at).where(
                    WebSession.key_hash == _hash(key), WebSession.expires_at > clock.now()
                )
            )
            .one_or_none()
        )
        if row is None:
            return BrowserSession(None, None)
        return BrowserSession(row.data, key, clock.now() - row.seen_at > _TOUCH_AFTER)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write the session when it changed; drop keys it no longer uses."""
        assert isinstance(session, BrowserSession)
        if session.retired:
            with request_work.sessions().begin() as db:
                hashes = [_hash(key) for key in session.retired]
                db.execute(delete(WebSession).where(WebSession.key_hash.in_(hashes)))
        if not session and session.modified:
            response.delete_cookie(COOKIE, path="/")
        elif session.modified or (session and session.stale):
            session.key = session.key or secrets.token_urlsafe(32)
            self._store(session.key, dict(session))
            response.set_cookie(
                COOKIE,
                session.key,
                max_age=int(LIFETIME.total_seconds()),
                httponly=True,
                samesite="Lax",
                secure=app.config["SESSION_COOKIE_SECURE"],
                path="/",
            )
            response.headers.add("Vary", "Cookie")

    def _store(self, key: str, data: dict[str, Any]) -> None:
        now = clock.now()
        values = {"data": data, "seen_at": now, "expires_at": now + LIFETIME}
        with request_work.sessions().begin() as db:
            db.execute(
                insert(WebSession)
                .values(key_hash=_hash(key), **values)
                .on_conflict_do_update(index_elements=["key_hash"], set_=values)
            )
            db.execute(delete(WebSession).where(WebSession.expires_at < now))


def register(app: Flask) -> None:
    """Keep the application's sessions in PostgreSQL and rotate them at sign-in and sign-out."""
    app.session_interface = PostgresSessions()

    def rotate(_app: Flask, **_: Any) -> None:
        cast(BrowserSession, session).rotate()

    def end(_app: Flask, **_: Any) -> None:
        session.clear()
        cast(BrowserSession, session).rotate()

    user_logged_in.connect(rotate, app, weak=False)
    user_logged_out.connect(end, app, weak=False)


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
