"""Static files: kept by a browser as long as they hold, never mixed up, none from elsewhere."""

import gzip
import os
import re
from urllib.parse import urlsplit

import brotli
import pytest
from flask import url_for

from geocrm.web import static_files
from geocrm.web.module_graph import module_graph

KEPT = "public, max-age=31536000, immutable"


@pytest.fixture
def visitor(app):
    """Somebody who is not signed in."""
    return app.test_client()


@pytest.fixture
def address_of(app):
    """The address that pages give a static file."""

    def address(name: str) -> str:
        with app.test_request_context():
            return url_for("static", filename=name)

    return address


def test_what_a_page_names_is_kept_for_a_year_and_not_asked_for_again(visitor, address_of):
    answer = visitor.get(address_of("js/shell.js"))

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == KEPT
    assert answer.mimetype == "text/javascript"
    assert "Set-Cookie" not in answer.headers
    assert "Cookie" not in answer.headers["Vary"]


@pytest.mark.parametrize("place", ["0123456789abcdef/", ""])
def test_a_page_of_an_older_version_gets_todays_file_to_be_asked_for_again(
    visitor, address_of, place
):
    old = visitor.get(f"/static/{place}js/shell.js")

    assert old.headers["Cache-Control"] == "no-cache"
    assert old.data == visitor.get(address_of("js/shell.js")).data
    asked_again = visitor.get(old.request.path, headers={"If-None-Match": old.headers["ETag"]})
    assert (asked_again.status_code, asked_again.data) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "../app.py",
        "%2e%2e/app.py",
        "js/../../app.py",
        "js/..%2f..%2fapp.py",
        "/etc/passwd",
        "js",
        "js/",
        "",
        "js/none.js",
    ],
)
def test_nothing_outside_the_folder_and_no_folder_is_answered(visitor, address_of, path):
    for root in ("/static/", address_of("")):
        assert visitor.get(root + path, follow_redirects=True).status_code == 404


@pytest.mark.parametrize(
    ("coding", "unpack"), [("br", brotli.decompress), ("gzip", gzip.decompress)]
)
def test_texts_travel_packed_to_those_who_can_unpack(visitor, address_of, coding, unpack):
    address = address_of("vendor/maplibre-gl/maplibre-gl.mjs")
    plain = visitor.get(address)
    packed = visitor.get(address, headers={"Accept-Encoding": coding})

    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == coding
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"
    assert plain.headers["ETag"] != packed.headers["ETag"]
    assert unpack(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 3


def test_a_font_is_packed_already(visitor, address_of):
    address = address_of("vendor/inter/files/inter-latin-wght-normal.woff2")
    answer = visitor.get(address, headers={"Accept-Encoding": "br, gzip"})

    assert answer.mimetype == "font/woff2"
    assert "Content-Encoding" not in answer.headers


def test_a_changed_file_gives_all_of_them_another_address(tmp_path, monkeypatch):
    monkeypatch.setattr(static_files, "_LOOK_AGAIN_S", 0)
    (tmp_path / "a.js").write_text("1")
    (tmp_path / "b.js").write_text("1")
    library = static_files.StaticFiles(tmp_path)
    before = library.current()
    assert library.current() is before

    (tmp_path / "b.js").write_text("22")

    after = library.current()
    assert after.version != before.version
    assert after.files["b.js"].body == b"22"


def test_the_same_files_have_the_same_version_on_every_machine(tmp_path):
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder, unpacked_at in zip(folders, (1_000_000_000, 1_700_000_000), strict=True):
        (folder / "js").mkdir(parents=True)
        (folder / "js" / "a.js").write_text("1")
        os.utime(folder / "js" / "a.js", (unpacked_at, unpacked_at))

    first, second = (static_files.StaticFiles(folder).current().version for folder in folders)
    assert first == second


def test_imports_are_read_however_they_are_written():
    texts = {
        "js/a.js": b"""import { x } from "./lib/b.js";
            import "../vendor/c.mjs";
            export { y } from './d.js';
            /** @typedef {import("./e.js").Type} Type */
            const later = () => import("./e.js");""",
        "js/lib/b.js": b'import*as z from"../../vendor/c.mjs";export{z}from"../d.js";',
        "js/d.js": b"",
        "js/e.js": b"",
        "vendor/c.mjs": b"",
    }
    assert module_graph(texts) == {
        "js/a.js": ("js/lib/b.js", "vendor/c.mjs", "js/d.js"),
        "js/lib/b.js": ("vendor/c.mjs", "js/d.js"),
        "js/d.js": (),
        "js/e.js": (),
        "vendor/c.mjs": (),
    }


def test_the_map_names_all_its_modules_at_once_and_each_exists(signed_in_as, manager):
    visitor = signed_in_as(manager)
    page = visitor.get("/map").text
    named = re.findall(r'<link rel="modulepreload" href="([^"]+)">', page)

    assert any(each.endswith("/vendor/maplibre-gl/maplibre-gl.mjs") for each in named)
    assert {urlsplit(each).path.split("/")[2] for each in named} == {
        static_files.LIBRARY.current().version
    }
    for each in named:
        answer = visitor.get(each)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, KEPT)
