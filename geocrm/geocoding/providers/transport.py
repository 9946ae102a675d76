"""How a request travels: an adapter of geopy that trusts nobody.

It connects to the very address that was checked, follows no redirect, takes no proxy from the
environment, waits and reads only so long, and reads only so much.
"""

import http.client
import io
import json
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from geopy.adapters import AdapterHTTPError, BaseSyncAdapter, get_retry_after
from geopy.exc import (
    ConfigurationError,
    GeocoderParseError,
    GeocoderServiceError,
    GeocoderTimedOut,
    GeocoderUnavailable,
)
from geopy.util import logger as geopy_log

from geocrm.geocoding.providers.addresses import Resolver, chosen, system_addresses

CONNECT_S = 5.0
TIMEOUT_S = 10.0
MAX_BYTES = 2 * 1024 * 1024  # five results with all their parts take some 20 kB
MAX_ERROR_BYTES = 4096
_BLOCK = 65_536
_PORTS = {"http": 80, "https": 443}

# It writes whole addresses, with the key in them, and what the provider answered.
geopy_log.disabled = True


@dataclass(frozen=True, slots=True)
class Reach:
    """What a provider's requests may reach, and how long they may take."""

    timeout_s: float = TIMEOUT_S
    allow_private: bool = False
    resolve: Resolver = system_addresses
    max_bytes: int = MAX_BYTES
    # None: the certificates this machine trusts.
    ssl_context: ssl.SSLContext | None = None


class PinnedAdapter(BaseSyncAdapter):  # type: ignore[misc]  # geopy ships no types
    """GET requests to public addresses over http and https."""

    def __init__(self, *, proxies: object, ssl_context: object, reach: Reach) -> None:
        super().__init__(proxies=proxies, ssl_context=ssl_context)
        self._reach = reach
        # What the last answer with an error said: some geocoders of geopy drop it.
        self.retry_after_s: float | None = None
        self.complaint = ""

    def get_json(self, url: str, *, timeout: float, headers: Mapping[str, str]) -> Any:
        """The parsed answer; GeocoderParseError when it is no JSON."""
        text = self.get_text(url, timeout=timeout, headers=headers)
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise GeocoderParseError("the answer is not JSON") from error

    def get_text(self, url: str, *, timeout: float, headers: Mapping[str, str]) -> str:
        """The answer, or one of geopy's errors; see geopy.adapters.BaseAdapter."""
        try:
            return self._get(_parts(url), headers)
        except TimeoutError as error:
            raise GeocoderTimedOut(f"no answer within {self._reach.timeout_s:g} s") from error
        except ssl.SSLError as error:
            raise GeocoderServiceError(f"the connection is not safe: {error.reason}") from error
        except AdapterHTTPError as error:
            self.retry_after_s = get_retry_after(error.headers)
            self.complaint = error.text
            raise
        except OSError as error:
            if isinstance(error, GeocoderUnavailable):
                raise
            raise GeocoderUnavailable(f"no connection: {error.strerror or error}") from error
        except http.client.HTTPException as error:
            raise GeocoderServiceError(
                f"the answer broke off or is no HTTP ({type(error).__name__})"
            ) from error

    def _get(self, parts: SplitResult, headers: Mapping[str, str]) -> str:
        reach, deadline = self._reach, time.monotonic() + self._reach.timeout_s
        host, port = str(parts.hostname), parts.port or _PORTS[parts.scheme]
        address = chosen(host, port, reach.resolve, allow_private=reach.allow_private)
        connection = _Connection(host, port, address, deadline, _context(parts, reach))
        target = parts.path or "/"
        target = f"{target}?{parts.query}" if parts.query else target
        sent = {"Accept": "application/json", "Accept-Encoding": "identity", **headers}
        try:
            connection.request("GET", target, headers={**sent, "Connection": "close"})
            return _text_of(connection.getresponse(), reach.max_bytes)
        finally:
            connection.hang_up()


def _context(parts: SplitResult, reach: Reach) -> ssl.SSLContext | None:
    if parts.scheme != "https":
        return None
    return reach.ssl_context or ssl.create_default_context()


def _parts(url: str) -> SplitResult:
    """The address in parts; ConfigurationError for one that no provider can have."""
    try:
        parts = urlsplit(url)
        fits = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise ConfigurationError("the address of the provider cannot be read") from error
    if not fits or parts.username is not None or parts.password is not None:
        raise ConfigurationError("a provider is asked over http or https, without a user name")
    return parts


def _text_of(response: http.client.HTTPResponse, max_bytes: int) -> str:
    if response.status >= 400:
        text = response.read(MAX_ERROR_BYTES).decode("utf-8", "replace")
        raise AdapterHTTPError(
            f"status {response.status}",
            status_code=response.status,
            headers={"retry-after": response.getheader("Retry-After")},
            text=text,
        )
    if response.status != http.HTTPStatus.OK:
        # A redirect could lead anywhere, so none is followed.
        raise GeocoderServiceError(f"status {response.status} where an answer should be")
    body = bytearray()
    while block := response.read(_BLOCK):
        body += block
        if len(body) > max_bytes:
            raise GeocoderParseError(f"the answer is longer than {max_bytes} bytes")
    if response.length:
        raise GeocoderServiceError("the connection closed in the middle of the answer")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise GeocoderParseError("the answer is not UTF-8") from error


class _Connection(http.client.HTTPConnection):
    """A connection to one address, whatever its host is called, that ends at a deadline."""

    def __init__(
        self,
        host: str,
        port: int,
        address: str,
        deadline: float,
        context: ssl.SSLContext | None,
    ) -> None:
        super().__init__(host, port)
        self.default_port = _PORTS["https" if context else "http"]
        self._address, self._deadline, self._context = address, deadline, context
        self._socket: socket.socket | None = None

    def connect(self) -> None:
        """Connect to the address; over TLS the certificate must be the host's."""
        wait_s = min(CONNECT_S, _left(self._deadline))
        self._socket = socket.create_connection((self._address, self.port), timeout=wait_s)
        if self._context is not None:
            self._socket = self._context.wrap_socket(self._socket, server_hostname=self.host)
        self.sock = _Timed(self._socket, self._deadline)

    def hang_up(self) -> None:
        """Close the socket; `close` is called by http.client while the answer is being read."""
        if self._socket is not None:
            self._socket.close()


class _Timed:
    """What http.client needs of a socket, each wait cut at the deadline.

    A socket's own timeout starts anew with every byte, so a server that drips would hold us.
    """

    def __init__(self, inner: socket.socket, deadline: float) -> None:
        self._inner, self._deadline = inner, deadline

    def sendall(self, data: bytes) -> None:
        self._inner.settimeout(_left(self._deadline))
        self._inner.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self._inner, self._deadline))

    def close(self) -> None:
        """Nothing: http.client lets go of the socket while the answer is still being read."""


class _TimedReader(io.RawIOBase):
    def __init__(self, inner: socket.socket, deadline: float) -> None:
        self._inner, self._deadline = inner, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._inner.settimeout(_left(self._deadline))
        return self._inner.recv_into(buffer)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
