"""Signing in and out, and what protects it."""

import re
from urllib.parse import urlsplit

import pytest

from geocrm.security import Role, service
from tests.conftest import PASSWORD


@pytest.fixture
def person(add_user):
    return add_user(Role.TERRITORY_MANAGER, email="Mira@example.test", password=PASSWORD)


@pytest.fixture
def visitor(app):
    return app.test_client()


def form_token(visitor):
    page = visitor.get("/login").get_data(as_text=True)
    return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]


def sign_in(visitor, email, password=PASSWORD, **more):
    fields = {"email": email, "password": password, "csrf_token": form_token(visitor)}
    return visitor.post("/login", data=fields | more)


def test_the_right_password_signs_in_whatever_the_case_of_the_address(visitor, person):
    answer = sign_in(visitor, "MIRA@example.test")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert visitor.get("/api/v1/me").json["email"] == "Mira@example.test"


def test_the_wrong_password_does_not(visitor, person):
    answer = sign_in(visitor, person.email, "wrong password")
    assert answer.status_code == 200
    assert "password is wrong" in answer.get_data(as_text=True)
    assert visitor.get("/api/v1/me").status_code == 401


def test_a_form_without_its_token_is_refused(visitor, person):
    answer = visitor.post("/login", data={"email": person.email, "password": PASSWORD})
    assert answer.status_code == 400
    assert visitor.get("/api/v1/me").status_code == 401


def test_the_session_key_changes_at_sign_in_so_that_a_planted_one_is_worthless(visitor, person):
    visitor.get("/login")
    planted = visitor.get_cookie("geocrm_session").value
    sign_in(visitor, person.email)
    assert visitor.get_cookie("geocrm_session").value != planted
    visitor.set_cookie("geocrm_session", planted)
    assert visitor.get("/api/v1/me").status_code == 401


def test_after_signing_out_a_kept_cookie_is_dead(visitor, person):
    sign_in(visitor, person.email)
    kept = visitor.get_cookie("geocrm_session").value
    visitor.post("/logout", data={"csrf_token": form_token_of_session(visitor)})
    visitor.set_cookie("geocrm_session", kept)
    assert visitor.get("/api/v1/me").status_code == 401


def form_token_of_session(visitor):
    with visitor.session_transaction():
        pass
    page = visitor.get("/account").get_data(as_text=True)
    return re.search(r'name="csrf-token" content="([^"]+)"', page)[1]


def test_a_new_password_ends_every_session(visitor, person, session, actor):
    sign_in(visitor, person.email)
    service.set_password(session, actor, session.merge(person), "another long password")
    session.commit()
    assert visitor.get("/api/v1/me").status_code == 401


def test_after_ten_failures_even_the_right_password_must_wait(visitor, person):
    for _ in range(service.MAX_FAILURES_PER_ACCOUNT):
        sign_in(visitor, person.email, "wrong password")
    answer = sign_in(visitor, person.email)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "900"


def test_one_address_trying_many_accounts_is_slowed_down(session, monkeypatch):
    monkeypatch.setattr(service, "MAX_FAILURES_PER_ADDRESS", 4)
    for number in range(4):
        with pytest.raises(service.NotSignedIn):
            service.sign_in(session, f"user{number}@example.test", "wrong password", "192.0.2.7")
        session.flush()
    with pytest.raises(service.TooManyAttempts):
        service.sign_in(session, "new@example.test", "wrong password", "192.0.2.7")


@pytest.mark.parametrize("target", ["//evil.test/", "\\\\evil.test", "javascript:alert(1)"])
def test_sign_in_never_leads_to_another_host(visitor, person, target):
    answer = sign_in(visitor, person.email, next=target)
    location = urlsplit(answer.headers.get("Location", "/"))
    assert (location.scheme, location.netloc) == ("", "")
    assert not location.path.startswith(("//", "\\"))


def test_every_answer_carries_the_strict_policy(visitor):
    policy = visitor.get("/login").headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


def test_a_bad_token_is_refused_as_problem_json(visitor):
    answer = visitor.get("/api/v1/me", headers={"Authorization": "Bearer nonsense"})
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")


def test_a_page_whose_session_ended_is_told_so_in_plain_words(visitor):
    answer = visitor.post("/api/v1/territories/plans/1/edits", json={"assign": {}})
    assert answer.status_code == 400
    assert "You are signed out" in answer.json["detail"]
