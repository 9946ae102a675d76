"""The kinds of providers, as data: how each is asked, read and paced, and what may be kept.

The comment at each names where its rule stands; where one names no source for the rate, the rate is
a cautious choice of ours. Terms change and differ by contract: an administrator may say that theirs
gives the right to store, and may set another rate. Where terms could not be read, nothing is kept.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from geocrm.errors import InvalidInput
from geocrm.geocoding.providers import geocoders, readers_keyed, readers_open, requests
from geocrm.geocoding.providers.questions import Question
from geocrm.geocoding.providers.reading import Raw, Reading
from geocrm.geocoding.providers.requests import Request

# Free data changes; a quarter of a year is how old a kept answer may get.
QUARTER = timedelta(days=90)
FOR_EVER: Final = None
NOTHING = timedelta(0)
OWN_SERVER_RATE = 10.0


class KeyUse(StrEnum):
    """Whether a service wants a key."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class Kind:
    """A service geocrm can ask.

    `geocoder` makes geopy's object from the key, whether storing is paid for, and its other
    arguments. `requests` gives the arguments of one call after the other: the next is made when one
    before it found nothing. `keep` says how long a point may be kept (None: for ever, zero: not at
    all), `cache` for how long the same address is answered from what was kept. `storable`: a
    contract may give the right to store for ever. `public_rate` is that of the service at its usual
    `domain`, `most` the rate nobody may raise there.
    """

    code: str
    title: str
    geocoder: Callable[..., Any]
    requests: Callable[[Question], list[Request]]
    reader: Callable[[Raw], Reading]
    domain: str
    public_rate: float
    licence: str
    attribution: str
    keep: timedelta | None = FOR_EVER
    cache: timedelta = QUARTER
    key: KeyUse = KeyUse.REQUIRED
    storable: bool = False
    most: float | None = None
    countries: frozenset[str] = frozenset()
    warning: str = ""

    def covers(self, country: str) -> bool:
        """Whether it knows addresses of the country."""
        return not self.countries or country in self.countries

    def is_public(self, domain: str) -> bool:
        """Whether it is the server that the rates were made for, whatever port or path is named."""
        return re.split("[:/]", domain)[0] == self.domain

    def default_rate(self, domain: str) -> float:
        """Requests a second when the administrator sets none."""
        return self.public_rate if self.is_public(domain) else OWN_SERVER_RATE

    def keeps(self, storage_right: bool) -> timedelta | None:
        """How long a point may be kept."""
        return FOR_EVER if self.storable and storage_right else self.keep

    def caches(self, storage_right: bool) -> timedelta:
        """How long the same address is answered from what was kept."""
        kept = self.keeps(storage_right)
        return self.cache if kept is None else min(self.cache, kept)


_OSM = "© OpenStreetMap contributors"

