"""The version of what the map shows: any change to it gives another number.

Triggers of migration 0008 raise it with every statement that changes a customer's place, owner,
territory, figures or name. Read it before what it stands for: then an answer may be newer than its
version, which costs one request more, but never older.
"""

from sqlalchemy.orm import Session

from geocrm.db import unscoped_sql


def map_version(session: Session) -> int:
    """The version as this transaction sees it; it never falls. One statement."""
    found = unscoped_sql(session, "SELECT sum(raises) FROM map_versions", {})
    return int(found.scalar_one() or 0)
