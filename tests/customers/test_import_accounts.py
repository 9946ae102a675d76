"""Bringing customers in: what goes in, what is matched, what is refused, who may."""

import pytest
from sqlalchemy import select, text

from geocrm.customers.imports import engine, service
from geocrm.customers.imports.plan import Options
from geocrm.customers.models import Account, AccountScope, Address, Consent, Email, Phone
from geocrm.db import elevated
from geocrm.errors import Forbidden, InvalidInput
from geocrm.sales.tasks import KINDS

TWO = (
    "Kode,Nama Toko,lat,lon,No HP,Email\n"
    "K1,Toko Maju,-6.2001,106.8001,0812-3456-7890,a@b.co\n"
    "K2,Warung Ani,-6.3001,106.9001,,\n"
)


def test_customers_of_a_file_are_there_with_phone_mail_point_and_reach(session, bring_in):
    done = bring_in(TWO)
    assert (done.created, done.failed) == (2, 0)
    account = session.scalars(select(Account).where(Account.external_id == "K1")).one()
    scope = session.scalars(select(AccountScope).where(AccountScope.account_id == account.id)).one()
    assert (scope.grade, scope.radius_m, scope.consent, scope.reach) == ("rooftop", 50.0, 0, 15)
    assert session.scalars(select(Phone.e164)).all() == ["+6281234567890"]
    assert session.scalars(select(Email.address)).all() == ["a@b.co"]
    assert scope.qk is not None


def test_the_same_file_again_changes_instead_of_doubling(session, bring_in):
    bring_in(TWO)
    again = bring_in(TWO)
    assert (again.created, again.updated) == (0, 2)
    assert len(session.scalars(select(Account.id)).all()) == 2
    skipped = bring_in(TWO, on_duplicate="skip")
    assert (skipped.updated, skipped.skipped) == (0, 2)


def test_without_an_id_the_same_name_at_the_same_place_is_the_same_customer(session, bring_in):
    bring_in("name,lat,lon\nToko Maju,-6.2001,106.8001\n")
    done = bring_in(
        "name,lat,lon,phone\nTOKO  MAJU.,-6.2005,106.8001,021 5551234\nToko Maju,-6.3,106.8,\n"
    )
    assert (done.updated, done.created) == (1, 1)


def test_without_points_postcode_or_village_tell_the_place(bring_in):
    bring_in("nama,kode pos,kelurahan\nToko A,40111,\nToko B,,Braga\n")
    done = bring_in("nama,kode pos,kelurahan\nToko A,40111,\nToko A,40999,\nToko B,,BRAGA\n")
    assert (done.updated, done.created) == (2, 1)


def test_a_customer_twice_in_one_file_is_one_with_what_the_later_row_fills_in(session, bring_in):
    done = bring_in(
        "id,name,segment,phone\nX,Toko,A,0812 1111 2222\nX,,,\nX,Toko Baru,,0812 3333 4444\n"
    )
    assert (done.created, done.updated, done.failed) == (1, 1, 1)
    account = session.scalars(select(Account)).one()
    assert (account.name, account.segment) == ("Toko Baru", "A")
    assert len(session.scalars(select(Phone.id)).all()) == 2
    assert "the same customer as row 2" in done.messages[4]


def test_an_update_fills_only_what_the_file_has(session, bring_in):
    bring_in("id,name,segment,omzet\nX,Toko,A,1000\n")
    bring_in("id,name,segment,omzet\nX,Toko,,2500\n")
    account = session.scalars(select(Account)).one()
    assert (account.segment, account.annual_revenue, account.version) == ("A", 2500.0, 2)


def test_a_point_set_by_hand_stays_where_it_is(session, bring_in, actor, administrator):
    from_file = bring_in("id,name,lat,lon\nX,Toko,-6.2001,106.8001\n")
    assert from_file.created == 1
    session.execute(select(Address)).scalars().one().provider = "pin"
    session.commit()
    bring_in("id,name,lat,lon\nX,Toko,-7.1234,110.4321\n")
    session.expire_all()
    assert session.scalars(select(Address.lat)).one() == -6.2001


def test_consent_is_never_guessed_and_kept_when_a_column_says_so(session, bring_in):
    content = "id,name,email,boleh email\nX,Toko,a@b.co,ya\nY,Toko 2,,mungkin\n"
    bring_in(content)
    assert session.scalars(select(Consent.id)).all() == []
    done = bring_in(content, mapping={"boleh email": "consent_email"})
    assert session.scalars(select(Consent.channel)).all() == ["email"]
    assert session.scalars(
        select(AccountScope.consent).order_by(AccountScope.account_id)
    ).all() == [1, 0]
    assert "'mungkin' is neither yes nor no" in done.messages[3]
    bring_in(content, mapping={"boleh email": "consent_email"})
    assert len(session.scalars(select(Consent.id)).all()) == 1


def test_a_dry_run_says_the_same_and_changes_nothing(session, bring_in, write_file, batches, actor):
    path = write_file("id,name\nA,Toko\nA,Toko\n,\nB,\nC,Kios\n")
    kind = KINDS["accounts"]
    plan = service.plan_file(path, kind, Options())
    with batches(actor)() as work:
        context = service.context(work, actor, 0, plan, dry=True)
        figures = engine.dry_run(work, kind, context, lambda _done, _total: None)
    assert session.scalars(select(Account.id)).all() == []
    done = bring_in(path)
    assert (figures["created"], figures["updated"], figures["failed"]) == (2, 1, 1)
    assert (done.created, done.updated, done.failed) == (2, 1, 1)


