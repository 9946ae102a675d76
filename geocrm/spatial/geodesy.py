"""Distances on the globe, on a sphere: within 0.6 % of the ellipsoid everywhere."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

EARTH_RADIUS_M = 6_371_008.8  # IUGG mean radius
METRES_PER_DEGREE = EARTH_RADIUS_M * np.pi / 180.0  # along a meridian of that sphere


def great_circle_m(
    lon_a: ArrayLike, lat_a: ArrayLike, lon_b: ArrayLike, lat_b: ArrayLike
) -> NDArray[np.float64]:
    """Great-circle distance between places, pair by pair, in metres.

    Parameters
    ----------
    lon_a, lat_a, lon_b, lat_b
        Degrees WGS84, any shapes that broadcast together.

    Returns
    -------
    NDArray[np.float64]
        The broadcast shape, metres in [0, pi * EARTH_RADIUS_M].

    Notes
    -----
    Haversine form, which keeps its accuracy for places a few metres apart: R. W. Sinnott (1984),
    Virtues of the haversine, Sky and Telescope 68(2), 159.
    """
    lon1, lat1, lon2, lat2 = (
        np.radians(np.asarray(each, dtype=np.float64)) for each in (lon_a, lat_a, lon_b, lat_b)
    )
    half = (
        np.sin((lat2 - lat1) / 2) ** 2
        + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    )
    distance: NDArray[np.float64] = 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.clip(half, 0, 1)))
    return distance


def distance_matrix_m(lon: ArrayLike, lat: ArrayLike) -> NDArray[np.float64]:
    """Great-circle distance from every place to every other, shape (n, n), in metres.

    Parameters
    ----------
    lon, lat
        Shape (n,), degrees WGS84.
    """
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    return great_circle_m(x[:, None], y[:, None], x[None, :], y[None, :])


def unit_vectors(lon: ArrayLike, lat: ArrayLike) -> NDArray[np.float64]:
    """Places as points on the unit sphere, shape (n, 3); no seam anywhere."""
    x = np.radians(np.asarray(lon, dtype=np.float64))
    y = np.radians(np.asarray(lat, dtype=np.float64))
    return np.stack([np.cos(y) * np.cos(x), np.cos(y) * np.sin(x), np.sin(y)], axis=-1)
