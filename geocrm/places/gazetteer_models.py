"""Tables of the gazetteer: places, their names, the forms that mend a typo, and what was loaded."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from geocrm.db import Base


class GazetteerPlace(Base):
    """A named place with its point, its error radius and the places it lies in."""

    __tablename__ = "gazetteer_places"

    id: Mapped[int] = mapped_column(primary_key=True)
    # idn-adm4:32.73.01.1001, idn-adm2:32.73 (as in boundaries), idn-post:40111, geonames:1625822
    code: Mapped[str] = mapped_column(unique=True)
    # village, postcode, district, city, regency, region or country
    kind: Mapped[str]
    country: Mapped[str]
    name: Mapped[str]
    label: Mapped[str]
    postcode_id: Mapped[int | None]
    district_id: Mapped[int | None]
    regency_id: Mapped[int | None]
    region_id: Mapped[int | None]
    population: Mapped[int]
    lon: Mapped[float]
    lat: Mapped[float]
    # About 95 % of the addresses in the place lie within this distance of the point.
    radius_m: Mapped[int]


class GazetteerName(Base):
    """A name of a place in comparable form (`gazetteer_names.name_key`)."""

    __tablename__ = "gazetteer_names"

    key: Mapped[str] = mapped_column(primary_key=True)
    country: Mapped[str] = mapped_column(primary_key=True)
    place_id: Mapped[int] = mapped_column(ForeignKey("gazetteer_places.id"), primary_key=True)
    # How likely a person who types the name means this place; orders suggestions.
    weight: Mapped[float]


class GazetteerSpelling(Base):
    """A name with one letter left out, beside the name."""

    __tablename__ = "gazetteer_spellings"

    form: Mapped[str] = mapped_column(primary_key=True)
    country: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)


class GazetteerLoad(Base):
    """Checksum of the files last loaded, so that unchanged ones are not loaded again."""

    __tablename__ = "gazetteer_loads"

    source: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str]
    num_places: Mapped[int]
    loaded_at: Mapped[datetime]
