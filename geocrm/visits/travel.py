"""Travel times without a road network: estimates, and called so wherever they are shown."""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geocrm.spatial import geodesy

ESTIMATE: Final = "estimate"
# Roads are longer than the straight line, by 1.2 to 1.5 in most of the 26 countries of
# R. H. Ballou, H. Rahardja, N. Sakai (2002), Selected country circuity factors for road travel
# distance estimation, doi:10.1016/S0965-8564(01)00044-1. A value in the middle of them.
DETOUR_FACTOR: Final = 1.35
# Door to door in mixed town and country traffic; an assumption of ours, until roads are known.
SPEED_KMH: Final = 35.0
SPEED_M_S: Final = SPEED_KMH / 3.6


def distance_m(
    lon_a: ArrayLike, lat_a: ArrayLike, lon_b: ArrayLike, lat_b: ArrayLike
) -> NDArray[np.float64]:
    """Estimated way between places, pair by pair, in metres; any shapes that broadcast."""
    return geodesy.great_circle_m(lon_a, lat_a, lon_b, lat_b) * DETOUR_FACTOR


def matrices(lon: ArrayLike, lat: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Travel time in seconds and distance in metres between all places, shape (n, n) each."""
    metres = geodesy.distance_matrix_m(lon, lat) * DETOUR_FACTOR
    return metres / SPEED_M_S, metres
