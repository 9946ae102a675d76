"""The version of what the map shows: any change to it gives another number.

Triggers of migration 0008 raise it with every statement that changes a customer's place, owner,
territory, figures or name. Read it before what it stands for: then an answer may be newer than its
version, which costs one request more, but never older.
"""

from typing import Final

from sqlalchemy.orm import Session

from geocrm.db import unscoped_sql

VERSION: Final = "SELECT coalesce(sum(raises), 0)::bigint FROM map_versions"


def map_version(session: Session) -> int:
    """The version as this transaction sees it; it never falls. One statement."""
    return int(unscoped_sql(session, VERSION, {}).scalar_one())
