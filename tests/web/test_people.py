"""Pages of people: the own profile, and who signs in."""

import pytest
from sqlalchemy import select

from geocrm.errors import InvalidInput, NotFound
from geocrm.security import OPERATOR, Role, queries, service
from geocrm.security.models import User
from tests.conftest import PASSWORD


@pytest.fixture
def open_forms(app):
    """Let forms be posted without their token; test_sign_in tries that it is demanded."""
    app.config["WTF_CSRF_METHODS"] = set()


def test_somebody_changes_their_own_name_zone_and_home(session, signed_in_as, rep, open_forms):
    answer = signed_in_as(rep).post(
        "/profile", data={"name": "Rini", "timezone": "Asia/Makassar", "home": "-5.1, 119.4"}
    )
    assert answer.status_code == 302
    session.expire_all()
    user = queries.user(session, rep.id)
    assert (user.name, user.timezone) == ("Rini", "Asia/Makassar")
    assert (user.home_lon, user.home_lat) == (119.4, -5.1)


@pytest.mark.parametrize("home", ["here", "119.4, -5.1", "1,2,3", "nan, 4"])
def test_a_home_that_is_no_place_is_refused(session, signed_in_as, rep, open_forms, home):
    answer = signed_in_as(rep).post(
        "/profile", data={"name": "Rini", "timezone": "Asia/Jakarta", "home": home}
    )
    assert answer.status_code == 422


def test_a_changed_password_keeps_this_browser_and_ends_the_others(
    session, signed_in_as, add_user, open_forms
):
    user = add_user(password=PASSWORD)
    here, elsewhere = signed_in_as(user), signed_in_as(user)
    fields = {"old": PASSWORD, "new": "a much longer password", "again": "a much longer password"}
    assert here.post("/profile/password", data=fields).status_code == 302
    assert here.get("/api/v1/me").status_code == 200
    assert elsewhere.get("/api/v1/me").status_code == 401
    session.expire_all()
    assert service.sign_in(session, user.email, "a much longer password", "192.0.2.1").id == user.id


@pytest.mark.parametrize(
    "fields",
    [
        {"old": "wrong", "new": "a much longer password", "again": "a much longer password"},
        {"old": PASSWORD, "new": "short", "again": "short"},
        {"old": PASSWORD, "new": "a much longer password", "again": "another long password"},
    ],
)
def test_a_password_that_cannot_be_changed_stays(
    session, signed_in_as, add_user, open_forms, fields
):
    user = add_user(password=PASSWORD)
    assert signed_in_as(user).post("/profile/password", data=fields).status_code == 422
    assert service.sign_in(session, user.email, PASSWORD, "192.0.2.1").id == user.id


def test_a_key_is_shown_once_and_can_be_deleted(
    app, session, signed_in_as, rep, open_forms, actor_of
):
    visitor = signed_in_as(rep)
    page = visitor.post("/profile/tokens", data={"name": "phone"}).get_data(as_text=True)
    key = page.split("<code")[1].split(">")[1].split("<")[0]
    program = app.test_client()
    header = {"Authorization": f"Bearer {key}"}
    assert program.get("/api/v1/me", headers=header).json["email"] == rep.email
    token = queries.tokens(session, rep.id)[0]
    assert key not in visitor.get("/profile").get_data(as_text=True)
    assert visitor.post(f"/profile/tokens/{token.id}/delete").status_code == 302
    assert program.get("/api/v1/me", headers=header).status_code == 401


def test_nobody_deletes_another_persons_key(session, rep, manager, actor_of):
    service.create_token(session, OPERATOR, rep, "phone")
    session.flush()
    token = queries.tokens(session, rep.id)[0]
    with pytest.raises(NotFound):
        service.delete_token(session, actor_of(manager), token.id)


def test_an_administrator_adds_changes_and_stops_people(
    session, signed_in_as, administrator, manager, open_forms
):
    visitor = signed_in_as(administrator)
    page = visitor.post(
        "/settings/people",
        data={"email": "new@example.test", "role": "field_rep", "manager": manager.id},
    ).get_data(as_text=True)
    added = session.scalar(select(User).where(User.email == "new@example.test"))
    password = page.split("<code>")[1].split("<")[0]
    assert added.manager_id == manager.id
    assert service.sign_in(session, added.email, password, "192.0.2.1").id == added.id
    visitor.post(f"/settings/people/{added.id}", data={"role": "marketer", "manager": ""})
    session.expire_all()
    assert (added.role, added.active, added.manager_id) == ("marketer", False, None)
    with pytest.raises(service.NotSignedIn):
        service.sign_in(session, added.email, password, "192.0.2.1")


def test_somebody_stopped_is_out_at_once(session, client_of, signed_in_as, rep):
    by_session, by_token = signed_in_as(rep), client_of(rep)
    service.update_user(session, OPERATOR, rep.id, role=rep.role, manager_id=None, active=False)
    session.commit()
    assert by_session.get("/api/v1/me").status_code == 401
    assert by_token.get("/api/v1/me").status_code == 401


def test_the_tree_of_managers_has_no_circle(session, rep, manager):
    with pytest.raises(InvalidInput, match="report"):
        service.update_user(
            session, OPERATOR, manager.id, role=manager.role, manager_id=rep.id, active=True
        )


def test_an_administrator_cannot_lock_themselves_out(session, administrator, actor_of):
    me = actor_of(administrator)
    with pytest.raises(InvalidInput, match="own rights"):
        service.update_user(
            session, me, administrator.id, role=Role.MARKETER, manager_id=None, active=True
        )


def test_adding_somebody_twice_says_so_on_the_page(
    session, signed_in_as, administrator, rep, open_forms
):
    answer = signed_in_as(administrator).post(
        "/settings/people", data={"email": rep.email.upper(), "role": "field_rep"}
    )
    assert answer.status_code == 422
    assert "already" in answer.get_data(as_text=True)
