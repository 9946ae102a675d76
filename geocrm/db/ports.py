"""Loopback ports: which are free, and which program holds one."""

import contextlib
import errno
import os
import socket
from pathlib import Path


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen on the port now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def first_free(start: int, count: int = 200) -> int | None:
    """The first free loopback port from `start` on, or None."""
    return next((port for port in range(start, start + count) if is_free(port)), None)


def holder(port: int) -> str:
    """Who listens on the port, as far as this user may know: `python3 (process 123)`."""
    inodes = _listening_inodes(port)
    for process in Path("/proc").glob("[0-9]*"):
        if inodes & _sockets_of(process):
            name = (process / "comm").read_text().strip()
            return f"{name} (process {process.name})"
    return "another program"


def _listening_inodes(port: int) -> set[str]:
    """Inodes of the sockets that listen on the port, from the kernel's tables."""
    found: set[str] = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, lines):
            if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == port:
                found.add(f"socket:[{fields[9]}]")
    return found


def _sockets_of(process: Path) -> set[str]:
    found: set[str] = set()
    try:
        for link in (process / "fd").iterdir():
            # A file may be closed while we look.
            with contextlib.suppress(FileNotFoundError):
                found.add(os.readlink(link))
    except OSError:
        # The process is gone meanwhile, or somebody else's.
        return set()
    return found
