"""Answers packed for the way: Brotli or gzip for who understands it.

Pages hold a token against forged forms, and what somebody typed comes back in them, so their packed
length could tell the token letter by letter to another site that makes a browser ask again and
again (BREACH). So an answer that another site asked for is not packed (`docs/decisions.md`).
"""

import gzip
from typing import Final

import brotli
from flask import Flask, Response, request

_TEXTS: Final = ("application/json", "application/problem+json", "application/geo+json")
_WORTH_PACKING: Final = 1_000  # bytes; less is one packet either way
# 29 KB of a page become 6 in 1 ms of the processor; the next level takes half as long again and
# saves 6 %.
_BROTLI_QUALITY: Final = 4
_GZIP_LEVEL: Final = 4
# What browsers say about requests that our own pages, or nobody's, made.
_OURS: Final = ("same-origin", "none")


def coding() -> str | None:
    """The way of packing that whoever asks understands and we prefer; None when there is none."""
    return request.accept_encodings.best_match(["br", "gzip"])


def packed(body: bytes, coding: str, *, brotli_quality: int, gzip_level: int) -> bytes:
    """The bytes in this coding."""
    if coding == "br":
        return bytes(brotli.compress(body, quality=brotli_quality))
    return gzip.compress(body, gzip_level, mtime=0)


def register(app: Flask) -> None:
    """Pack texts that are worth it; files that are streamed stay as they are."""

    @app.after_request
    def pack(response: Response) -> Response:
        if not _can_be_packed(response):
            return response
        response.vary.add("Accept-Encoding")
        chosen = coding() if request.headers.get("Sec-Fetch-Site", "none") in _OURS else None
        if chosen:
            body = packed(
                response.get_data(), chosen, brotli_quality=_BROTLI_QUALITY, gzip_level=_GZIP_LEVEL
            )
            response.set_data(body)
            response.headers["Content-Encoding"] = chosen
            tag, weak = response.get_etag()
            if tag and not weak:
                response.set_etag(tag, weak=True)  # the same text in other bytes
        return response


def _can_be_packed(response: Response) -> bool:
    return (
        ((response.mimetype or "").startswith("text/") or response.mimetype in _TEXTS)
        and not response.is_streamed
        and not response.direct_passthrough
        and "Content-Encoding" not in response.headers
        and (response.content_length or 0) > _WORTH_PACKING
    )
