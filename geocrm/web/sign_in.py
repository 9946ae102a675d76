"""Sign-in through Flask-Security, on our people, our throttle and our page."""

from typing import Any

from flask import Flask, g, request
from flask_babel import gettext as _
from flask_security import LoginForm, RoleMixin, Security, UserDatastore, UserMixin
from flask_wtf.csrf import CSRFProtect

from geocrm import wiring
from geocrm.config import Settings
from geocrm.errors import NotFound, NotSignedIn, TooManyAttempts
from geocrm.security import Actor, service
from geocrm.web import request_work
from geocrm.web.access import public

csrf = CSRFProtect()


class SignedIn(UserMixin):
    """One of our people, as Flask-Security wants to see them."""

    fs_uniquifier = ""
    email = ""

    def __init__(self, actor: Actor, fs_uniquifier: str) -> None:
        self.actor = actor
        self.id = actor.user_id or 0
        self.email = actor.email
        self.active = True
        self.fs_uniquifier = fs_uniquifier
        self.roles: list[RoleMixin] = []


class People(UserDatastore):
    """Finds people; never writes, since changes go through `geocrm.security.service`."""

    def __init__(self) -> None:
        super().__init__(SignedIn, RoleMixin)

    def find_user(self, case_insensitive: bool = False, **identity: Any) -> SignedIn | None:
        """The person with this `fs_uniquifier`, by which alone we let them be found, or None."""
        uniquifier = identity["fs_uniquifier"]
        actor = wiring.actor_signed_in(g.session, uniquifier)
        return SignedIn(actor, uniquifier) if actor is not None else None

    def commit(self) -> None:
        """Nothing: the request's unit of work commits."""

    def put(self, model: Any) -> Any:
        """Nothing: Flask-Security has nothing of ours to write."""
        return model


class ThrottledLoginForm(LoginForm):
    """The sign-in form, checked by `geocrm.security.service.sign_in`."""

    def validate(self, **_kwargs: Any) -> bool:
        """Whether e-mail address and password belong to somebody, within the limit of attempts."""
        # Its own transaction: a failure must count although the answer is a refusal.
        with request_work.sessions()() as session:
            try:
                row = service.sign_in(
                    session,
                    str(self.email.data or ""),
                    str(self.password.data or ""),
                    request.remote_addr or "",
                )
            except NotSignedIn:
                self.form_errors = [_("The e-mail address or the password is wrong.")]
                return False
            except TooManyAttempts:
                self.form_errors = [_("Too many failed sign-ins. Wait 15 minutes and try again.")]
                g.throttled = True
                return False
            finally:
                session.commit()
        self.user = SignedIn(wiring.actor_for(g.session, row), row.fs_uniquifier)
        return True


@public
def _absent(**_: Any) -> Any:
    """Answer for the routes of Flask-Security that we do not use."""
    raise NotFound("There is no such page")


def register(app: Flask, settings: Settings) -> None:
    """Set up sign-in, sign-out and the protection of forms."""
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_SECURE=settings.cookie_secure,
        SECURITY_PASSWORD_SALT=settings.secret_key,
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106 - the name of a method
        SECURITY_USER_IDENTITY_ATTRIBUTES=[{"email": {"case_insensitive": True}}],
        SECURITY_RETURN_GENERIC_RESPONSES=False,
        SECURITY_LOGIN_USER_TEMPLATE="security/login_user.html",
        SECURITY_POST_LOGIN_VIEW="/",
        SECURITY_POST_LOGOUT_VIEW="/login",
        SECURITY_LOGOUT_METHODS=["POST"],
        SECURITY_REDIRECT_ALLOW_SUBDOMAINS=False,
        SECURITY_DEFAULT_REMEMBER_ME=False,
        SECURITY_TRACKABLE=False,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_CHECK_DEFAULT=False,
    )
    csrf.init_app(app)
    Security(app, People(), login_form=ThrottledLoginForm)
    # Our tokens are read by `request_work`; Flask-Security would look for some of its own.
    app.login_manager.request_loader(lambda _request: None)  # type: ignore[attr-defined]
    for unused in ("security.verify", "security.static"):
        app.view_functions[unused] = _absent

    @app.before_request
    def protect_forms() -> None:
        # A token in the header is proof of intent by itself: no browser adds it unasked.
        if request_work.bearer_token() is None:
            csrf.protect()

    @app.after_request
    def tell_throttled(response: Any) -> Any:
        if g.get("throttled"):
            response.status_code = 429
            response.headers["Retry-After"] = "900"
        return response
