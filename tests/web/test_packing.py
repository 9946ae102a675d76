"""Answers are packed for the way, but never for another site that would measure their length."""

import gzip
import io

import brotli
import pytest
from flask import Flask, Response, jsonify, request, send_file

from geocrm.web import packing

UNPACK = {"br": brotli.decompress, "gzip": gzip.decompress}
ROWS = [{"id": n, "name": f"Toko {n}"} for n in range(200)]


@pytest.fixture
def visitor():
    """Somebody who asks a small application of each kind of answer."""
    app = Flask(__name__)
    packing.register(app)

    @app.get("/rows")
    def rows():
        answer = jsonify(ROWS)
        answer.add_etag()
        return answer.make_conditional(request)

    @app.get("/short")
    def short():
        return jsonify(ROWS[:1])

    @app.get("/stream")
    def stream():
        return Response((f"{n}\n" for n in range(2_000)), mimetype="text/csv")

    @app.get("/file")
    def file():
        return send_file(io.BytesIO(b"id,name\n" * 500), mimetype="text/csv")

    @app.get("/picture")
    def picture():
        return Response(bytes(5_000), mimetype="image/png")

    return app.test_client()


@pytest.mark.parametrize("coding", ["br", "gzip"])
def test_a_text_is_packed_the_way_the_browser_understands(visitor, coding):
    plain = visitor.get("/rows")
    answer = visitor.get("/rows", headers={"Accept-Encoding": coding})
    assert answer.headers["Content-Encoding"] == coding
    assert UNPACK[coding](answer.data) == plain.data
    assert len(answer.data) < len(plain.data) / 3
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert "Accept-Encoding" in plain.headers["Vary"], "a cache must not hand this to everybody"
    assert "Content-Encoding" not in plain.headers


def test_what_has_not_changed_is_not_sent_again_packed_or_not(visitor):
    headers = {"Accept-Encoding": "br"}
    etag = visitor.get("/rows", headers=headers).headers["ETag"]
    assert etag.startswith("W/"), "the same rows in other bytes"
    again = visitor.get("/rows", headers=headers | {"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("path", ["/short", "/stream", "/file", "/picture"])
def test_what_is_short_streamed_or_no_text_goes_as_it_is(visitor, path):
    answer = visitor.get(path, headers={"Accept-Encoding": "br, gzip"})
    assert "Content-Encoding" not in answer.headers
    assert answer.data == visitor.get(path).data


@pytest.mark.parametrize(
    ("site", "coding"),
    [("same-origin", "br"), ("none", "br"), ("cross-site", None), ("same-site", None)],
)
def test_another_site_cannot_learn_a_page_by_its_packed_length(visitor, site, coding):
    headers = {"Accept-Encoding": "br", "Sec-Fetch-Site": site}
    assert visitor.get("/rows", headers=headers).headers.get("Content-Encoding") == coding


def test_pages_and_the_api_are_packed(signed_in_as, client_of, add_account, rep):
    for number in range(20):
        add_account(f"Toko {number}", owner=rep)
    headers = {"Accept-Encoding": "gzip"}
    page = signed_in_as(rep).get("/accounts", headers=headers)
    assert b"</html>" in gzip.decompress(page.data)
    rows = client_of(rep).get("/api/v1/accounts", headers=headers)
    assert b"Toko 7" in gzip.decompress(rows.data)
    for answer in (page, rows):
        assert answer.headers["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in answer.headers["Vary"]
