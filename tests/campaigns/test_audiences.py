"""Whom a regional campaign may reach."""

import csv
import io
from datetime import date

import pytest
from sqlalchemy import update

from geocrm.campaigns import queries, selection, service
from geocrm.campaigns.selection import Where
from geocrm.customers.models import AccountScope, Channel, Email, Phone
from geocrm.errors import InvalidInput, NotFound
from geocrm.security import OPERATOR, Role

EMAIL = Channel.EMAIL.bit
TODAY = date(2026, 11, 1)
EVERYWHERE = selection.everybody_of(Where())
SQUARE = {
    "type": "Polygon",
    "coordinates": [[[106, -7], [108, -7], [108, -6], [106, -6], [106, -7]]],
}


def count(session, actor, tree=EVERYWHERE, channel=Channel.EMAIL):
    return queries.waterfall(session, actor, selection.compiled(actor, tree, TODAY), channel)


@pytest.fixture
def reachable(session, add_account):
    """Add an account that consented to e-mail and has an address for it."""

    def add(name="Toko", address=None, **fields):
        fields = {"consent": EMAIL, "reach": EMAIL} | fields
        account = add_account(name, **fields)
        session.add(Email(account_id=account.id, address=address or f"{name.lower()}@example.test"))
        session.commit()
        return account

    return add


def test_the_waterfall_says_who_falls_out_and_why(session, actor, add_account, reachable):
    reachable("Open")
    add_account("Silent", reach=EMAIL)
    add_account("Unreachable", consent=EMAIL)
    found = count(session, actor)
    assert found.matched == 3
    assert found.excluded == {"no_consent": 1, "no_address": 1}
    assert found.reachable == 1


def test_consent_to_another_channel_does_not_count(session, actor, add_account):
    add_account(consent=Channel.POST.bit, reach=EMAIL | Channel.POST.bit)
    assert count(session, actor).reachable == 0
    assert count(session, actor, channel=Channel.POST).reachable == 1


def test_regions_areas_and_territories_add_up_to_one_ground(session, actor, reachable):
    reachable("Unit", unit="idn-adm2:32.73", at=(120.0, 1.0))
    reachable("Area", at=(107.0, -6.5))
    reachable("Territory", territory_id=5, at=(130.0, -3.0))
    reachable("Outside", at=(140.0, -3.0))
    where = Where(("idn-adm2:32.73",), SQUARE, (5,))
    assert count(session, actor, selection.everybody_of(where)).matched == 3


def test_conditions_narrow_the_ground(session, actor, reachable):
    reachable("Big", segment="A", revenue=900.0)
    reachable("Small", segment="A", revenue=5.0)
    reachable("Other", segment="B", revenue=900.0)
    tree = selection.everybody_of(Where(), *selection.conditions(segments=["A"], min_revenue=100))
    assert count(session, actor, tree).matched == 1


def test_a_saved_audience_keeps_those_of_its_moment(session, actor, reachable):
    reachable("First")
    saved = service.save(
        session, actor, name="Lebaran", tree=EVERYWHERE, channel=Channel.EMAIL, today=TODAY
    )
    reachable("Later")
    assert exported(session, actor, saved.id) == {"first@example.test"}


def test_consent_withdrawn_after_saving_keeps_the_person_out_of_the_export(
    session, actor, reachable
):
    leaving, staying = reachable("Leaving"), reachable("Staying")
    saved = service.save(
        session, actor, name="Lebaran", tree=EVERYWHERE, channel=Channel.EMAIL, today=TODAY
    )
    session.execute(
        update(AccountScope).where(AccountScope.account_id == leaving.id).values(consent=0)
    )
    assert staying.id
    assert exported(session, actor, saved.id) == {"staying@example.test"}


def test_one_address_of_two_accounts_stands_once(session, actor, reachable):
    reachable("One", "same@example.test")
    reachable("Two", "SAME@example.test")
    saved = service.save(
        session, actor, name="Lebaran", tree=EVERYWHERE, channel=Channel.EMAIL, today=TODAY
    )
    assert len(exported(session, actor, saved.id)) == 1


def test_cells_that_a_spreadsheet_would_run_are_neutralised(session, actor, add_account):
    account = add_account("=HYPERLINK(1)", consent=Channel.PHONE.bit, reach=Channel.PHONE.bit)
    session.add(Phone(account_id=account.id, e164="+628123456789", typed="0812"))
    session.commit()
    saved = service.save(
        session, actor, name="Calls", tree=EVERYWHERE, channel=Channel.PHONE, today=TODAY
    )
    row = rows_of(session, actor, saved.id)[0]
    assert row["account"] == "'=HYPERLINK(1)"
    assert row["address"] == "'+628123456789"


