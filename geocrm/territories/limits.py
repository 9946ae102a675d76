"""Limits by measure: a number alone is of what is balanced, a=0.05,b=0.20 names measures.

What is balanced (a measure, or a mixture of several) has a tolerance always. Another measure that
is named is held beside it: within a tolerance of its own mean, between limits in its own scale.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from geocrm.errors import InvalidInput
from geocrm.territories.balance import MIXTURE
from geocrm.territories.wishes import Wishes

Given = float | Mapping[str, float] | None


@dataclass(frozen=True, slots=True)
class Limits:
    """What was given: for what is balanced alone, or by measure."""

    tolerance: Given = None
    minimum: Given = None
    maximum: Given = None

    @property
    def first(self) -> str:
        """The measure that is named first with a tolerance; empty without."""
        return next(iter(self.tolerance), "") if isinstance(self.tolerance, Mapping) else ""

    def renamed(self, name: Callable[[str], str]) -> "Limits":
        """With each measure called as `name` says."""

        def each(given: Given) -> Given:
            if not isinstance(given, Mapping):
                return given
            return {one if one == MIXTURE else name(one): of for one, of in given.items()}

        return Limits(each(self.tolerance), each(self.minimum), each(self.maximum))


def wished(wishes: Wishes, measure: str, limits: Limits, default: float) -> tuple[Wishes, float]:
    """The wishes with these limits, and the tolerance of what is balanced.

    A mixture whose tolerance is not given has the `default`; where each of its parts has one, what
    those add up to: then it is never what is in the way.
    """
    parts = {name: share for name, share in wishes.weights.items() if share > 0}
    load = _balanced(measure, parts)
    tolerance, tolerances = _parted(limits.tolerance, load)
    minimum, minimums = _parted(limits.minimum, load)
    maximum, maximums = _parted(limits.maximum, load)
    if tolerance is None and load == MIXTURE and set(parts) <= set(tolerances):
        whole = sum(parts.values())
        tolerance = min(1.0, sum(tolerances[name] * part / whole for name, part in parts.items()))
    return replace(
        wishes,
        minimum=minimum,
        maximum=maximum,
        tolerances=tolerances,
        minimums=minimums,
        maximums=maximums,
    ), (default if tolerance is None else tolerance)


def _balanced(measure: str, parts: Mapping[str, float]) -> str:
    """What limits call the load: a mixture by that word, else the measure."""
    if len(parts) > 1:
        return MIXTURE
    return next(iter(parts), measure)


def _parted(given: Given, load: str) -> tuple[float | None, dict[str, float]]:
    """What is said of the load, and what of others."""
    if not isinstance(given, Mapping):
        return given, {}
    return given.get(load), {name: value for name, value in given.items() if name != load}


def limits_in(text: str | None, option: str) -> Given:
    """What stands behind an option: 0.05, or a=0.05,b=0.20."""
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        pass
    found: dict[str, float] = {}
    for part in (each.strip() for each in text.split(",") if each.strip()):
        name, _, value = part.rpartition("=")
        if not name.strip() or name.strip() in found:
            raise _unreadable(option, part, text)
        try:
            found[name.strip()] = float(value)
        except ValueError as error:
            raise _unreadable(option, part, text) from error
    if not found:
        raise _unreadable(option, text, text)
    return found


def _unreadable(option: str, part: str, text: str) -> InvalidInput:
    if part.count("=") and text.count(f"{part.rpartition('=')[0].strip()}=") > 1:
        return InvalidInput(
            "{option} names {measure} twice: keep one of the two",
            option=option,
            measure=part.rpartition("=")[0].strip(),
        )
    return InvalidInput(
        "{option} takes a number, or one for each measure, such as a=5,b=20 (decimals with a"
        " point); {part!r} is no such part",
        option=option,
        part=part,
    )
