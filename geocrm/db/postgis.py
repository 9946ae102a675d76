"""PostGIS expressions shared by the queries of every capability."""

from dataclasses import dataclass

from geoalchemy2 import WKBElement
from sqlalchemy import ColumnElement, func

from geocrm.errors import InvalidInput

WGS84 = 4326


@dataclass(frozen=True, slots=True)
class LonLat:
    """A place on the globe, in degrees WGS84; longitude first, as in PostGIS."""

    lon: float
    lat: float

    def __post_init__(self) -> None:
        """Refuse what is no position on the globe, NaN included."""
        if not (-180 <= self.lon <= 180 and -90 <= self.lat <= 90):
            raise InvalidInput(
                f"({self.lon}, {self.lat}) is not a lon/lat position: longitude is between"
                " -180 and 180, latitude between -90 and 90"
            )


def point(place: LonLat) -> ColumnElement[WKBElement]:
    """The place as a PostGIS point."""
    return func.ST_SetSRID(func.ST_MakePoint(place.lon, place.lat), WGS84)
