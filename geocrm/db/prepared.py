"""Statements in the words of the driver, and such as a connection has planned already."""

import hashlib
import re
from contextlib import closing
from functools import lru_cache
from typing import Final

from sqlalchemy import PoolProxiedConnection
from sqlalchemy.orm import Session

_MAX_STATEMENTS: Final = 100  # of a connection; each takes some ten kilobytes of the server
_NAMED: Final = re.compile(r"(?<![:\w]):(\w+)")
_KNOWN: Final = "geocrm_prepared"
MAX_KEPT: Final = 250  # statements in a process; a filter of many parts takes tens of kilobytes


@lru_cache(maxsize=MAX_KEPT)
def for_driver(sql: str) -> str:
    """The statement with its `:name`s as the driver has them; the same few come again and again."""
    return _NAMED.sub(r"%(\1)s", sql.replace("%", "%%"))


def prepared(session: Session, sql: str) -> str:
    """What the driver runs, with the same named values, so that `sql` is not planned again.

    It is planned once for any values, so `sql` must be one for which one plan is good. It must be
    run in the session's transaction: another connection does not know it. Behind a pooler of
    connections it is planned each time.
    """
    name, body, execute = _as_prepared(sql)
    fairy = session.connection().connection
    if _KNOWN not in fairy.info:
        fairy.info[_KNOWN] = set() if _is_one_server_process(fairy) else None
    known: set[str] | None = fairy.info[_KNOWN]
    if known is None:
        return for_driver(sql)
    if name not in known:
        with closing(fairy.cursor()) as cursor:
            if len(known) >= _MAX_STATEMENTS:
                cursor.execute("DEALLOCATE ALL")
                known.clear()
            cursor.execute(f"PREPARE {name} AS {body}")
        known.add(name)
    return execute


def _is_one_server_process(fairy: PoolProxiedConnection) -> bool:
    """Whether transactions always meet the process that answered at sign-on.

    Behind a pooler such as pgbouncer they do not: what one has planned another does not know.
    """
    with closing(fairy.cursor()) as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone() or (None,)
    return bool(pid == fairy.driver_connection.info.backend_pid)  # type: ignore[union-attr]


@lru_cache(maxsize=MAX_KEPT)
def _as_prepared(sql: str) -> tuple[str, str, str]:
    """The name of a prepared statement, its body, and what runs it."""
    names = list(dict.fromkeys(_NAMED.findall(sql)))
    name = "geocrm_" + hashlib.sha256(sql.encode()).hexdigest()[:24]
    body = _NAMED.sub(lambda match: f"${names.index(match[1]) + 1}", sql)
    values = ", ".join(f"%({each})s" for each in names)
    execute = f"EXECUTE {name}{f'({values})' if names else ''}"
    return name, body, f"SET LOCAL plan_cache_mode = force_generic_plan; {execute}"
