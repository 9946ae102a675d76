"""What no request may hold, refused before a view reads it.

PostgreSQL text has no place for NUL, numbers that are none fit no figure, and JSON that is nested
without end exhausts the reader.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from flask import Flask, request
from flask.json.provider import DefaultJSONProvider
from flask_babel import gettext as _

from geocrm.errors import InvalidInput

_NUL: Final = "\x00"
# An area of 10,000 corners takes half a megabyte; files come as multipart, with a limit of their
# own.
MAX_BODY: Final = 4 * 1024 * 1024


View = TypeVar("View", bound=Callable[..., Any])


def takes_at_most(num_bytes: int) -> Callable[[View], View]:
    """Let the view take a body of so many bytes, and refuse a longer one before it is read."""

    def mark(view: View) -> View:
        view.max_body = num_bytes  # type: ignore[attr-defined]
        return view

    return mark


class StrictJson(DefaultJSONProvider):
    """JSON as its standard has it, of a depth that somebody may have meant."""

    sort_keys = False

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """The value of the text; ValueError, which is answered with 400, when it may not be."""
        try:
            value = super().loads(s, parse_constant=_refuse, **kwargs)
        except RecursionError as error:
            raise ValueError("The JSON is nested too deeply") from error
        if _holds_nul(value):
            raise ValueError("A text in the JSON holds the character NUL")
        return value


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is not a number")


def _holds_nul(value: Any) -> bool:
    """Whether any text in it does; without recursion, as depth is the sender's choice."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            if _NUL in each:
                return True
        elif isinstance(each, dict):
            waiting += each.keys()
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    return False


def register(app: Flask) -> None:
    """Read JSON strictly and refuse addresses and forms with characters that no text has."""
    # Flask-Security puts a provider of its own on top of this class.
    app.json_provider_class = StrictJson
    app.json = StrictJson(app)

    @app.before_request
    def limit_body() -> None:
        if request.mimetype != "multipart/form-data":
            request.max_content_length = MAX_BODY
        elif request.endpoint is not None:
            own = getattr(app.view_functions[request.endpoint], "max_body", None)
            request.max_content_length = own or request.max_content_length

    @app.before_request
    def refuse_nul() -> None:
        words = [request.path]
        if request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data"):
            words += [part for pair in request.form.items(True) for part in pair]
        # In the query a NUL comes as %00, which stands for nothing else.
        if b"%00" in request.query_string or any(_NUL in word for word in words):
            raise InvalidInput(_("The request holds the character NUL: leave it out"))
