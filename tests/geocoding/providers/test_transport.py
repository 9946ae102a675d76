"""Requests travel to the address that was checked, and come back in time and in measure."""

import ssl
import subprocess
from dataclasses import replace

import pytest
from geopy.exc import (
    ConfigurationError,
    GeocoderParseError,
    GeocoderServiceError,
    GeocoderTimedOut,
    GeocoderUnavailable,
)

from geocrm.geocoding.providers.addresses import AddressRefused, is_public, system_addresses
from geocrm.geocoding.providers.transport import PinnedAdapter, Reach
from tests.geocoding.providers import town as manners
from tests.geocoding.providers.town import running

INSIDE = Reach(timeout_s=1.0, allow_private=True)


def get(url, reach=INSIDE):
    adapter = PinnedAdapter(proxies={}, ssl_context=None, reach=reach)
    return adapter.get_json(url, timeout=reach.timeout_s, headers={"User-Agent": "test"})


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "0.0.0.0",  # noqa: S104  # an address to refuse
        "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
        "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::",
        "2001:db8::1", "::127.0.0.1", "not an address",
    ],
)  # fmt: skip
def test_no_address_of_our_own_counts_as_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111"])
def test_addresses_of_the_internet_are_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "0177.0.0.1", "0x7f000001", "0x7f.1", "2130706433", "[::1]",
        "[::ffff:127.0.0.1]", "localhost", "0",
    ],
)  # fmt: skip
def test_our_own_machine_is_not_reached_however_it_is_spelt(town, host):
    with pytest.raises(AddressRefused):
        get(f"http://{host}:{town.port}/search", replace(INSIDE, allow_private=False))
    assert town.asked == []


def test_a_name_with_one_address_inside_is_refused_whatever_its_others(town):
    outside = replace(
        INSIDE, allow_private=False, resolve=lambda *_: ["93.184.216.34", "127.0.0.1"]
    )
    with pytest.raises(AddressRefused, match=r"127\.0\.0\.1"):
        get(f"http://maps.example:{town.port}/", outside)
    assert town.asked == []


def test_a_name_that_changes_its_address_is_asked_once_and_the_checked_one_is_used(town):
    town.usual = manners.answers()
    told = iter([["127.0.0.1"], ["127.0.0.9"]])
    rebinding = replace(INSIDE, resolve=lambda *_: next(told))
    assert get(f"http://maps.example:{town.port}/search", rebinding) == []
    assert [each["host"] for each in town.asked] == [f"maps.example:{town.port}"]
    assert next(told) == ["127.0.0.9"]


@pytest.mark.parametrize(
    "url",
    [
        "ftp://maps.example/", "file:///etc/passwd", "gopher://maps.example/", "http:///x",
        "http://user@maps.example/", "http://user:word@maps.example/", "http://[::1/",
        "http://maps.example:99999/", "//maps.example/",
    ],
)  # fmt: skip
def test_only_plain_web_addresses_are_asked(url):
    with pytest.raises(ConfigurationError):
        get(url)


def test_a_redirect_is_not_followed(town):
    town.usual = manners.says(b"", 302, Location=f"http://127.0.0.1:{town.port}/secret")
    with pytest.raises(GeocoderServiceError, match="302"):
        get(f"http://{town.domain}/search")
    assert [each["path"] for each in town.asked] == ["/search"]


def test_no_proxy_is_taken_from_the_environment(town, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    town.usual = manners.answers()
    assert get(f"http://{town.domain}/search") == []


@pytest.mark.parametrize("manner", ["silent", "drips"])
def test_an_answer_that_takes_too_long_is_given_up(town, manner):
    town.usual = getattr(town, manner)
    with pytest.raises(GeocoderTimedOut):
        get(f"http://{town.domain}/", replace(INSIDE, timeout_s=0.4))


def test_an_answer_without_end_is_cut(town):
    town.usual = manners.never_ends
    with pytest.raises(GeocoderParseError, match="longer"):
        get(f"http://{town.domain}/", replace(INSIDE, timeout_s=20))


@pytest.mark.parametrize(
    ("manner", "error"),
    [
        (manners.hangs_up, GeocoderServiceError),
        (manners.says(b"<html>Welcome</html>", Content_Type="text/html"), GeocoderParseError),
        (manners.says('["Bandung \xff"]'.encode("latin-1")), GeocoderParseError),
        (manners.says(b"[" * 100_000), GeocoderParseError),
        (manners.says(b""), GeocoderParseError),
        (manners.says(b"", 204), GeocoderServiceError),
    ],
)
def test_what_is_no_answer_is_told_apart(town, manner, error):
    town.usual = manner
    with pytest.raises(error):
        get(f"http://{town.domain}/")


def test_nobody_there_and_no_such_name_are_unavailable():
    with pytest.raises(GeocoderUnavailable):
        get("http://127.0.0.1:9/")
    with pytest.raises(GeocoderUnavailable, match="not known"):
        get("http://maps.invalid/", replace(INSIDE, allow_private=False))
    with pytest.raises(GeocoderUnavailable):
        system_addresses("\udcff", 80)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for maps.example that signs itself."""
    folder = tmp_path_factory.mktemp("tls")
    names = ("-subj", "/CN=maps.example", "-addext", "subjectAltName=DNS:maps.example")
    files = ("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names, *files],
        check=True,
        capture_output=True,
    )
    return folder


def test_the_certificate_must_be_that_of_the_name_and_not_of_the_address(certificate):
    asked_for = []
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    server.sni_callback = lambda _socket, name, _context: asked_for.append(name)
    trusting = ssl.create_default_context(cafile=certificate / "cert.pem")
    reach = replace(INSIDE, resolve=lambda *_: ["127.0.0.1"], ssl_context=trusting, timeout_s=5)
    with running(lambda inner: server.wrap_socket(inner, server_side=True)) as town:
        town.usual = manners.answers()
        assert get(f"https://maps.example:{town.port}/search", reach) == []
        with pytest.raises(GeocoderServiceError, match="not safe"):
            get(f"https://other.example:{town.port}/search", reach)
        with pytest.raises(GeocoderServiceError, match="not safe"):
            get(f"https://maps.example:{town.port}/search", replace(reach, ssl_context=None))
    assert asked_for == ["maps.example", "other.example", "maps.example"]
    assert len(town.asked) == 1
