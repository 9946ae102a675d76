"""What services say of bulk actions, in the reader's language."""

import pytest
from flask_babel import force_locale

from geocrm.errors import InvalidInput
from geocrm.jobs import service as jobs
from geocrm.web.words import kept_problem, said
from geocrm.wiring import actor_of
from geocrm.wiring.handlers import JOB_HANDLERS

KNOWN = "Somebody else changed this record meanwhile; load it again"


def test_a_sentence_known_to_translators_is_said_in_the_readers_language(app):
    with app.test_request_context(), force_locale("id"):
        assert said(InvalidInput(KNOWN)) != KNOWN
        assert said(InvalidInput("An {odd} sentence of {n}", odd="{x}", n=1234)) == (
            "An {x} sentence of 1.234"
        )
        assert kept_problem("", {"sentence": KNOWN, "figures": {}}) == said(InvalidInput(KNOWN))
        assert kept_problem("of an older run {", None) == "of an older run {"


def test_the_text_of_an_error_is_english_and_braces_of_others_stay():
    assert str(InvalidInput("{total} are too many", total=1234)) == "1,234 are too many"
    assert str(InvalidInput('There is no field {"x"}')) == 'There is no field {"x"}'


@pytest.mark.parametrize(("language", "number"), [("en", "1,234"), ("id", "1.234")])
def test_why_a_run_stopped_is_kept_so_that_a_page_can_say_it(
    app, client_of, signed_in_as, sessions, add_account, rep, language, number
):
    add_account(owner=rep)
    client = client_of(rep)
    wanted = {"action": "tag", "params": {"add": ["vip"]}, "filter": {}}
    preview = client.post("/api/v1/bulk/preview", json=wanted).json
    agreed = wanted | {"fingerprint": preview["fingerprint"]}
    run = client.post("/api/v1/bulk", json=agreed).json
    add_account(owner=rep)
    jobs.run(sessions, JOB_HANDLERS, actor_of, run["job_id"])
    told = client.get(f"/api/v1/bulk/{run['id']}").json
    assert (told["state"], told["changed"]) == ("failed", 0)
    assert "it holds 2 customers now" in told["message"]
    page = signed_in_as(rep).get("/bulk").text
    assert "it holds 2 customers now" in page
    assert f'action="/bulk/{run["id"]}/resume"' not in page
    kept = {"sentence": "it holds {total} now", "figures": {"total": 1234}}
    with app.test_request_context(), force_locale(language):
        assert kept_problem("", kept) == f"it holds {number} now"
