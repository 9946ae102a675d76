"""Changes to people, their keys and their sign-ins."""

import hashlib
import re
import secrets
import uuid
from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import available_timezones

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.errors import Conflict, InvalidInput, NotFound, NotSignedIn, TooManyAttempts
from geocrm.security import audit, queries
from geocrm.security.actor import Actor
from geocrm.security.models import ApiToken, LoginAttempt, User
from geocrm.security.passwords import hash_password, password_matches
from geocrm.security.people_file import PersonRow
from geocrm.security.permissions import Role

THROTTLE_WINDOW = timedelta(minutes=15)
MAX_FAILURES_PER_ACCOUNT = 10
MAX_FAILURES_PER_ADDRESS = 50
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def add_user(
    session: Session,
    actor: Actor,
    *,
    email: str,
    role: str,
    name: str = "",
    password: str | None = None,
    manager_id: int | None = None,
    home: tuple[float, float] | None = None,
    locale: str = "en",
    demo: bool = False,
) -> User:
    """Add somebody; without a password they cannot sign in until one is set."""
    actor.require("create", "user")
    email = email.strip()
    if not _EMAIL.fullmatch(email):
        raise InvalidInput(f"{email!r} is not an e-mail address")
    if role not in list(Role):
        raise InvalidInput(f"There is no role {role!r}; roles are {', '.join(Role)}")
    if session.scalar(select(User.id).where(User.email == email)):
        raise Conflict(f"There is already a user {email}")
    user = User(
        email=email,
        name=name.strip() or email.split("@")[0],
        role=role,
        password=hash_password(password) if password else None,
        fs_uniquifier=uuid.uuid4().hex,
        manager_id=manager_id,
        home_lon=home[0] if home else None,
        home_lat=home[1] if home else None,
        locale=locale,
        demo=demo,
    )
    session.add(user)
    session.flush()  # the caller needs the id
    audit.record(session, actor, "create", f"user:{user.id}", role=role)
    return user


def add_people(session: Session, actor: Actor, people: Sequence[PersonRow]) -> list[User]:
    """Add everybody in the file; an error names the row, and the caller keeps all or none."""
    added = []
    for person in people:
        try:
            boss = queries.user_by_email(session, person.manager) if person.manager else None
            added.append(
                add_user(
                    session,
                    actor,
                    email=person.email,
                    role=person.role,
                    name=person.name,
                    home=person.home,
                    manager_id=boss.id if boss else None,
                )
            )
        except (InvalidInput, Conflict, NotFound) as error:
            raise InvalidInput(f"Row {person.row}: {error}") from error
    return added


def new_password() -> str:
    """A password to be told once: 16 letters and digits in groups that are easy to read out."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"  # without those that look alike
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))


def set_password(session: Session, actor: Actor, user: User, password: str) -> None:
    """Give the user a new password and end all their sessions."""
    user.password = hash_password(password)
    user.fs_uniquifier = uuid.uuid4().hex
    audit.record(session, actor, "password", f"user:{user.id}")


def change_own_password(session: Session, actor: Actor, old: str, new: str) -> User:
    """Change the actor's password; the old one proves that it is them. Ends all sessions."""
    user = _self(session, actor)
    if not password_matches(old, user.password):
        raise InvalidInput("The present password is not right")
    set_password(session, actor, user, new)
    return user


def update_profile(
    session: Session, actor: Actor, *, name: str, timezone: str, home: tuple[float, float] | None
) -> User:
    """Change what somebody may change of themselves; `home` is (lon, lat), where a day starts."""
    user = _self(session, actor)
    if not name.strip():
        raise InvalidInput("A name must not be empty")
    if timezone not in available_timezones():
        raise InvalidInput(f"{timezone!r} is not a time zone such as Asia/Jakarta")
    user.name, user.timezone = name.strip(), timezone
    user.home_lon, user.home_lat = home or (None, None)
    return user


