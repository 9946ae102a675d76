"""Which network addresses a provider may have.

A name is resolved once, every address it has is looked at, and the connection goes to an address
that was looked at: how an address was written (127.1, 0x7f000001, [::ffff:127.0.0.1]) and what the
name answers a moment later make no difference.
"""

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from geopy.exc import GeocoderUnavailable

Resolver = Callable[[str, int], list[str]]

# IPv6 addresses that carry an IPv4 address in their last 32 bits: NAT64 (RFC 6052) and the
# compatible form (RFC 4291).
_CARRIES_LAST = (IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))


class AddressRefused(GeocoderUnavailable):  # type: ignore[misc]  # geopy ships no types
    """The provider's name leads to an address inside our own network."""


def system_addresses(host: str, port: int) -> list[str]:
    """The addresses of a host as the system resolves it, in the order it prefers them."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise GeocoderUnavailable(f"the name {host} is not known") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def chosen(host: str, port: int, resolve: Resolver, *, allow_private: bool) -> str:
    """The address to connect to; AddressRefused when any address of the host is not public."""
    found = resolve(host, port)
    if not found:
        raise GeocoderUnavailable(f"the name {host} is not known")
    for address in found:
        if not allow_private and not is_public(address):
            raise AddressRefused(
                f"{host} leads to {address}, which is not a public address; allow private addresses"
                " for this provider if it is your own"
            )
    return found[0]


def is_public(address: str) -> bool:
    """Whether anybody on the internet could reach it."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address):
        carried = _carried(parsed)
        if carried is not None:
            return _is_public(carried)
    return _is_public(parsed)


def _carried(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that packets to this one end up at, if any."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in _CARRIES_LAST):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    return address.is_global and not (
        address.is_multicast
        or address.is_reserved
        or address.is_unspecified
        or address.is_loopback
        or address.is_link_local
        or address.is_private
    )
