"""A server that speaks as Nominatim does, remembers what it was asked, and misbehaves on demand."""

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Manner = Callable[[BaseHTTPRequestHandler], None]


def place(
    number: str = "12",
    road: str = "Jalan Braga",
    *,
    at: tuple[float, float] = (107.6093, -6.9175),
    rank: int = 30,
    **address: str,
) -> dict[str, Any]:
    """A result as Nominatim gives it: a house in Bandung unless told otherwise."""
    within = {
        "village": "Braga",
        "city_district": "Sumur Bandung",
        "city": "Bandung",
        "state": "Jawa Barat",
        "postcode": "40111",
        "country_code": "id",
    }
    parts = {"house_number": number, "road": road} | within | address
    parts = {name: value for name, value in parts.items() if value}
    return {
        "lat": str(at[1]),
        "lon": str(at[0]),
        "display_name": ", ".join(parts.values()),
        "osm_type": "node",
        "class": "building",
        "type": "yes",
        "place_rank": rank,
        "address": parts,
    }


def answers(*places: dict[str, Any]) -> Manner:
    """Answer with these places, as JSON."""
    return says(json.dumps(places).encode())


def says(body: bytes, status: int = 200, **headers: str) -> Manner:
    """Answer with this body."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in ({"Content-Type": "application/json"} | headers).items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def hangs_up(handler: BaseHTTPRequestHandler) -> None:
    """Promise more than is sent."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    handler.wfile.write(b'[{"lat": "1", ')
    handler.close_connection = True


def never_ends(handler: BaseHTTPRequestHandler) -> None:
    """Send until the other side has had enough."""
    handler.send_response(200)
    handler.end_headers()
    handler.close_connection = True
    block = b"[" * 65_536
    try:
        for _ in range(10_000):
            handler.wfile.write(block)
    except OSError:
        return


@dataclass
class Town:
    """What the server does next, and what it was asked."""

    usual: Manner = field(default_factory=answers)
    manners: deque[Manner] = field(default_factory=deque)
    asked: list[dict[str, Any]] = field(default_factory=list)
    open: threading.Event = field(default_factory=threading.Event)
    port: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def domain(self) -> str:
        """Where it is."""
        return f"127.0.0.1:{self.port}"

    def then(self, *manners: Manner) -> None:
        """Do these next, one request each; after them the usual again."""
        self.manners.extend(manners)

    def silent(self, handler: BaseHTTPRequestHandler) -> None:
        """Say nothing until the test is over."""
        self.open.wait(30)
        handler.close_connection = True

    def drips(self, handler: BaseHTTPRequestHandler) -> None:
        """Send a byte now and then, each in time, the whole never."""
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        handler.close_connection = True
        try:
            while not self.open.wait(0.05):
                handler.wfile.write(b" ")
        except OSError:
            return

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        """One request."""
        with self._lock:
            query = {name: each[0] for name, each in parse_qs(urlsplit(handler.path).query).items()}
            self.asked.append(
                {
                    "path": handler.path,
                    "agent": handler.headers["User-Agent"],
                    "host": handler.headers["Host"],
                    "at": time.monotonic(),
                    **query,
                }
            )
            manner = self.manners.popleft() if self.manners else self.usual
        manner(handler)


@contextmanager
def running(wrap: Callable[[Any], Any] | None = None) -> Iterator[Town]:
    """The server for the length of the block; `wrap` puts TLS around its socket."""
    town = Town()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the library's name
            town.serve(self)

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """Clients that hang up are part of the tests."""

    server = Server(("127.0.0.1", 0), Handler)
    if wrap is not None:
        server.socket = wrap(server.socket)
    town.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield town
    finally:
        town.open.set()
        server.shutdown()
        thread.join()
        server.server_close()
