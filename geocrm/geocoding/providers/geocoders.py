"""Geopy's geocoders, made in one way, and mended where one says less than we must know."""

from typing import Any
from urllib.parse import urlencode

from geopy import geocoders as geopy
from geopy.exc import (
    GeocoderAuthenticationFailure,
    GeocoderInsufficientPrivileges,
    GeocoderQuotaExceeded,
    GeocoderRateLimited,
)
from geopy.geocoders.base import NONE_RESULT

# Error codes that ArcGIS sends with status 200 (REST API, Error codes).
_ESRI_NO_TOKEN, _ESRI_FORBIDDEN, _ESRI_BUSY = (498, 499), 403, 429


def nominatim(_key: str, _stored: bool, **common: Any) -> Any:
    """Nominatim, public or our own."""
    return geopy.Nominatim(**common)


def photon(_key: str, _stored: bool, **common: Any) -> Any:
    """Photon, public or our own."""
    return geopy.Photon(**common)


def pelias(key: str, _stored: bool, **common: Any) -> Any:
    """Our own Pelias."""
    return geopy.Pelias(api_key=key or None, **common)


def geocode_earth(key: str, _stored: bool, **common: Any) -> Any:
    """Pelias as a service."""
    return geopy.GeocodeEarth(key, **common)


def opencage(key: str, _stored: bool, **common: Any) -> Any:
    """OpenCage."""
    return geopy.OpenCage(key, **common)


def locationiq(key: str, _stored: bool, **common: Any) -> Any:
    """LocationIQ, for which geopy has no class: it speaks as Nominatim does."""
    return _LocationIQ(key, **common)


def ban_france(_key: str, _stored: bool, **common: Any) -> Any:
    """The French address base."""
    return geopy.BANFrance(**common)


def google(key: str, _stored: bool, **common: Any) -> Any:
    """Google."""
    return _Google(key, **common)


def here(key: str, _stored: bool, **common: Any) -> Any:
    """HERE Geocoding & Search v7."""
    return geopy.HereV7(key, **common)


def mapbox(key: str, stored: bool, **common: Any) -> Any:
    """Mapbox; the permanent endpoint when storing is paid for."""
    return (_PermanentMapBox if stored else geopy.MapBox)(key, **common)


def azure(key: str, _stored: bool, **common: Any) -> Any:
    """Azure Maps."""
    return geopy.AzureMaps(key, **common)


def tomtom(key: str, _stored: bool, **common: Any) -> Any:
    """TomTom."""
    return _TomTom(key, **common)


def arcgis(key: str, stored: bool, **common: Any) -> Any:
    """ArcGIS with an API key."""
    return _ArcGIS(key, stored, **common)


def maptiler(key: str, _stored: bool, **common: Any) -> Any:
    """MapTiler."""
    return geopy.MapTiler(key, **common)


def geocodio(key: str, _stored: bool, **common: Any) -> Any:
    """Geocodio."""
    return geopy.Geocodio(key, **common)


def bing(key: str, _stored: bool, **common: Any) -> Any:
    """Bing Maps."""
    return geopy.Bing(key, **common)


class _LocationIQ(geopy.Nominatim):  # type: ignore[misc]  # geopy ships no types
    geocode_path = "/v1/search"

    def __init__(self, key: str, **common: Any) -> None:
        super().__init__(**common)
        self._key = key

    def _construct_url(self, base_api: str, params: dict[str, Any]) -> str:
        return str(super()._construct_url(base_api, {**params, "key": self._key}))

    def _geocoder_exception_handler(self, error: Exception) -> object:
        # It says 404 for an address it does not know.
        return NONE_RESULT if getattr(error, "status_code", None) == 404 else None


class _Google(geopy.GoogleV3):  # type: ignore[misc]
    def _check_status(self, response: dict[str, Any]) -> None:
        # Geopy takes a refused key for a bad address, which would go on address by address.
        if response.get("status") == "REQUEST_DENIED":
            raise GeocoderAuthenticationFailure(
                response.get("error_message") or "the request was denied"
            )
        super()._check_status(response)


class _PermanentMapBox(geopy.MapBox):  # type: ignore[misc]
    api_path = "/geocoding/v5/mapbox.places-permanent/%(query)s.json/"


class _TomTom(geopy.TomTom):  # type: ignore[misc]
    def _geocoder_exception_handler(self, error: Exception) -> None:
        # The day's quota is told with the status of a refused key.
        if "Developer Over Rate" in str(getattr(error, "text", "")):
            raise GeocoderQuotaExceeded("Developer Over Rate") from error
        super()._geocoder_exception_handler(error)


class _ArcGIS(geopy.ArcGIS):  # type: ignore[misc]
    def __init__(self, key: str, stored: bool, **common: Any) -> None:
        super().__init__(**common)
        self._always = urlencode({"token": key, "forStorage": "true" if stored else "false"})

    def _call_geocoder(self, url: str, callback: Any, **more: Any) -> Any:
        return super()._call_geocoder(f"{url}&{self._always}", callback, **more)

    def _parse_geocode(self, response: dict[str, Any], exactly_one: bool) -> Any:
        code = (response.get("error") or {}).get("code")
        if code in _ESRI_NO_TOKEN:
            raise GeocoderAuthenticationFailure("the key is not valid")
        if code == _ESRI_FORBIDDEN:
            raise GeocoderInsufficientPrivileges("the key may not be used for this")
        if code == _ESRI_BUSY:
            raise GeocoderRateLimited("too many requests")
        return super()._parse_geocode(response, exactly_one)
