"""What new territories are called: numbers by falling load, names after their largest units."""

import re
from collections import Counter
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from geocrm.territories.ground import Ground


def by_size(district: NDArray[np.intp], load: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """The districts numbered by falling load, so that the same plan has the same numbers."""
    total = np.bincount(district, weights=load, minlength=count)
    first = np.full(count, len(district))
    np.minimum.at(first, district, np.arange(len(district)))
    rank = np.empty(count, dtype=np.intp)
    rank[np.lexsort((first, -total))] = np.arange(count)
    return rank[district]


def names_of(
    ground: Ground, district: NDArray[np.intp], load: NDArray[np.float64], count: int
) -> tuple[str, ...]:
    """Each territory is named after its largest unit; equal names get a number."""
    names = []
    for number in range(count):
        held = np.flatnonzero(district == number)
        names.append(ground.units[held[np.argmax(load[held])]].name if len(held) else "Empty")
    often, seen = Counter(names), Counter[str]()
    for at, name in enumerate(names):
        if often[name] > 1:
            seen[name] += 1
            names[at] = f"{name} {seen[name]}"
    return tuple(names)


def another_name(name: str, taken: Collection[str]) -> str:
    """`name` with the first number from 2 up, or after the one it ends in, that is not taken."""
    stem, number = name, 1
    if ended := re.fullmatch(r"(.+) (\d{1,4})", name):
        stem, number = ended[1], int(ended[2])
    while (found := f"{stem} {number + 1}") in taken:
        number += 1
    return found


def plain_number(load: float) -> int | float:
    """A whole number as one: people and accounts are counted."""
    return int(load) if float(load).is_integer() else round(float(load), 2)
