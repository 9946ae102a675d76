"""The matrix of rights, walked over every route, and shown in the docs as it is."""

import re
from pathlib import Path

import pytest

from geocrm.security import Role
from geocrm.security.permissions import matrix
from geocrm.web import access

DOCS = Path(__file__).parents[2] / "docs/permissions.md"
SAMPLE = {"int": "999999999", "string": "nothing", "default": "nothing", "float": "1.5"}


def shown_matrix() -> str:
    head = "| object | action | " + " | ".join(role.value for role in Role) + " |"
    rows = [
        f"| {target} | {action} | " + " | ".join("yes" if by[role] else "" for role in Role) + " |"
        for target, action, by in matrix()
    ]
    return "\n".join([head, "| --- " * (len(Role) + 2) + "|", *rows])


def test_the_docs_show_the_matrix_as_it_is():
    assert shown_matrix() in DOCS.read_text()


def address_of(rule) -> str:
    """The rule's path with a sample in place of each parameter."""

    def sample(match) -> str:
        converter, choices = match["converter"] or "default", match["choices"]
        return choices.split(",")[0].strip() if choices else SAMPLE.get(converter, "nothing")

    pattern = r"<(?:(?P<converter>\w+)(?:\((?P<choices>[^)]*)\))?:)?\w+>"
    return re.sub(pattern, sample, rule.rule)


def routes(app):
    """Every route and method that asks something of its visitor."""
    for rule in app.url_map.iter_rules():
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            yield rule, method, access.of(app, rule.endpoint)


def ask(browser, rule, method):
    return browser.open(address_of(rule), method=method, json={} if method != "GET" else None)


def test_without_signing_in_only_public_routes_answer(app, client_of):
    nobody = client_of(None)
    for rule, method, needed in routes(app):
        if needed.signed_in and method == "GET":
            answer = ask(nobody, rule, method)
            refused = answer.status_code == 401 or "/login" in answer.headers.get("Location", "")
            assert refused, f"{method} {rule.rule} let a stranger in"


@pytest.mark.parametrize("role", list(Role))
def test_each_role_gets_into_exactly_the_routes_the_matrix_grants(
    app, signed_in_as, add_user, role
):
    app.config["WTF_CSRF_METHODS"] = set()
    person = signed_in_as(add_user(role))
    granted = {(target, action): by[role] for target, action, by in matrix()}
    walked = 0
    for rule, method, needed in routes(app):
        if needed.action is None:
            continue
        answer = ask(person, rule, method)
        allowed = granted[needed.target, needed.action]
        assert (answer.status_code != 403) == allowed, f"{method} {rule.rule} as {role}"
        assert answer.status_code < 500, f"{method} {rule.rule} as {role} broke"
        walked += 1
    assert walked
