"""Writing very many orders at once, by COPY. For generators, not for people's edits.

The caller writes `account_scope.revenue` and `last_order` to match, or calls
`geocrm.sales.service.refresh`.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy.orm import Session

from geocrm.db import copy_rows

COLUMNS: Final = ("account_id", "external_id", "ordered_on", "amount", "currency")


def write_orders(session: Session, rows: Iterable[Sequence[Any]]) -> int:
    """COPY rows of (account, external id, day, amount, currency); how many there were."""
    return copy_rows(session, "orders", COLUMNS, rows)