def test_an_owner_column_gives_customers_to_users_and_refuses_strangers(session, bring_in, rep):
    done = bring_in(f"id,name,owner\nA,Toko,{rep.email}\nB,Kios,nobody@example.test\n")
    assert (done.created, done.failed) == (1, 1)
    assert "'nobody@example.test' is no active user" in done.messages[3]
    assert session.scalars(select(AccountScope.owner_id)).all() == [rep.id]


def test_a_reps_import_neither_changes_nor_shows_a_colleagues_customer(
    session, bring_in, add_account, add_user, rep, actor_of
):
    colleague = add_user()
    theirs = add_account("Secret Shop", owner=colleague, external_id="K9")
    done = bring_in("id,name\nK9,Taken Over\nK10,Mine\n", actor=actor_of(rep))
    assert (done.created, done.failed) == (1, 1)
    assert done.messages[2] == (
        "the customer ID 'K9' is taken by a customer you may not change: use another ID"
    )
    with elevated(session):
        session.expire_all()
        assert session.get(Account, theirs.id).name == "Secret Shop"


def test_a_rep_cannot_hand_customers_to_others_by_a_file(
    session, bring_in, add_user, rep, actor_of
):
    colleague = add_user()
    done = bring_in(f"id,name,owner\nA,Toko,{colleague.email}\n", actor=actor_of(rep))
    assert (done.created, done.failed) == (0, 1)


def test_another_reps_import_cannot_be_seen_or_undone(bring_in, take_back, add_user, rep, actor_of):
    done = bring_in("id,name\nA,Toko\n", actor=actor_of(rep))
    with pytest.raises(Exception, match=f"No import {done.id}"):
        take_back(done.id, actor_of(add_user()))


def test_a_marketer_may_not_import(bring_in, marketer, actor_of):
    with pytest.raises(Forbidden):
        bring_in("id,name\nA,Toko\n", actor=actor_of(marketer))


def test_the_cursor_moves_with_the_rows_and_a_second_runner_stops(
    session, bring_in, write_file, batches, actor, administrator, monkeypatch
):
    monkeypatch.setattr(engine, "BLOCK_CELLS", 100)
    path = write_file("id,name\n" + "".join(f"{i},Toko {i}\n" for i in range(180)))
    kind = KINDS["accounts"]
    plan = service.plan_file(path, kind, Options())
    with batches(actor)() as work:
        found, _ = service.begin(work, actor, kind, plan, file_name="x.csv", sha256="x")
        import_id = found.id

    def break_off(done, _total):
        if done == 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        service.run(batches(actor), kind, actor, import_id, plan, break_off)
    with batches(actor)() as work:
        again, resumed = service.begin(work, actor, kind, plan, file_name="x.csv", sha256="x")
        assert (again.id, resumed, again.done) == (import_id, True, 100)
        context = service.context(work, actor, import_id, plan)
    with pytest.raises(Exception, match="already running"):
        engine._write(session, kind, context, list(plan.source.open_rows())[:5], 50)
    session.rollback()
    service.run(batches(actor), kind, actor, import_id, plan, lambda _done, _total: None)
    names = session.scalars(select(Account.external_id)).all()
    assert len(names) == len(set(names)) == 180


def test_places_in_a_unit_follow_the_live_plan(session, bring_in):
    session.execute(
        text(
            "INSERT INTO boundary_layers (code, name, level, country, source, vintage, licence,"
            " attribution) VALUES ('idn-adm2', 'Regencies', 2, 'ID', 's', 'v', 'l', 'a');"
            "INSERT INTO boundaries (code, layer, name, country, area_km2, geom, outline, centre)"
            " SELECT 'idn-adm2:1', 'idn-adm2', 'One', 'ID', 1, g, ST_Transform(g, 3857),"
            " ST_Centroid(g) FROM (SELECT ST_Multi(ST_MakeEnvelope(106, -7, 107, -6, 4326))"
            " AS g) q;"
            "INSERT INTO live_units VALUES ('idn-adm2:1', 7)"
        )
    )
    session.commit()
    bring_in("id,name,lat,lon\nA,In,-6.5,106.5\nB,Off the coast,-6.5,107.05\nC,Far,-6.5,109.5\n")
    units = session.execute(
        select(AccountScope.unit, AccountScope.territory_id).order_by(AccountScope.account_id)
    ).all()
    assert units == [("idn-adm2:1", 7), ("idn-adm2:1", 7), (None, None)]


def test_a_file_without_a_name_column_is_refused_with_the_remedy(bring_in):
    with pytest.raises(InvalidInput, match="--map COLUMN=name"):
        bring_in("colour,size\nred,big\n")


def test_a_column_can_be_mapped_by_hand(session, bring_in):
    bring_in("colour,size\nred,big\n", mapping={"colour": "name", "size": "segment"})
    account = session.scalars(select(Account)).one()
    assert (account.name, account.segment) == ("red", "big")
