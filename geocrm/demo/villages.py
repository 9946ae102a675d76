"""The places demo customers live in: villages of the gazetteer and the ground of their regency."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.errors import ServiceUnavailable


@dataclass(frozen=True, slots=True)
class Villages:
    """Villages, shape (n,), and the regencies they lie in, shape (r,).

    `weight` is the chance that a customer lives in the village; `regency` is an index into
    `codes`, `population` and `ground`.
    """

    name: NDArray[np.object_]
    district: NDArray[np.object_]
    city: NDArray[np.object_]
    region: NDArray[np.object_]
    postcode: NDArray[np.object_]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    radius_m: NDArray[np.float64]
    regency: NDArray[np.intp]
    weight: NDArray[np.float64]
    codes: list[str]
    population: NDArray[np.float64]
    ground: NDArray[np.object_]


def read(session: Session, rng: np.random.Generator) -> Villages:
    """All villages that lie in the polygon of their own regency.

    A village weighs its regency's population, shared among its villages by a lognormal draw:
    villages of one regency differ in size, but nobody publishes by how much.
    """
    regencies = session.execute(
        text(
            "SELECT code, population, ST_AsBinary(geom) FROM boundaries"
            " WHERE layer = 'idn-adm2' ORDER BY code"
        )
    ).all()
    rows = session.execute(_VILLAGES).all()
    if not regencies or not rows:
        raise ServiceUnavailable(
            "The boundaries or the gazetteer are not loaded; run: geocrm boundaries load and"
            " geocrm gazetteer load"
        )
    codes = [row[0] for row in regencies]
    index = {code: number for number, code in enumerate(codes)}
    rows = [row for row in rows if row.regency_code in index]
    ground = shapely.from_wkb([bytes(row[2]) for row in regencies])
    shapely.prepare(ground)
    regency = np.array([index[row.regency_code] for row in rows], dtype=np.intp)
    lon = np.array([row.lon for row in rows])
    lat = np.array([row.lat for row in rows])
    at_home = shapely.contains_xy(ground[regency], lon, lat)
    population = np.array([float(row[1] or 0) for row in regencies])
    share = rng.lognormal(0.0, 0.8, len(rows)) * at_home
    total = np.bincount(regency, weights=share, minlength=len(codes))
    weight = population[regency] * share / np.maximum(total[regency], 1e-12)
    columns = {
        name: np.array([getattr(row, name) for row in rows], dtype=object)
        for name in ("name", "district", "city", "region", "postcode")
    }
    return Villages(
        **columns,
        lon=lon,
        lat=lat,
        radius_m=np.array([float(row.radius_m) for row in rows]),
        regency=regency,
        weight=weight / weight.sum(),
        codes=codes,
        population=population,
        ground=ground,
    )


_VILLAGES = text(
    "SELECT v.name, d.name AS district, r.name AS city, p.name AS region,"
    " coalesce(z.name, '') AS postcode, v.lon, v.lat, v.radius_m, r.code AS regency_code"
    " FROM gazetteer_places v"
    " JOIN gazetteer_places d ON d.id = v.district_id"
    " JOIN gazetteer_places r ON r.id = v.regency_id"
    " JOIN gazetteer_places p ON p.id = v.region_id"
    " LEFT JOIN gazetteer_places z ON z.id = v.postcode_id"
    " WHERE v.kind = 'village' AND v.country = 'ID' ORDER BY v.code"
)
