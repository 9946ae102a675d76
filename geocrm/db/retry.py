"""Doing a piece of work again when somebody else's, at the same moment, got in its way."""

import logging
from collections.abc import Callable
from typing import Final, TypeVar

from sqlalchemy.exc import DBAPIError

# Somebody else inserted the same key, or locked the same rows in another order, meanwhile.
PASSING: Final = frozenset(("23505", "40P01", "40001"))
_TRIES: Final = 5
Result = TypeVar("Result")
log = logging.getLogger(__name__)


def persistently(work: Callable[[], Result], what: str) -> Result:
    """The result of a unit of work, tried again while what stops it is passing.

    `what` names it in the log. The work opens its own transaction, since a failed one is of no use.
    """
    for attempt in range(1, _TRIES + 1):
        try:
            return work()
        except DBAPIError as error:
            code = getattr(error.orig, "pgcode", None)
            if code not in PASSING or attempt == _TRIES:
                raise
            log.info("%s: trying again (%s)", what, code)
    raise AssertionError("the last try returns or raises")
