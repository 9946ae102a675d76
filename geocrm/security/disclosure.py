"""What may be said about few people: figures for those who count everybody but see nobody.

A count below `MIN_COUNT` is not shown. Larger ones are shown in whole tens, rounded down, so that
taking one shown count from another (two filters, a cell and its four quarters) never gives the
exact number of a group too small to be shown. Amounts keep two digits and go with their count.
"""

import math
from typing import Final

MIN_COUNT: Final = 10
_STEP: Final = 10
_AMOUNT_DIGITS: Final = 2


def shown_count(count: int) -> int | None:
    """The count in whole tens, or None when it is too small to be shown."""
    return count - count % _STEP if count >= MIN_COUNT else None


def count_words(count: int) -> str:
    """The count as text: "<10", or about how many."""
    number = shown_count(count)
    return f"<{MIN_COUNT}" if number is None else str(number)


def shown_amount(amount: float, count: int) -> float | None:
    """An amount over `count` people with two digits, or None when they are too few."""
    if count < MIN_COUNT:
        return None
    if not amount:
        return 0.0
    digits = _AMOUNT_DIGITS - 1 - math.floor(math.log10(abs(amount)))
    return round(amount, digits)
