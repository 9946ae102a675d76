"""One of a customer's contacts is asked for first, wherever customers are told of."""

import csv
import io

import pytest
from sqlalchemy import select

from geocrm.customers import contacting, history, merging, merging_undo, queries
from geocrm.customers.models import Account, PrimaryContact
from geocrm.db import unit_of_work
from geocrm.errors import NotFound
from geocrm.maps import calls
from geocrm.maps.bulk import service as bulk_service
from tests.maps.bulk.conftest import Bulk


@pytest.fixture
def shop(session, add_account, rep, actor_of):
    """A customer with Ibu Sari, who was there first, and Pak Budi, who can be called."""
    account = add_account("Toko Maju", owner=rep, external_id="K1")
    actor = actor_of(rep)
    contacting.add_phone(session, actor, account.id, "021 5551234")
    contacting.add_contact(session, actor, account.id, "Ibu Sari")
    budi = contacting.add_contact(session, actor, account.id, "Pak Budi", "Buyer")
    contacting.add_phone(session, actor, account.id, "0812 3456 7890", contact_id=budi.id)
    contacting.add_email(session, actor, account.id, "budi@example.test", contact_id=budi.id)
    session.commit()
    return account.id


def names(session, account_id):
    """The contacts in their order."""
    session.expire_all()
    return [each.name for each in queries.contacts(session, account_id)]


def called(session, account_id, name):
    """The id of the contact of this name."""
    return next(each.id for each in queries.contacts(session, account_id) if each.name == name)


def test_the_first_contact_is_it_until_somebody_chooses(session, shop, rep, actor_of):
    assert names(session, shop) == ["Ibu Sari", "Pak Budi"]
    before = session.get(Account, shop).version
    contacting.make_primary(session, actor_of(rep), shop, called(session, shop, "Pak Budi"))
    assert names(session, shop) == ["Pak Budi", "Ibu Sari"]
    assert session.get(Account, shop).version == before + 1
    change = history.page(session, shop)[0]
    assert (change.field, change.old, change.new) == ("primary_contact", "Ibu Sari", "Pak Budi")
    contacting.make_primary(session, actor_of(rep), shop, called(session, shop, "Ibu Sari"))
    assert len(session.scalars(select(PrimaryContact)).all()) == 1


def test_when_the_primary_contact_goes_the_first_one_left_is_it(session, shop, rep, actor_of):
    budi = called(session, shop, "Pak Budi")
    contacting.make_primary(session, actor_of(rep), shop, budi)
    contacting.remove_contact(session, actor_of(rep), shop, budi)
    assert names(session, shop) == ["Ibu Sari"]


def test_only_a_contact_of_the_customer_can_be_it(
    session, shop, add_account, add_user, rep, actor_of
):
    other = add_account("Toko Lain", owner=rep).id
    stranger = contacting.add_contact(session, actor_of(rep), other, "Stranger").id
    with pytest.raises(NotFound, match="No contact"):
        contacting.make_primary(session, actor_of(rep), shop, stranger)
    nobody = actor_of(add_user())
    session.info["scope"] = nobody
    with pytest.raises(NotFound):
        contacting.make_primary(session, nobody, shop, called_as_operator(session, shop))


def called_as_operator(session, account_id):
    """A contact that the actor of the session does not see."""
    assert queries.contacts(session, account_id) == []
    return 1


@pytest.mark.parametrize("chosen", [True, False])
def test_a_merge_keeps_the_one_of_who_stays_and_an_undo_gives_back_both(
    session, shop, add_account, rep, actor_of, chosen
):
    actor = actor_of(rep)
    older = shop
    stays = add_account("Toko Maju Jaya", owner=rep).id
    contacting.add_contact(session, actor, stays, "Ani")
    zul = contacting.add_contact(session, actor, stays, "Zul").id
    if chosen:
        contacting.make_primary(session, actor, stays, zul)
        contacting.make_primary(session, actor, older, called(session, older, "Pak Budi"))
    before = names(session, stays)
    merge = merging.merge(session, actor, stays, older)
    assert names(session, stays)[0] == before[0] == ("Zul" if chosen else "Ani")
    assert len(names(session, stays)) == 4
    merging_undo.undo(session, actor, merge.id)
    assert names(session, stays) == before
    assert names(session, older)[0] == ("Pak Budi" if chosen else "Ibu Sari")
    assert len(session.scalars(select(PrimaryContact)).all()) == (2 if chosen else 0)


def test_a_customer_without_contacts_gets_the_one_of_who_goes(
    session, shop, add_account, rep, actor_of
):
    actor = actor_of(rep)
    contacting.make_primary(session, actor, shop, called(session, shop, "Pak Budi"))
    stays = add_account("Toko Maju Jaya", owner=rep).id
    merging.merge(session, actor, stays, shop)
    assert names(session, stays) == ["Pak Budi", "Ibu Sari"]


def test_lists_exports_and_callers_tell_of_it(
    session, sessions, shop, rep, manager, client_of, actor_of, tmp_path
):
    api = client_of(rep)
    told = [("Ibu Sari", None, None), ("Pak Budi", "+6281234567890", "budi@example.test")]
    for primary in told:
        (row,) = api.get("/api/v1/accounts").json["items"]
        assert (row["contact"], row["contact_phone"], row["contact_email"]) == primary
        contacting.make_primary(session, actor_of(rep), shop, called(session, shop, "Pak Budi"))
        session.commit()
    bulk = Bulk(sessions, actor_of(manager), tmp_path)
    columns = ["external_id", "contact:120", "contact_phone", "contact_email"]
    run = bulk.do("export", {"format": "csv", "columns": columns}, tree={})
    with unit_of_work(sessions, bulk.actor) as own:
        path, _name = bulk_service.file_of(own, bulk.actor, run.id)
    assert list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig")))) == [
        ["external_id", "contact_name", "contact_phone", "contact_email"],
        ["K1", "Pak Budi", "'+6281234567890", "budi@example.test"],
    ]
    (caller,) = calls.callers(session, "+62215551234")
    assert (caller.contact, caller.primary_contact) == (None, "Pak Budi")
    assert caller.primary_phone == "+6281234567890"


def test_it_is_shown_first_and_changed_on_the_page_and_over_the_api(
    app, session, shop, rep, marketer, add_user, signed_in_as, client_of
):
    app.config["WTF_CSRF_METHODS"] = set()
    budi = called(session, shop, "Pak Budi")
    visitor, path = signed_in_as(rep), f"/accounts/{shop}"
    page = visitor.get(path).text
    people = page[page.index('id="contacts"') :]
    assert people.index("Ibu Sari") < people.index("+62215551234") < people.index("Pak Budi")
    assert f'action="{path}/contacts/{budi}/primary"' in people
    assert visitor.post(f"{path}/contacts/{budi}/primary", data={}).status_code == 302
    found = client_of(rep).get(f"/api/v1{path}/contacts").json["items"]
    assert [(each["name"], each["primary"]) for each in found] == [
        ("Pak Budi", True),
        ("Ibu Sari", False),
    ]
    assert found[0]["phones"] == ["+6281234567890"]
    sari = found[1]["id"]
    changed = client_of(rep).put(f"/api/v1{path}/contacts/{sari}/primary").json["items"]
    assert changed[0]["name"] == "Ibu Sari"
    for who, status in ((add_user(), 404), (marketer, 403)):
        assert client_of(who).put(f"/api/v1{path}/contacts/{budi}/primary").status_code == status
        assert client_of(who).get(f"/api/v1{path}/contacts").status_code == status
