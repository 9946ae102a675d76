"""How far off an answer may be: chances and radius, from what held-out addresses showed.

Every way to find a point has a length its error goes with: the gap between two house numbers, the
reach of a street, the radius of a village. `confidence.json` holds, for each way, at which multiple
of that length (to a measured power) which share of held-out addresses was found; it is measured and
written by `benchmarks/geocoding_confidence.py`. Between the measured shares a curve runs straight
over the logarithm of the multiple. Nothing is promised beyond the last share: the rest was
elsewhere altogether.
"""

import json
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geocrm.geocoding.address import Chances

FILE: Final = Path(__file__).with_name("confidence.json")
WITHIN_M: Final = (50.0, 200.0, 1_000.0, 5_000.0)
RADIUS_SHARE: Final = 0.95
# No address is known better than a map is drawn.
LEAST_RADIUS_M: Final = 10.0
REFERENCE_M: Final = 100.0
_LEAST_MULTIPLE: Final = 1e-3


class Curve(NamedTuple):
    """Shares of addresses, rising, and within which multiple of the scaled length they were found.

    Errors do not always grow as the length does: they go with its power `exponent`.
    """

    multiples: NDArray[np.float64]
    shares: NDArray[np.float64]
    exponent: float

    def share_within(self, within_m: float, length_m: float) -> float:
        """The share found within the distance, for answers of this length."""
        multiple = within_m / scaled_m(length_m, self.exponent)
        if multiple < self.multiples[0]:
            # Below what was measured the share goes with the area.
            return float(self.shares[0] * (multiple / self.multiples[0]) ** 2)
        return float(np.interp(np.log(multiple), np.log(self.multiples), self.shares))

    def reach_m(self, share: float, length_m: float) -> float:
        """Within which distance the share was found; the last measured share at most."""
        multiple = np.exp(np.interp(share, self.shares, np.log(self.multiples)))
        return float(multiple * scaled_m(length_m, self.exponent))


def scaled_m(length_m: float, exponent: float) -> float:
    """The length that errors are measured by: 100 m stay 100 m, others follow the power."""
    return float(REFERENCE_M * (length_m / REFERENCE_M) ** exponent)


@cache
def curves() -> dict[str, Curve]:
    """The measured curves, by way."""
    known = json.loads(FILE.read_text(encoding="utf-8"))["curves"]
    return {way: curve(of["multiples"], of["shares"], of["exponent"]) for way, of in known.items()}


def curve(multiples: Sequence[float], shares: Sequence[float], exponent: float) -> Curve:
    """The curve through measured points; multiples may repeat, the shares rise."""
    rising = np.maximum.accumulate(np.maximum(np.array(multiples, float), _LEAST_MULTIPLE))
    # Equal ones are set apart by a hair, because a curve has one share at each multiple.
    apart = rising * (1 + 1e-9 * np.arange(len(rising)))
    return Curve(apart, np.array(shares, float), exponent)


@lru_cache(maxsize=10_000)
def chances(way: str, length_m: float) -> Chances:
    """How probable it is that an answer found this way is off by less than each distance."""
    of_way = curves()[way]
    return Chances(*(round(of_way.share_within(m, length_m), 3) for m in WITHIN_M))


def radius_m(way: str, length_m: float) -> int:
    """Within which distance about 95 % of the addresses found this way lie."""
    return round(max(curves()[way].reach_m(RADIUS_SHARE, length_m), LEAST_RADIUS_M))
