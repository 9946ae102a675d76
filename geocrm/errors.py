"""Errors a caller is expected to handle.

* GeoCrmError
  - NotFound            the row does not exist, or this actor may not see it
  - InvalidInput        what the person sent cannot be used as it is
  - Infeasible          a plan was asked for that no plan can satisfy
  - Forbidden           the role may not do this at all
  - NotSignedIn         nobody is signed in, or the token is not valid
  - Conflict            the record changed since it was read, or already exists
  - TooManyAttempts     a limit on attempts was reached; wait and try again
  - ServiceUnavailable  the database, a geocoder, mail server or solver did not answer in time
  - MissingActor        code of ours read scoped rows without saying on whose behalf
"""

from collections.abc import Mapping
from typing import Any


class GeoCrmError(Exception):
    """Base of every error raised on purpose.

    A sentence that names its figures, as in `InvalidInput("{total} are too many", total=n)`, is one
    that a page can say in the reader's language; as a text it is English.
    """

    def __init__(self, sentence: str = "", **figures: object) -> None:
        self.sentence = sentence
        self.figures: dict[str, object] = figures
        super().__init__(sentence.format(**_in_english(figures)) if figures else sentence)


def _in_english(figures: dict[str, object]) -> dict[str, str]:
    return {
        name: f"{value:,}" if isinstance(value, int) else str(value)
        for name, value in figures.items()
    }


class NotFound(GeoCrmError):
    """The row does not exist, or this actor may not see it."""


class InvalidInput(GeoCrmError):
    """What the person sent cannot be used as it is."""


class Infeasible(GeoCrmError):
    """No plan can satisfy the request."""


class Forbidden(GeoCrmError):
    """The role may not do this at all."""


class NotSignedIn(GeoCrmError):
    """Nobody is signed in, or the token is not valid."""


class Conflict(GeoCrmError):
    """The record changed since it was read, or already exists; `now` says what it is by now."""

    def __init__(
        self, sentence: str = "", now: Mapping[str, Any] | None = None, **figures: object
    ) -> None:
        super().__init__(sentence, **figures)
        self.now = now


class TooManyAttempts(GeoCrmError):
    """A limit on attempts was reached; wait and try again."""


class ServiceUnavailable(GeoCrmError):
    """A part this needs did not answer in time."""


class MissingActor(GeoCrmError):
    """Scoped rows were asked for without saying on whose behalf: a defect of ours."""
