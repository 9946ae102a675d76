"""Filters of those who count customers but may not see them, made too blunt to single one out.

Counts are shown in whole tens, but a threshold that can be moved freely finds the exact amount at
which a count passes a ten, and so somebody's revenue. Amounts are therefore taken with two digits,
as they are shown.
"""

import math
from collections.abc import Mapping
from typing import Any, Final

from geocrm.errors import InvalidInput
from geocrm.maps.filter_values import MAX_AMOUNT

AMOUNTS: Final = frozenset({"revenue", "annual_revenue"})
_DIGITS: Final = 2


def coarsened(tree: Any) -> Any:
    """The filter tree with every amount rounded to two significant digits."""
    try:
        return _coarse(tree)
    except RecursionError as error:
        raise InvalidInput("The filter is nested too deeply; simplify it") from error


def _coarse(tree: Any) -> Any:
    if isinstance(tree, list | tuple):
        return [_coarse(part) for part in tree]
    if not isinstance(tree, Mapping):
        return tree
    name = tree.get("field")
    if isinstance(name, str) and name in AMOUNTS:
        return {**tree, "value": _blunt(tree.get("value"))}
    return {
        key: _coarse(part) if key in ("and", "or", "not") else part for key, part in tree.items()
    }


def _blunt(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_blunt(each) for each in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    # What is no amount is left for the compiler to refuse, such as a number of 400 digits.
    if not value or not abs(value) <= MAX_AMOUNT:
        return value
    return round(value, _DIGITS - 1 - math.floor(math.log10(abs(value))))
