"""Settings: one frozen dataclass, read from the environment and checked once at start."""

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from geocrm.errors import InvalidInput

ROOT = Path(__file__).resolve().parents[1]
LOCALES = ("en", "id")
MIN_SECRET_LENGTH = 32  # characters; 16 random bytes in hexadecimal
_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off"})


@dataclass(frozen=True, slots=True)
class Settings:
    """What an installation may choose; docs/install.md lists the variable of each."""

    root: Path
    var: Path
    secret_key: str = field(repr=False)
    # None: the private cluster below `var`.
    database_url: str | None = field(default=None, repr=False)
    host: str = "127.0.0.1"
    port: int = 8000
    # None: a free port is chosen and remembered.
    db_port: int | None = None
    default_locale: str = "en"
    default_country: str = "ID"
    default_currency: str = "IDR"
    default_timezone: str = "Asia/Jakarta"
    web_workers: int = 2
    web_threads: int = 4
    worker_concurrency: int = 2
    max_upload_mb: int = 200
    # True when the pages are served over https.
    cookie_secure: bool = False
    log_level: str = "info"

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the GEOCRM_* variables; InvalidInput says which one cannot be used and why."""
        read = _Reader(os.environ if environ is None else environ)
        var = read.path("GEOCRM_VAR", ROOT / "var")
        return cls(
            root=ROOT,
            var=var,
            secret_key=read.secret("GEOCRM_SECRET_KEY", var / "secret"),
            database_url=read.database_url("GEOCRM_DATABASE_URL"),
            host=read.pattern("GEOCRM_HOST", "127.0.0.1", r"[0-9A-Za-z.:_-]+", "a host name"),
            port=read.integer("GEOCRM_PORT", 8000, 1, 65535),
            db_port=read.optional_integer("GEOCRM_DB_PORT", 1024, 65535),
            default_locale=read.choice("GEOCRM_LOCALE", "en", LOCALES),
            default_country=read.pattern(
                "GEOCRM_COUNTRY", "ID", r"[A-Z]{2}", "a two-letter country code such as ID"
            ),
            default_currency=read.pattern(
                "GEOCRM_CURRENCY", "IDR", r"[A-Z]{3}", "a three-letter currency code such as IDR"
            ),
            default_timezone=read.timezone("GEOCRM_TIMEZONE", "Asia/Jakarta"),
            web_workers=read.integer("GEOCRM_WEB_WORKERS", 2, 1, 64),
            web_threads=read.integer("GEOCRM_WEB_THREADS", 4, 1, 64),
            worker_concurrency=read.integer("GEOCRM_WORKER_CONCURRENCY", 2, 1, 32),
            max_upload_mb=read.integer("GEOCRM_MAX_UPLOAD_MB", 200, 1, 10_000),
            cookie_secure=read.boolean("GEOCRM_COOKIE_SECURE", default=False),
            log_level=read.choice(
                "GEOCRM_LOG_LEVEL", "info", ("debug", "info", "warning", "error")
            ),
        )

    @property
    def base_url(self) -> str:
        """The address to open in a browser on this machine."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


VARIABLES = (
    "GEOCRM_VAR",
    "GEOCRM_SECRET_KEY",
    "GEOCRM_DATABASE_URL",
    "GEOCRM_HOST",
    "GEOCRM_PORT",
    "GEOCRM_DB_PORT",
    "GEOCRM_LOCALE",
    "GEOCRM_COUNTRY",
    "GEOCRM_CURRENCY",
    "GEOCRM_TIMEZONE",
    "GEOCRM_WEB_WORKERS",
    "GEOCRM_WEB_THREADS",
    "GEOCRM_WORKER_CONCURRENCY",
    "GEOCRM_MAX_UPLOAD_MB",
    "GEOCRM_COOKIE_SECURE",
    "GEOCRM_LOG_LEVEL",
)


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """GEOCRM_* names that no setting reads: most likely misspelt."""
    return sorted(name for name in environ if name.startswith("GEOCRM_") and name not in VARIABLES)


class _Reader:
    """Typed reads of an environment; an empty value counts as not set."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str) -> str | None:
        return self._environ.get(name, "").strip() or None

    def path(self, name: str, default: Path) -> Path:
        value = self.text(name)
        return Path(value).expanduser().resolve() if value else default

    def optional_integer(self, name: str, least: int, most: int) -> int | None:
        value = self.text(name)
        if value is None:
            return None
        if not re.fullmatch(r"-?\d{1,9}", value) or not least <= int(value) <= most:
            raise InvalidInput(f"{name}={value!r} must be a whole number from {least} to {most}")
        return int(value)

    def integer(self, name: str, default: int, least: int, most: int) -> int:
        value = self.optional_integer(name, least, most)
        return default if value is None else value

    def boolean(self, name: str, *, default: bool) -> bool:
        value = self.text(name)
        if value is None:
            return default
        if value.lower() not in _YES | _NO:
            raise InvalidInput(f"{name}={value!r} must be yes or no")
        return value.lower() in _YES

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        value = self.text(name) or default
        if value not in allowed:
            raise InvalidInput(f"{name}={value!r} must be one of {', '.join(allowed)}")
        return value

    def pattern(self, name: str, default: str, allowed: str, meaning: str) -> str:
        value = self.text(name) or default
        if not re.fullmatch(allowed, value):
            raise InvalidInput(f"{name}={value!r} must be {meaning}")
        return value

    def timezone(self, name: str, default: str) -> str:
        value = self.text(name) or default
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise InvalidInput(
                f"{name}={value!r} is not a time zone such as Asia/Jakarta"
            ) from error
        return value

    def database_url(self, name: str) -> str | None:
        """A postgresql:// address in the spelling SQLAlchemy reads."""
        value = self.text(name)
        if value is None:
            return None
        scheme, _, rest = value.partition("://")
        if scheme not in ("postgres", "postgresql", "postgresql+psycopg2") or not rest:
            # The value is not repeated: it may hold a password.
            raise InvalidInput(f"{name} must look like postgresql://user:password@host:5432/name")
        url = f"postgresql+psycopg2://{rest}"
        if not urlsplit(url).path.strip("/"):
            raise InvalidInput(f"{name} lacks the name of a database after the host")
        return url

    def secret(self, name: str, file: Path) -> str:
        value = self.text(name)
        if value is None:
            return _kept_secret(file)
        if len(value) < MIN_SECRET_LENGTH:
            raise InvalidInput(
                f"{name} has {len(value)} characters, but sessions are only safe with"
                f" {MIN_SECRET_LENGTH} or more; leave it out and one is made, or make one with:"
                " openssl rand -hex 32"
            )
        return value


def _kept_secret(file: Path) -> str:
    """The key in the file, which is made the first time; every process gets the same one."""
    try:
        if not file.exists():
            _make_secret(file)
        value = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not plain text"
        raise InvalidInput(
            f"Cannot read or make the session key {file} ({reason}): run as the owner of"
            f" {file.parent}, or set GEOCRM_VAR to a folder of your own"
        ) from error
    if len(value) < MIN_SECRET_LENGTH:
        raise InvalidInput(
            f"The session key in {file} is too short: delete the file and a new one is made"
            " (everybody signs in again)"
        )
    return value


def _make_secret(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as handle:
        handle.write(secrets.token_hex(32) + "\n")
    try:
        # A link fails when another process was quicker, so nobody's key is replaced.
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
