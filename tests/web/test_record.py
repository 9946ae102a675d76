"""The page of a customer: what it says, and where old links lead."""

import pytest
from sqlalchemy import select

from geocrm import clock
from geocrm.customers import contacting, following, merging, service
from geocrm.customers.record_models import AccountMerge
from geocrm.security import Role


@pytest.fixture
def open_forms(app):
    """Let forms be posted without their token; test_sign_in tries that it is demanded."""
    app.config["WTF_CSRF_METHODS"] = set()


@pytest.fixture
def toko(session, actor, add_account, rep):
    """A customer with a number, due since long, of the rep."""
    account = add_account("Toko Maju", owner=rep, segment="A", tags=["vip"])
    contacting.add_phone(session, actor, account.id, "0812 3456 7890")
    session.commit()
    return account.id


def test_the_page_says_what_is_next_and_how_to_reach_them(toko, rep, signed_in_as):
    page = signed_in_as(rep).get(f"/accounts/{toko}").text
    assert 'href="tel:+6281234567890"' in page
    assert "First visit" in page
    assert "vip" in page


def test_what_somebody_wrote_comes_before_the_cadence(
    session, toko, rep, actor_of, signed_in_as, open_forms
):
    visitor = signed_in_as(rep)
    day = clock.today("Asia/Jakarta").isoformat()
    saved = visitor.post(f"/accounts/{toko}/next", data={"text": "Send the list", "due": day})
    assert saved.status_code == 302
    page = visitor.get(f"/accounts/{toko}").text
    assert "Send the list" in page
    assert "First visit" not in page
    assert visitor.post(f"/accounts/{toko}/next/done").status_code == 302
    assert following.next_action(session, toko) is None
    bad = visitor.post(f"/accounts/{toko}/next", data={"text": "x", "due": "tomorrow"})
    assert bad.status_code == 422


def test_the_page_does_not_wait_for_duplicates(toko, rep, signed_in_as, statements):
    visitor = signed_in_as(rep)
    visitor.get(f"/accounts/{toko}")
    assert not [each for each in statements if "similarity(" in each]
    visitor.get(f"/api/v1/accounts/{toko}/duplicates")
    assert [each for each in statements if "similarity(" in each]


def test_following_is_a_switch(session, toko, rep, signed_in_as, open_forms):
    visitor = signed_in_as(rep)
    for _ in range(2):
        assert visitor.post(f"/accounts/{toko}/follow", data={}).status_code == 302
    assert [each.user_id for each in following.followers(session, toko)] == [rep.id]
    assert "Unfollow" in visitor.get(f"/accounts/{toko}").text
    visitor.post(f"/accounts/{toko}/follow", data={"follow": "no"})
    assert following.followers(session, toko) == []


def test_two_are_compared_merged_and_parted_again_on_pages(
    session, toko, add_account, rep, signed_in_as, open_forms
):
    twin = add_account("Toko Maju Jaya", owner=rep, segment="C").id
    visitor = signed_in_as(rep)
    assert 'id="twins"' in visitor.get(f"/accounts/{toko}").text
    assert "Toko Maju Jaya" in visitor.get(f"/accounts/{toko}/merge").text
    compared = visitor.get(f"/accounts/{toko}/merge/{twin}").text
    assert f'name="segment" value="{twin}"' in compared
    done = visitor.post(f"/accounts/{toko}/merge/{twin}", data={"segment": twin})
    assert done.headers["Location"] == f"/accounts/{toko}"
    old = visitor.get(f"/accounts/{twin}")
    assert (old.status_code, old.headers["Location"]) == (301, f"/accounts/{toko}")
    page = visitor.get(f"/accounts/{toko}").text
    assert "Toko Maju Jaya was merged in" in page
    merge_id = session.scalars(select(AccountMerge.id)).one()
    undone = visitor.post(f"/accounts/{toko}/merges/{merge_id}/undo")
    assert undone.headers["Location"] == f"/accounts/{twin}"
    assert visitor.get(f"/accounts/{twin}").status_code == 200
    again = visitor.post(f"/accounts/{toko}/merges/{merge_id}/undo")
    assert again.status_code == 409


def test_every_address_of_who_was_merged_away_leads_to_who_stayed(
    session, toko, add_account, add_user, rep, client_of, signed_in_as, actor_of
):
    twin = add_account("Toko Maju Jaya", owner=rep).id
    merging.merge(session, actor_of(rep), toko, twin)
    session.commit()
    api, pages = client_of(rep), signed_in_as(rep)
    for rest in ("", "/timeline?kind=note"):
        answer = api.get(f"/api/v1/accounts/{twin}{rest}")
        assert answer.status_code == 301
        assert answer.headers["Location"] == f"/api/v1/accounts/{toko}{rest}"
        assert api.get(answer.headers["Location"]).status_code == 200
    form = pages.get(f"/accounts/{twin}/edit")
    assert form.headers["Location"] == f"/accounts/{toko}/edit"
    for change in (
        api.patch(f"/api/v1/accounts/{twin}", json={"version": 1, "name": "X"}),
        client_of(add_user(Role.ADMINISTRATOR)).delete(f"/api/v1/accounts/{twin}"),
    ):
        assert (change.status_code, change.json["merged_into"]) == (404, toko)
    assert api.get(f"/api/v1/accounts/{toko}").status_code == 200, "nobody else was deleted"
    stranger = add_user()
    assert client_of(stranger).get(f"/api/v1/accounts/{twin}").status_code == 404
    assert signed_in_as(stranger).get(f"/accounts/{twin}").status_code == 404


def test_somebody_elses_customer_can_be_neither_compared_nor_merged(
    toko, add_account, add_user, rep, signed_in_as, client_of, open_forms
):
    theirs = add_account("Theirs", owner=add_user()).id
    visitor = signed_in_as(rep)
    for first, second in ((toko, theirs), (theirs, toko)):
        assert visitor.get(f"/accounts/{first}/merge/{second}").status_code == 404
        assert visitor.post(f"/accounts/{first}/merge/{second}", data={}).status_code == 404
        merged = client_of(rep).post(f"/api/v1/accounts/{first}/merge", json={"other_id": second})
        assert merged.status_code == 404


def test_the_surroundings_are_the_nearest_that_one_sees(
    toko, add_account, add_user, rep, client_of
):
    near = add_account("Near", owner=rep, at=(106.801, -6.2)).id
    far = add_account("Far", owner=rep, at=(106.9, -6.2)).id
    add_account("Hidden", owner=add_user(), at=(106.8001, -6.2))
    found = client_of(rep).get(f"/api/v1/accounts/{toko}/surroundings").json
    assert [each["id"] for each in found["nearest"]] == [near, far]
    assert found["nearest"][0]["distance_m"] == pytest.approx(110.5, abs=1)


def test_the_page_takes_a_bounded_number_of_statements(
    session, actor, toko, rep, signed_in_as, statements
):
    for number in range(15):
        service.log_activity(session, actor, toko, "note", f"Note {number}")
        contacting.add_contact(session, actor, toko, f"Person {number}")
    session.commit()
    visitor = signed_in_as(rep)
    visitor.get(f"/accounts/{toko}")
    statements.clear()
    assert visitor.get(f"/accounts/{toko}").status_code == 200
    assert len(statements) <= 32
