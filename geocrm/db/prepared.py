"""Statements that a connection has planned already, for the few that are asked again and again."""

import hashlib
import re
from collections.abc import Mapping
from contextlib import closing
from typing import Any, Final

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

_MAX_STATEMENTS: Final = 100  # of a connection; each takes some ten kilobytes of the server
_NAMED: Final = re.compile(r"(?<![:\w]):(\w+)")
_KNOWN: Final = "geocrm_prepared"


def prepared(session: Session, sql: str) -> TextClause:
    """The statement that runs `sql`, with the same named values, without planning it again.

    It is planned once for any values, so `sql` must be one for which one plan is good. It must be
    run in the session's transaction: another connection does not know it.
    """
    fairy = session.connection().connection
    known: set[str] = fairy.info.setdefault(_KNOWN, set())
    names = list(dict.fromkeys(_NAMED.findall(sql)))
    name = "geocrm_" + hashlib.sha256(sql.encode()).hexdigest()[:24]
    if name not in known:
        with closing(fairy.cursor()) as cursor:
            if len(known) >= _MAX_STATEMENTS:
                cursor.execute("DEALLOCATE ALL")
                known.clear()
            body = _NAMED.sub(lambda match: f"${names.index(match[1]) + 1}", sql)
            cursor.execute(f"PREPARE {name} AS {body}")
        known.add(name)
    values = ", ".join(f":{each}" for each in names)
    return text(
        "SET LOCAL plan_cache_mode = force_generic_plan;"
        f" EXECUTE {name}{f'({values})' if names else ''}"
    )


def values_of(sql: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the values that the statement names."""
    return {name: params[name] for name in _NAMED.findall(sql)}
