"""One table from our errors to HTTP status codes, and the two ways to answer them."""

from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from apiflask import APIFlask, HTTPError
from flask import Response, jsonify, redirect, render_template, request
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from psycopg2.errors import QueryCanceled
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from geocrm import errors
from geocrm.web import merged, misfits
from geocrm.web.words import said

STATUS: Final[dict[type[errors.GeoCrmError], int]] = {
    errors.NotFound: 404,
    errors.InvalidInput: 422,
    errors.Infeasible: 422,
    errors.Forbidden: 403,
    errors.NotSignedIn: 401,
    errors.Conflict: 409,
    errors.TooManyAttempts: 429,
    errors.ServiceUnavailable: 503,
    errors.MissingActor: 500,
}


def register(app: APIFlask) -> None:
    """Answer every expected error as problem+json to programs and as a page to people."""

    @app.errorhandler(errors.GeoCrmError)
    def expected(error: errors.GeoCrmError) -> Any:
        status = STATUS[type(error)]
        if status == 401 and not wants_json():
            return redirect(f"/login?next={quote(request.full_path.rstrip('?'))}")
        if status == 500:
            app.logger.exception("A defect", exc_info=error)
            return answer(500, "")
        if status == 404 and (into := merged.stayed()):
            if request.method in ("GET", "HEAD"):
                return merged.led_on(into)
            return answer(404, merged.refusal(into), "NotFound", merged_into=into)
        now = error.now if isinstance(error, errors.Conflict) else None
        more = {} if now is None else {"now": now}
        return answer(status, said(error), type(error).__name__, **more)

    @app.errorhandler(HTTPError)
    def misfit(error: HTTPError) -> Any:
        words = misfits.told(error) or str(error.message)
        return answer(error.status_code, words, "InvalidInput")

    @app.errorhandler(CSRFError)
    def forged(_error: CSRFError) -> Any:
        if wants_json():
            words = _("You are signed out, or the page is too old: load it again and retry.")
        else:
            words = _("The page was open for too long. Load it again and retry.")
        return answer(400, words, "InvalidInput")

    @app.errorhandler(StaleDataError)
    def overtaken(_error: StaleDataError) -> Any:
        message = _("Somebody else changed this record meanwhile; load it again")
        return answer(409, message, "Conflict")

    @app.errorhandler(OperationalError)
    def database_gone(error: OperationalError) -> Any:
        if isinstance(error.orig, QueryCanceled):
            words = _("This takes too long to answer: narrow the filter or the area")
            return answer(422, words, "InvalidInput")
        return answer(503, _("The database does not answer; try again in a moment"))

    @app.errorhandler(DataError)
    def misfit_for_database(_error: DataError) -> Any:
        return answer(422, "A value is too large or is no such value; correct it", "InvalidInput")

    @app.errorhandler(HTTPException)
    def by_flask(error: HTTPException) -> Any:
        if error.code is None or error.code < 400:
            return error
        # The stock sentences of HTTP are English; our page has its own words for each status.
        stock = error.description == type(error).description
        return answer(error.code, "" if stock and not wants_json() else error.description or "")

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Any:
        app.logger.exception("Unexpected error", exc_info=error)
        return answer(500, "")


def described(spec: Any) -> Any:
    """The OpenAPI document with what every route answers when it refuses."""
    for operations in spec["paths"].values():
        for operation in operations.values():
            operation["responses"].setdefault("default", _DESCRIBED)
    return spec


_DESCRIBED: Final = {
    "description": "Refused: `detail` says why in a sentence",
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "properties": {
                    "type": {"type": "string"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string"},
                    "error": {"type": ["string", "null"]},
                    "now": {
                        "type": "object",
                        "description": "Of a 409: version, changed_by, changed_at, and the values"
                        " by now of what was to be changed",
                    },
                    "merged_into": {
                        "type": "integer",
                        "description": "Of a 404 to a change: the customer it was merged into;"
                        " reading leads there (301)",
                    },
                },
                "required": ["title", "status", "detail"],
            }
        }
    },
}


def wants_json() -> bool:
    """Whether a program asks: the API, tiles, or a script on our pages."""
    return (
        request.path.startswith(("/api/", "/tiles/", "/healthz"))
        or request.headers.get("X-Requested-With") == "fetch"
        or request.accept_mimetypes.best == "application/json"
    )


def answer(status: int, detail: str, kind: str | None = None, **more: Any) -> Any:
    """The error as problem+json (RFC 9457) or as a page."""
    title = HTTPStatus(status).phrase
    if wants_json():
        body: Response = jsonify(
            type="about:blank", title=title, status=status, detail=detail, error=kind, **more
        )
        body.status_code = status
        body.mimetype = "application/problem+json"
        return body
    return render_template("layout/error.html", status=status, title=title, detail=detail), status
