"""Static files below an address that changes with them, so that a browser asks for each only once.

The version in `/static/<version>/js/shell.js` is a checksum over all files. Modules and styles name
each other relatively, and so stay within it. What a page names by an older version, or by none,
is answered with the file as it is now, to be asked for again.
"""

import hashlib
import mimetypes
import os
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from flask import Flask, Response, request
from werkzeug.exceptions import NotFound

from geocrm.web import packing
from geocrm.web.module_graph import module_graph

FOLDER: Final = Path(__file__).parent / "static"
_VERSIONED: Final = re.compile(r"([0-9a-f]{16})/(.+)", re.DOTALL)
_KEPT: Final = "public, max-age=31536000, immutable"
_TEXTS: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
}
# All texts together take 0.2 s; the next level saves 1 %, the highest takes 15 s for 10 %.
_BROTLI_QUALITY: Final = 6
_GZIP_LEVEL: Final = 6
_WORTH_PACKING: Final = 256  # bytes
# An edit of a file shows at the next page; looking for one takes half a millisecond.
_LOOK_AGAIN_S: Final = 1.0

Listing = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file as it was read."""

    name: str
    body: bytes
    etag: str

    @property
    def text_type(self) -> str | None:
        """The media type when it is text, which packing makes smaller."""
        return _TEXTS.get(os.path.splitext(self.name)[1])

    @property
    def type(self) -> str:
        """The media type."""
        guess = mimetypes.guess_type(self.name)[0]
        return self.text_type or guess or "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Release:
    """All files at one moment, and the version they have together."""

    version: str
    files: dict[str, StaticFile]
    graph: dict[str, tuple[str, ...]]
    _packed: dict[tuple[str, str], bytes] = field(default_factory=dict)

    def packed(self, file: StaticFile, coding: str) -> bytes:
        """The file's bytes, compressed the first time they are asked for."""
        key = (file.name, coding)
        if key not in self._packed:
            self._packed[key] = packing.packed(
                file.body, coding, brotli_quality=_BROTLI_QUALITY, gzip_level=_GZIP_LEVEL
            )
        return self._packed[key]

    def modules_of(self, entry: str) -> tuple[str, ...]:
        """Names of all modules that `entry` needs, itself first, in the order of their levels."""
        found = {entry: None}
        for name in (waiting := [entry]):
            new = [each for each in self.graph.get(name, ()) if each not in found]
            found |= dict.fromkeys(new)
            waiting += new
        return tuple(found)


class StaticFiles:
    """The files of a folder, read when they are first needed and again when one changes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._listing: Listing = ()
        self._looked_at = -_LOOK_AGAIN_S
        self._release = Release("", {}, {})

    def current(self) -> Release:
        """The files as they are now, or were a second ago."""
        if time.monotonic() - self._looked_at >= _LOOK_AGAIN_S:
            self._look()
        return self._release

    def release(self, version: str | None) -> Release:
        """The files for somebody who knows `version`: another process may have seen them first."""
        if version is None:
            return self.current()
        if version != self._release.version:
            self._look()
        return self._release

    def _look(self) -> None:
        listing = _list(self._folder)
        if listing != self._listing:
            self._release, self._listing = _read(self._folder, listing), listing
        self._looked_at = time.monotonic()


# One for the process: tests make an application each.
LIBRARY: Final = StaticFiles(FOLDER)


def register(app: Flask, library: StaticFiles = LIBRARY) -> None:
    """Let `url_for('static', …)` name the current version, and answer what it names."""
    app.view_functions["static"] = lambda filename: _answer(library, filename)
    app.jinja_env.globals["modules_of"] = lambda entry: library.current().modules_of(entry)

    @app.url_defaults
    def name_version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static":
            values["filename"] = f"{library.current().version}/{values['filename']}"


def _answer(library: StaticFiles, filename: str) -> Response:
    versioned = _VERSIONED.fullmatch(filename)
    version, name = versioned.groups() if versioned else (None, filename)
    release = library.release(version)
    # Only names that were listed are known, so none leads out of the folder.
    file = release.files.get(name)
    if file is None:
        raise NotFound(f"There is no static file {name[:200]}")
    response = _body(release, file)
    response.headers["Cache-Control"] = _KEPT if version == release.version else "no-cache"
    response.make_conditional(request)
    return response


def _body(release: Release, file: StaticFile) -> Response:
    response = Response(file.body, mimetype=file.type)
    response.set_etag(file.etag)
    if file.text_type and len(file.body) > _WORTH_PACKING:
        response.headers["Vary"] = "Accept-Encoding"
        if coding := packing.coding():
            response.set_data(release.packed(file, coding))
            response.set_etag(f"{file.etag}-{coding}")
            response.headers["Content-Encoding"] = coding
    return response


def _list(folder: Path) -> Listing:
    """Name, size and time of change of every file."""
    root, listing = f"{folder}{os.sep}", []
    for place, _folders, names in os.walk(folder):
        for path in (os.path.join(place, name) for name in names):
            about = os.stat(path)
            name = path.removeprefix(root).replace(os.sep, "/")
            listing.append((name, about.st_size, about.st_mtime_ns))
    return tuple(sorted(listing))


def _read(folder: Path, listing: Listing) -> Release:
    files, whole = {}, hashlib.sha256()
    for name, _size, _time in listing:
        body = (folder / name).read_bytes()
        etag = hashlib.sha256(body).hexdigest()[:16]
        whole.update(f"{name} {etag}\n".encode())
        files[name] = StaticFile(name, body, etag)
    texts = {name: file.body for name, file in files.items() if name.endswith((".js", ".mjs"))}
    return Release(whole.hexdigest()[:16], files, module_graph(texts))