def update_user(
    session: Session,
    actor: Actor,
    user_id: int,
    *,
    role: str,
    manager_id: int | None,
    active: bool,
) -> User:
    """Change somebody's role, whom they report to, and whether they may sign in."""
    actor.require("update", "user")
    user = queries.user(session, user_id)
    if role not in list(Role):
        raise InvalidInput(f"There is no role {role!r}; roles are {', '.join(Role)}")
    if user_id == actor.user_id and (role != user.role or not active):
        raise InvalidInput("You cannot take your own rights away; ask another administrator")
    if manager_id is not None and manager_id in queries.reports(session, user_id):
        raise InvalidInput("Nobody can report to themselves or to somebody below them")
    if manager_id is not None:
        queries.user(session, manager_id)
    user.role, user.manager_id, user.active = role, manager_id, active
    if not active:
        user.fs_uniquifier = uuid.uuid4().hex  # ends their sessions
    audit.record(session, actor, "update", f"user:{user.id}", role=role, active=active)
    return user


def delete_token(session: Session, actor: Actor, token_id: int) -> None:
    """Make one of the actor's own keys useless."""
    token = session.get(ApiToken, token_id)
    if token is None or token.user_id != actor.user_id:
        raise NotFound(f"No token {token_id}")
    session.delete(token)
    audit.record(session, actor, "delete", f"token:{actor.user_id}", name=token.name)


def _self(session: Session, actor: Actor) -> User:
    if actor.user_id is None:
        raise InvalidInput("The operator has no profile; use --as EMAIL")
    return queries.user(session, actor.user_id)


def sign_in(session: Session, email: str, password: str, address: str) -> User:
    """The user with this password, or NotSignedIn; failures count against account and address.

    Raises TooManyAttempts before the password is looked at once either has failed too often. The
    caller commits also after a failure, so that it counts.
    """
    email = email.strip()[:320].replace("\x00", "")
    _throttle(session, email, address)
    user = session.scalar(select(User).where(User.email == email, User.active))
    if not password_matches(password, user.password if user else None) or user is None:
        session.add(LoginAttempt(email=email, address=address, at=clock.now()))
        raise NotSignedIn("The e-mail address or the password is wrong")
    session.execute(delete(LoginAttempt).where(LoginAttempt.email == email))
    return user


def _throttle(session: Session, email: str, address: str) -> None:
    since = clock.now() - THROTTLE_WINDOW
    session.execute(delete(LoginAttempt).where(LoginAttempt.at < since))
    by_email, by_address = session.execute(
        select(
            func.count().filter(LoginAttempt.email == email),
            func.count().filter(LoginAttempt.address == address),
        ).where(or_(LoginAttempt.email == email, LoginAttempt.address == address))
    ).one()
    if by_email >= MAX_FAILURES_PER_ACCOUNT or by_address >= MAX_FAILURES_PER_ADDRESS:
        minutes = int(THROTTLE_WINDOW.total_seconds() // 60)
        raise TooManyAttempts(f"Too many failed sign-ins; wait {minutes} minutes and try again")


def create_token(session: Session, actor: Actor, user: User, name: str = "") -> str:
    """A new API token of the user; it is shown once and only its hash is kept."""
    actor.require("create", "token")
    if actor.user_id is not None and actor.user_id != user.id:
        actor.require("update", "user")
    token = f"geocrm_{secrets.token_urlsafe(32)}"
    session.add(ApiToken(user_id=user.id, name=name or "token", token_hash=token_hash(token)))
    audit.record(session, actor, "create", f"token:{user.id}", name=name)
    return token


def note_use(session: Session, token: str) -> None:
    """Remember that the token was used just now."""
    session.execute(
        update(ApiToken)
        .where(ApiToken.token_hash == token_hash(token))
        .values(last_used_at=clock.now())
    )


def set_language(session: Session, user_id: int, locale: str) -> None:
    """Remember the language somebody reads."""
    queries.user(session, user_id).locale = locale


def token_hash(token: str) -> bytes:
    """What is kept of a token; it is random and of 256 bits, so it needs no slow hash."""
    return hashlib.sha256(token.encode()).digest()
