"""Where a page of a list ended: the value it is sorted by and the id, as one opaque text."""

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from geocrm.errors import InvalidInput

_MAX_LENGTH = 1_000


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of a page: `value` is what it is sorted by, as PostgreSQL writes it."""

    sort: str
    descending: bool
    value: str
    id: int

    def __str__(self) -> str:
        """The text that `read_cursor` reads."""
        parts = [self.sort, int(self.descending), self.value, self.id]
        return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")

    def require(self, sort: str, descending: bool, check: Callable[[str], Any]) -> None:
        """Refuse the cursor of a list that was sorted otherwise, or whose value `check` refuses."""
        if (self.sort, self.descending) != (sort, descending):
            raise InvalidInput(
                "The cursor belongs to a list sorted by {sort}; leave it out to start anew",
                sort=self.sort,
            )
        try:
            check(self.value)
        except ValueError as error:
            raise InvalidInput("The cursor is not one of this list; leave it out") from error


def read_cursor(text: str | None) -> Cursor | None:
    """The cursor of a text; None when there is none, InvalidInput when it is not one of ours."""
    if not text:
        return None
    try:
        if len(text) > _MAX_LENGTH:
            raise ValueError("too long")
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        sort, descending, value, key = json.loads(raw)
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise InvalidInput("The cursor is not one of this list; leave it out") from error
    types_good = isinstance(sort, str) and isinstance(value, str) and type(key) is int
    if not types_good or not 0 <= key < 2**63 or not _is_plain(value):
        raise InvalidInput("The cursor is not one of this list; leave it out")
    return Cursor(sort, bool(descending), value, key)


def _is_plain(value: str) -> bool:
    return "\x00" not in value and not any(0xD800 <= ord(letter) <= 0xDFFF for letter in value)