KINDS: Final[tuple[Kind, ...]] = (
    Kind(
        # OSMF Nominatim Usage Policy (2026): at most 1 request a second over all users of an
        # application, results to be cached, attribution, no bulk work. ODbL data may be stored.
        code="nominatim",
        title="Nominatim",
        geocoder=geocoders.nominatim,
        requests=requests.nominatim,
        reader=readers_open.nominatim,
        domain="nominatim.openstreetmap.org",
        key=KeyUse.NONE,
        public_rate=1.0,
        most=1.0,
        licence="ODbL 1.0",
        attribution=_OSM,
        warning="The public server is not for bulk work: use your own for more than some hundreds.",
    ),
    Kind(
        # photon.komoot.io (2026): free within fair use, heavy use is throttled. ODbL data.
        code="photon",
        title="Photon",
        geocoder=geocoders.photon,
        requests=requests.photon,
        reader=readers_open.photon,
        domain="photon.komoot.io",
        key=KeyUse.NONE,
        public_rate=1.0,
        most=1.0,
        licence="ODbL 1.0",
        attribution=_OSM,
        warning="The public server is not for bulk work: use your own for more than some hundreds.",
    ),
    Kind(
        # Self-hosted: the terms are those of the open data it was built from.
        code="pelias",
        title="Pelias",
        geocoder=geocoders.pelias,
        requests=requests.pelias,
        reader=readers_open.pelias,
        domain="",
        key=KeyUse.OPTIONAL,
        public_rate=OWN_SERVER_RATE,
        licence="ODbL 1.0 and others",
        attribution=f"{_OSM}, OpenAddresses, GeoNames, Who's On First",
    ),
    Kind(
        # Geocode Earth, "Rate Limits" (2026): limits go by plan, the example allows 10 a second.
        # What its terms say of storing was not read: nothing is kept unless the contract allows it.
        code="geocode-earth",
        title="Geocode Earth",
        geocoder=geocoders.geocode_earth,
        requests=requests.pelias,
        reader=readers_open.pelias,
        domain="api.geocode.earth",
        public_rate=10.0,
        keep=NOTHING,
        storable=True,
        licence="ODbL 1.0 and others",
        attribution=f"Geocode Earth, {_OSM}, OpenAddresses, GeoNames, Who's On First",
    ),
    Kind(
        # OpenCage, API documentation, "Caching" (2026): answers may be stored for as long as one
        # likes, the data being open; the free trial allows 1 request a second.
        code="opencage",
        title="OpenCage",
        geocoder=geocoders.opencage,
        requests=requests.opencage,
        reader=readers_open.opencage,
        domain="api.opencagedata.com",
        public_rate=1.0,
        licence="ODbL 1.0 and others",
        attribution=f"OpenCage, {_OSM}",
    ),
    Kind(
        # LocationIQ help, "Can I save addresses from API output?" (2026): stored for ever, but the
        # same request answered from a cache for 48 hours at most on the free plan; 1 a second.
        code="locationiq",
        title="LocationIQ",
        geocoder=geocoders.locationiq,
        requests=requests.locationiq,
        reader=readers_open.nominatim,
        domain="us1.locationiq.com",
        public_rate=1.0,
        cache=timedelta(hours=48),
        licence="ODbL 1.0",
        attribution=f"Search by LocationIQ.com, {_OSM}",
    ),
    Kind(
        # Base Adresse Nationale, Licence Ouverte 2.0 (Etalab, 2017); 50 requests a second.
        code="ban-france",
        title="Base Adresse Nationale",
        geocoder=geocoders.ban_france,
        requests=requests.limited_line,
        reader=readers_open.ban,
        domain="api-adresse.data.gouv.fr",
        key=KeyUse.NONE,
        public_rate=10.0,
        countries=frozenset({"FR"}),
        licence="Licence Ouverte 2.0",
        attribution="Base Adresse Nationale",
    ),
    Kind(
        # Google Maps Platform Service Specific Terms, "Geocoding API: Caching" (2023): latitude and
        # longitude for up to 30 consecutive calendar days, then deleted; not with a map that is not
        # Google's. Geocoding API usage limits (2026): 3,000 requests a minute.
        code="google",
        title="Google",
        geocoder=geocoders.google,
        requests=requests.google,
        reader=readers_keyed.google,
        domain="maps.googleapis.com",
        public_rate=50.0,
        keep=timedelta(days=30),
        cache=timedelta(days=30),
        licence="Google Maps Platform Terms of Service",
        attribution="Google Maps",
        warning="Google's terms do not allow its points on a map that is not Google's.",
    ),
    Kind(
        # HERE Platform Terms (2026): not readable in full, and others read 30 days in them, so
        # nothing is kept unless the contract gives the right. 5 requests a second on the base plan.
        code="here",
        title="HERE",
        geocoder=geocoders.here,
        requests=requests.here,
        reader=readers_keyed.here,
        domain="search.hereapi.com",
        public_rate=5.0,
        keep=NOTHING,
        storable=True,
        licence="HERE Platform Terms",
        attribution="© HERE",
    ),
    Kind(
        # Mapbox, "Understand temporary versus permanent geocoding" (2026): answers of the temporary
        # endpoint may not be stored, those of the permanent one may. 1,000 requests a minute.
        code="mapbox",
        title="Mapbox",
        geocoder=geocoders.mapbox,
        requests=requests.line_in_country,
        reader=readers_keyed.feature,
        domain="api.mapbox.com",
        public_rate=10.0,
        keep=NOTHING,
        storable=True,
        licence="Mapbox Terms of Service",
        attribution="© Mapbox, © OpenStreetMap",
        warning="Without the permanent endpoint, Mapbox does not allow its points on other maps.",
    ),
    Kind(
        # Microsoft Product Terms, "Azure Maps" (July 2024): results for at most 6 months; geocodes
        # for as long as the Azure account is active, which is the right to store here.
        code="azure",
        title="Azure Maps",
        geocoder=geocoders.azure,
        requests=requests.limited_line,
        reader=readers_keyed.tomtom,
        domain="atlas.microsoft.com",
        public_rate=10.0,
        keep=timedelta(days=180),
        storable=True,
        licence="Microsoft Product Terms",
        attribution="© Microsoft, © TomTom",
    ),
    Kind(
        # TomTom Developer Portal terms, 12.3 (2024): caching or storing of any results is
        # prohibited. Default 5 requests a second.
        code="tomtom",
        title="TomTom",
        geocoder=geocoders.tomtom,
        requests=requests.limited_line,
        reader=readers_keyed.tomtom,
        domain="api.tomtom.com",
        public_rate=5.0,
        keep=NOTHING,
        storable=True,
        licence="TomTom Developer Terms",
        attribution="© TomTom",
    ),
    Kind(
        # Esri, ArcGIS geocoding service, findAddressCandidates, forStorage (2026): without it an
        # answer may not be stored; with it the account pays for stored geocodes.
        code="arcgis",
        title="ArcGIS",
        geocoder=geocoders.arcgis,
        requests=requests.arcgis,
        reader=readers_keyed.arcgis,
        domain="geocode.arcgis.com",
        public_rate=10.0,
        keep=NOTHING,
        storable=True,
        licence="Esri Master Agreement",
        attribution="Powered by Esri",
    ),
    Kind(
        # MapTiler Cloud terms (2026): not readable in full, so nothing unless the plan says so.
        code="maptiler",
        title="MapTiler",
        geocoder=geocoders.maptiler,
        requests=requests.line,
        reader=readers_keyed.feature,
        domain="api.maptiler.com",
        public_rate=10.0,
        keep=NOTHING,
        storable=True,
        licence="MapTiler Cloud Terms",
        attribution="© MapTiler, © OpenStreetMap contributors",
    ),
    Kind(
        # Geocodio help, "About Geocodio": no restriction on using or storing what it answers. The
        # rate is ours, below what its documentation allowed when last known.
        code="geocodio",
        title="Geocodio",
        geocoder=geocoders.geocodio,
        requests=requests.geocodio,
        reader=readers_keyed.geocodio,
        domain="api.geocod.io",
        public_rate=10.0,
        countries=frozenset({"US", "CA", "MX"}),
        licence="Geocodio Terms of Use",
        attribution="Geocodio",
    ),
    Kind(
        # Bing Maps Platform APIs' Terms of Use (2018): no storing. Microsoft gives it up:
        # enterprise keys work until June 2028.
        code="bing",
        title="Bing Maps",
        geocoder=geocoders.bing,
        requests=requests.bing,
        reader=readers_keyed.bing,
        domain="dev.virtualearth.net",
        public_rate=5.0,
        keep=NOTHING,
        storable=True,
        licence="Bing Maps Platform APIs' Terms of Use",
        attribution="© Microsoft",
        warning="Microsoft ends Bing Maps in June 2028.",
    ),
)
_BY_CODE: Final = {kind.code: kind for kind in KINDS}


def kind_of(code: str) -> Kind:
    """The kind, or InvalidInput naming those there are."""
    found = _BY_CODE.get(code)
    if found is None:
        raise InvalidInput(f"There is no kind {code!r}; kinds are {', '.join(_BY_CODE)}")
    return found
