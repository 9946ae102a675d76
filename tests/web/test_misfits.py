"""What is wrong with a parameter of the API is said in the language of who asks."""

import pytest
from apiflask import HTTPError
from flask_babel import force_locale
from pydantic import BaseModel, ValidationError

from geocrm.errors import InvalidInput
from geocrm.web import misfits
from geocrm.web.words import said


class Wanted(BaseModel):
    """Parameters that the tests get wrong."""

    day: str


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/api/v1/accounts?limit=0", "limit must be at least 1"),
        ("/api/v1/accounts?limit=100000", "limit must be at most 200"),
        ("/api/v1/accounts?limit=many", "limit must be a whole number"),
        ("/api/v1/accounts?sort=shoe", "sort must be one of name, -name, revenue"),
        ("/api/v1/accounts/count?exact=perhaps", "exact must be true or false"),
        ("/api/v1/accounts/at?lon=east&lat=1", "lon must be a number"),
        ("/api/v1/accounts?bbox=here", "bbox is west,south,east,north in degrees, not “here”"),
        ("/api/v1/accounts/groups?by=shoe", "Customers cannot be grouped by “shoe”; choose"),
        (
            '/api/v1/accounts?filter={"field":"created","op":"gte","value":"soon"}',
            "created gte: 'soon' is not a date; write 2026-01-31",
        ),
        ("/tiles/accounts/99/0/0.mvt", "There are no tiles at zoom 99: zoom is 0 to"),
    ],
)
def test_a_wrong_parameter_is_named_with_what_it_may_be(client_of, rep, path, sentence):
    answer = client_of(rep).get(path)
    assert answer.status_code == 422
    assert answer.json["detail"].startswith(sentence)


def test_all_that_is_wrong_is_said_at_once(client_of, rep):
    answer = client_of(rep).get("/api/v1/accounts?limit=0&sort=shoe")
    assert "limit must be at least 1" in answer.json["detail"]
    assert "sort must be one of" in answer.json["detail"]


def test_a_mistake_that_has_no_sentence_is_told_in_the_schemas_words(app):
    try:
        raise ValidationError.from_exception_data(
            "Wanted", [{"type": "url_parsing", "loc": ("site",), "ctx": {"error": "no host"}}]
        )
    except ValidationError as cause:
        error = HTTPError(422)
        error.__cause__ = cause
    with app.test_request_context(), force_locale("en"):
        assert misfits.told(error) == "site: Input should be a valid URL, no host"


def test_sentences_are_said_in_the_readers_language(app, monkeypatch):
    try:
        Wanted.model_validate({})
    except ValidationError as cause:
        error = HTTPError(422)
        error.__cause__ = cause
    with app.test_request_context(), force_locale("id"):
        known = misfits.later("Close")
        monkeypatch.setitem(misfits._SENTENCES, "missing", known)
        assert misfits.told(error) == str(known) != "Close"


def test_a_reason_within_a_reason_is_said_in_the_readers_language_too(app):
    with app.test_request_context(), force_locale("id"):
        why = InvalidInput("Somebody else changed this record meanwhile; load it again")
        told = said(InvalidInput("{field}: {why}", field="name", why=why))
        assert told == f"name: {said(why)}"
        assert str(why) not in told
