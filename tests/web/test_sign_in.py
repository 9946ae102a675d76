"""Signing in and out, and what protects it."""

import re

import pytest

from geocrm.security import Role, service
from tests.conftest import PASSWORD


@pytest.fixture
def person(add_user):
    return add_user(Role.TERRITORY_MANAGER, email="Mira@example.test", password=PASSWORD)


@pytest.fixture
def browser(app):
    return app.test_client()


def form_token(browser):
    page = browser.get("/login").get_data(as_text=True)
    return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]


def sign_in(browser, email, password=PASSWORD, **more):
    fields = {"email": email, "password": password, "csrf_token": form_token(browser)}
    return browser.post("/login", data=fields | more)


def test_the_right_password_signs_in_whatever_the_case_of_the_address(browser, person):
    answer = sign_in(browser, "MIRA@example.test")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert browser.get("/api/v1/me").json["email"] == "Mira@example.test"


def test_the_wrong_password_does_not(browser, person):
    answer = sign_in(browser, person.email, "wrong password")
    assert answer.status_code == 200
    assert "password is wrong" in answer.get_data(as_text=True)
    assert browser.get("/api/v1/me").status_code == 401


def test_a_form_without_its_token_is_refused(browser, person):
    answer = browser.post("/login", data={"email": person.email, "password": PASSWORD})
    assert answer.status_code == 400
    assert browser.get("/api/v1/me").status_code == 401


def test_the_session_key_changes_at_sign_in_so_that_a_planted_one_is_worthless(browser, person):
    browser.get("/login")
    planted = browser.get_cookie("geocrm_session").value
    sign_in(browser, person.email)
    assert browser.get_cookie("geocrm_session").value != planted
    browser.set_cookie("geocrm_session", planted)
    assert browser.get("/api/v1/me").status_code == 401


def test_after_signing_out_a_kept_cookie_is_dead(browser, person):
    sign_in(browser, person.email)
    kept = browser.get_cookie("geocrm_session").value
    browser.post("/logout", data={"csrf_token": form_token_of_session(browser)})
    browser.set_cookie("geocrm_session", kept)
    assert browser.get("/api/v1/me").status_code == 401


def form_token_of_session(browser):
    with browser.session_transaction():
        pass
    page = browser.get("/account").get_data(as_text=True)
    return re.search(r'name="csrf-token" content="([^"]+)"', page)[1]


def test_a_new_password_ends_every_session(browser, person, session, actor):
    sign_in(browser, person.email)
    service.set_password(session, actor, session.merge(person), "another long password")
    session.commit()
    assert browser.get("/api/v1/me").status_code == 401


def test_after_ten_failures_even_the_right_password_must_wait(browser, person):
    for _ in range(service.MAX_FAILURES_PER_ACCOUNT):
        sign_in(browser, person.email, "wrong password")
    answer = sign_in(browser, person.email)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "900"


def test_one_address_trying_many_accounts_is_slowed_down(session):
    for number in range(service.MAX_FAILURES_PER_ADDRESS):
        with pytest.raises(service.NotSignedIn):
            service.sign_in(session, f"user{number}@example.test", "wrong password", "192.0.2.7")
        session.flush()
    with pytest.raises(service.TooManyAttempts):
        service.sign_in(session, "new@example.test", "wrong password", "192.0.2.7")


@pytest.mark.parametrize("target", ["//evil.test/", "\\\\evil.test", "javascript:alert(1)"])
def test_sign_in_never_leads_to_another_host(browser, person, target):
    answer = sign_in(browser, person.email, next=target)
    location = answer.headers.get("Location", "/")
    assert location.startswith("/") and not location.startswith(("//", "/\\"))


def test_every_answer_carries_the_strict_policy(browser):
    policy = browser.get("/login").headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy and "unsafe" not in policy


def test_a_bad_token_is_refused_as_problem_json(browser):
    answer = browser.get("/api/v1/me", headers={"Authorization": "Bearer nonsense"})
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
