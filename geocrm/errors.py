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
from datetime import date
from typing import Any


class Share(float):
    """A part of a whole as a figure of a sentence: 0.049 is 4.9%, or 5% without decimals."""

    digits: int

    def __new__(cls, value: float, digits: int = 1) -> "Share":
        made = super().__new__(cls, value)
        made.digits = digits
        return made

    def __str__(self) -> str:
        return f"{float(self):.{self.digits}%}"


class Phrase(str):
    """Words that name their figures, as in `Phrase("{file}, row {number}", file=name, number=n)`.

    A page says them in the reader's language, also where they are a figure of an error or of
    another phrase; as a text they are English. `{name!r}` puts quotes around a figure, several in a
    tuple are listed. A number that names something (a row, a version) is given as a text, so that
    nothing is put between its digits.
    """

    sentence: str
    figures: dict[str, object]

    def __new__(cls, sentence: str = "", **figures: object) -> "Phrase":
        if isinstance(sentence, Phrase):
            return sentence
        text = sentence.format(**_in_english(figures)) if figures else sentence
        made = super().__new__(cls, text)
        made.sentence, made.figures = sentence, figures
        return made

    def kept(self) -> dict[str, Any]:
        """The phrase as JSON, to be said later."""
        return {
            "sentence": self.sentence,
            "figures": {k: _kept(v) for k, v in self.figures.items()},
        }


class GeoCrmError(Exception):
    """Base of every error raised on purpose.

    A sentence that names its figures, as in `InvalidInput("{total} are too many", total=n)`, is one
    that a page can say in the reader's language; as a text it is English.
    """

    def __init__(self, sentence: str = "", **figures: object) -> None:
        self.phrase = Phrase(sentence, **figures)
        super().__init__(str(self.phrase))

    @property
    def sentence(self) -> str:
        """What a translator finds: the words around the figures."""
        return self.phrase.sentence

    @property
    def figures(self) -> dict[str, object]:
        """The figures by name."""
        return self.phrase.figures


def _in_english(figures: Mapping[str, object]) -> dict[str, str]:
    return {name: _english(value) for name, value in figures.items()}


def _english(value: object) -> str:
    if isinstance(value, tuple):
        return "; ".join(_english(each) for each in value)
    if isinstance(value, float) and not isinstance(value, Share):
        return f"{value:g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _kept(value: object) -> Any:
    if isinstance(value, GeoCrmError):
        return value.phrase.kept()
    if isinstance(value, Phrase):
        return value.kept()
    if isinstance(value, Share):
        return {"share": float(value), "digits": value.digits}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    if isinstance(value, tuple):
        return [_kept(each) for each in value]
    return value if isinstance(value, int | float) else str(value)


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
