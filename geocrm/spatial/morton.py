"""Places as one sortable number: the Morton code of their cell in the web-mercator tile pyramid.

The code interleaves the cell's x (even bits) and y (odd bits, y grows southwards as in tile
addresses) at zoom 24, so every tile z/x/y is one contiguous range of codes and a coarser cell is a
bit shift: `code >> 2 * (ZOOM - z)`. Source: G. M. Morton (1966), A computer oriented geodetic data
base and a new technique in file sequencing, IBM.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

ZOOM = 24
# Web mercator maps this latitude to the edge of its square world: atan(sinh(pi)), EPSG:3857.
MAX_LATITUDE = 85.051128779806604
# Masks of the usual bit-spreading steps: 16, 8, 4, 2 and 1 bits apart.
_SPREAD = (
    (16, np.uint64(0x0000FFFF0000FFFF)),
    (8, np.uint64(0x00FF00FF00FF00FF)),
    (4, np.uint64(0x0F0F0F0F0F0F0F0F)),
    (2, np.uint64(0x3333333333333333)),
    (1, np.uint64(0x5555555555555555)),
)


def encode(lon: ArrayLike, lat: ArrayLike) -> NDArray[np.int64]:
    """Morton codes at zoom 24 of places.

    Parameters
    ----------
    lon, lat
        The same shape, degrees WGS84; latitudes beyond the web-mercator square are clamped to it,
        longitude 180 falls into the last column.

    Returns
    -------
    NDArray[np.int64]
        The same shape, in [0, 4**24).

    Raises
    ------
    ValueError
        When a coordinate is not a number or outside [-180, 180] x [-90, 90].
    """
    return interleave(*lattice(lon, lat))


def lattice(lon: ArrayLike, lat: ArrayLike, zoom: int = ZOOM) -> tuple[NDArray[np.int64], ...]:
    """Column x and row y of each place in the tile lattice of a zoom, as int64 in [0, 2**zoom).

    Raises
    ------
    ValueError
        When a coordinate is not a number or outside [-180, 180] x [-90, 90].
    """
    east, north = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    if not (np.all(np.abs(east) <= 180) and np.all(np.abs(north) <= 90)):
        raise ValueError("Every position must lie within longitude +-180 and latitude +-90")
    _check_zoom(zoom)
    sine = np.sin(np.radians(np.clip(north, -MAX_LATITUDE, MAX_LATITUDE)))
    across = east / 360.0 + 0.5
    down = 0.5 - np.arctanh(sine) / (2 * np.pi)
    size = 1 << zoom
    x, y = (np.clip(np.floor(each * size), 0, size - 1).astype(np.int64) for each in (across, down))
    return x, y


def interleave(x: ArrayLike, y: ArrayLike) -> NDArray[np.int64]:
    """Codes of lattice cells: bits of x in the even places, bits of y in the odd ones.

    Parameters
    ----------
    x, y
        The same shape, whole numbers in [0, 2**31).
    """
    code = _spread(np.asarray(x)) | (_spread(np.asarray(y)) << np.uint64(1))
    return np.asarray(code, dtype=np.uint64).astype(np.int64)


def deinterleave(code: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Column and row of each code; the inverse of `interleave`."""
    bits = np.asarray(code).astype(np.uint64)
    return _gather(bits), _gather(bits >> np.uint64(1))


def decode(code: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Longitude and latitude of the middle of each zoom-24 cell, degrees WGS84.

    A place and the middle of its cell are at most 1.7 m apart (half the diagonal at the equator).
    """
    x, y = deinterleave(code)
    size = float(1 << ZOOM)
    lon = ((x + 0.5) / size - 0.5).astype(np.float64) * 360.0
    lat: NDArray[np.float64] = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * (y + 0.5) / size))))
    return lon, lat


def tile_range(z: int, x: int, y: int) -> tuple[int, int]:
    """The codes inside tile z/x/y as a half-open range: lo <= code < hi.

    Raises
    ------
    ValueError
        When there is no such tile, or z is not in [0, 24].
    """
    _check_zoom(z)
    if not (0 <= x < 1 << z and 0 <= y < 1 << z):
        raise ValueError(f"There is no tile {z}/{x}/{y}")
    shift = 2 * (ZOOM - z)
    cell = int(interleave(x, y))
    return cell << shift, (cell + 1) << shift


def _check_zoom(zoom: int) -> None:
    if not 0 <= zoom <= ZOOM:
        raise ValueError(f"A zoom must be between 0 and {ZOOM}, not {zoom}")


def _spread(values: NDArray[np.generic]) -> NDArray[np.uint64]:
    bits = values.astype(np.uint64)
    for step, mask in _SPREAD:
        bits = (bits | (bits << np.uint64(step))) & mask
    return bits


def _gather(bits: NDArray[np.uint64]) -> NDArray[np.int64]:
    bits = bits & _SPREAD[-1][1]
    for (step, _), (_, mask) in zip(
        _SPREAD[::-1], (*_SPREAD[-2::-1], (0, np.uint64(0xFFFFFFFF))), strict=True
    ):
        bits = (bits | (bits >> np.uint64(step))) & mask
    return bits.astype(np.int64)