def test_nobody_reachable_is_no_audience(session, actor, add_account):
    add_account()
    with pytest.raises(InvalidInput, match="Nobody"):
        service.save(
            session, actor, name="Empty", tree=EVERYWHERE, channel=Channel.EMAIL, today=TODAY
        )


def test_a_manager_reaches_only_customers_of_their_branch(
    session, reachable, rep, manager, actor_of
):
    reachable("Theirs", owner=rep)
    reachable("Elsewhere")
    session.info["scope"] = actor_of(manager)
    assert count(session, actor_of(manager)).matched == 1


def test_a_marketer_counts_everybody_but_reads_no_small_count(
    session, reachable, marketer, actor_of, actor
):
    for number in range(12):
        reachable(f"Toko{number}", segment="A" if number < 3 else "B")
    session.info["scope"] = actor_of(marketer)
    everybody = count(session, actor_of(marketer)).shown_to(actor_of(marketer))
    assert everybody.matched == 10  # twelve, in whole tens
    few = selection.everybody_of(Where(), *selection.conditions(segments=["A"]))
    assert count(session, actor_of(marketer), few).shown_to(actor_of(marketer)).matched is None


def test_a_marketer_cannot_feel_for_somebodys_revenue(
    session, reachable, marketer, actor_of, actor
):
    for number in range(10):
        reachable(f"Toko{number}", revenue=73_889_000.0)

    def at_least(who, amount):
        tree = selection.everybody_of(Where(), *selection.conditions(min_revenue=amount))
        return count(session, who, tree).matched

    assert (at_least(actor, 73_889_000), at_least(actor, 73_889_001)) == (10, 0)
    session.info["scope"] = actor_of(marketer)
    assert at_least(actor_of(marketer), 73_889_000) == at_least(actor_of(marketer), 74_400_000)


def test_somebody_elses_audience_looks_missing(session, reachable, add_user, actor_of):
    reachable()
    mine, other = actor_of(add_user(Role.MARKETER)), actor_of(add_user(Role.MARKETER))
    session.info["scope"] = mine
    saved = service.save(
        session, mine, name="Mine", tree=EVERYWHERE, channel=Channel.EMAIL, today=TODAY
    )
    with pytest.raises(NotFound):
        service.export(session, other, saved.id)


def test_the_api_counts_saves_and_exports_for_a_marketer(client_of, reachable, marketer):
    for number in range(20):
        reachable(f"Toko{number}")
    visitor = client_of(marketer)
    found = visitor.post("/api/v1/audiences/count", json={"channel": "email"}).json
    assert (found["matched"], found["reachable"]) == (20, 20)
    saved = visitor.post("/api/v1/audiences", json={"channel": "email", "name": "All"})
    assert saved.status_code == 201
    listing = visitor.get(f"/api/v1/audiences/{saved.json['id']}.csv")
    assert len(listing.get_data(as_text=True).splitlines()) == 21
    assert visitor.get("/api/v1/audiences").json["items"][0]["name"] == "All"
    assert visitor.delete(f"/api/v1/audiences/{saved.json['id']}").status_code == 204


@pytest.mark.parametrize(
    "wrong",
    [
        {"channel": "pigeon"},
        {"area": {"type": "Point", "coordinates": [1, 2]}},
        {"area": {"type": "Polygon", "coordinates": [[[1, 2], [3, 4]]]}},
        {"min_revenue": -1},
        {"ordered_within": 0},
        {"units": "idn-adm2:32.73"},
    ],
)
def test_a_choice_that_cannot_be_used_is_refused_with_a_reason(client_of, marketer, wrong):
    answer = client_of(marketer).post("/api/v1/audiences/count", json=wrong)
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    assert answer.json["detail"]


def test_a_rep_may_not_make_audiences(client_of, rep):
    assert client_of(rep).post("/api/v1/audiences/count", json={}).status_code == 403


def rows_of(session, actor, audience_id):
    text = "".join(service.export(session, actor, audience_id)).lstrip("\ufeff")
    return list(csv.DictReader(io.StringIO(text)))


def exported(session, actor, audience_id):
    assert actor is OPERATOR
    return {row["address"] for row in rows_of(session, actor, audience_id)}
