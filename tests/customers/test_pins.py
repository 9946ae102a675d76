"""A hand-placed pin is never moved by anything but a person's pin or unpin."""

import pytest
from sqlalchemy import select, update

from geocrm.customers import placing_many, queries, service
from geocrm.customers.address_batches import engine
from geocrm.customers.address_batches import service as address_batches
from geocrm.customers.address_batches.online import NoServices
from geocrm.customers.answers import row_of
from geocrm.customers.models import AccountScope, Address, AddressPoint
from geocrm.db import scoped_sql, unit_of_work
from geocrm.geocoding import Answer, Grade
from geocrm.security import OPERATOR, Role
from tests.customers import ground

PIN = (107.6191, -6.9175)
ELSEWHERE = Answer(Grade.ROOFTOP, 110.0, -7.0, 30, provider="osm", label="Elsewhere")
WRITTEN = {"typed": "Jl. Braga 1, Bandung", "city": "Bandung"}


@pytest.fixture
def owner(add_user):
    """Whose customer it is."""
    return add_user(Role.TERRITORY_MANAGER, email="pinner@example.test", name="Dewi")


@pytest.fixture
def pinned(session, owner, actor_of):
    """A customer whose address is looked up and who is then placed by hand."""
    ground.lay(session)
    account = service.create(
        session, actor_of(owner), {"name": "Toko Braga", "external_id": "BRAGA"}, WRITTEN
    )
    service.pin(session, actor_of(owner), account.id, *PIN)
    session.commit()
    return account.id


@pytest.fixture
def where(session):
    """Everything that says where the customer is, in the address and in what lists read."""

    def look(account_id):
        session.expire_all()
        address = session.scalars(select(Address).where(Address.account_id == account_id)).one()
        scope = session.execute(
            select(
                AccountScope.geom.ST_X(), AccountScope.geom.ST_Y(), AccountScope.grade,
                AccountScope.radius_m, AccountScope.unit, AccountScope.qk,
            ).where(AccountScope.account_id == account_id)
        ).one()  # fmt: skip
        return (
            (address.lon, address.lat), address.grade, address.radius_m, address.provider,
            address.label, address.placed_by, address.geocoded_at, *scope,
        )  # fmt: skip

    return look


def test_a_pin_says_who_and_when(session, pinned, owner, where):
    place = where(pinned)
    assert place[:4] == (PIN, "rooftop", 25.0, "pin")
    assert place[5] == owner.id
    assert place[6] is not None
    assert place[11] == ground.WEST
    assert queries.record(session, pinned).placed_by_name == "Dewi"


def test_an_edited_address_leaves_the_pin_and_asks_for_it_to_be_confirmed(
    session, pinned, owner, actor_of, where
):
    before = where(pinned)
    account = queries.get(session, pinned)
    service.change(
        session, actor_of(owner), pinned, account.version, {}, {"typed": "Jl. Asia Afrika 8"}
    )
    session.commit()
    assert where(pinned) == before
    address = session.scalars(select(Address)).one()
    assert address.review == "open"
    assert address.notes == [
        {"code": "moved_address", "given": "Jl. Braga 1, Bandung, Bandung, ID"}
    ]
    assert address.answered != address.fingerprint

    service.pin(session, actor_of(owner), pinned, *PIN)
    session.commit()
    address = session.scalars(select(Address)).one()
    assert (address.review, address.reviewed_by, address.notes) == ("settled", owner.id, [])
    assert address.answered == address.fingerprint


def test_an_address_written_back_as_it_was_asks_nothing(session, pinned, owner, actor_of):
    for typed in ("Jl. Asia Afrika 8", "  jl. BRAGA 1,  bandung"):
        version = queries.get(session, pinned).version
        service.change(session, actor_of(owner), pinned, version, {}, {"typed": typed})
        session.commit()
    address = session.scalars(select(Address)).one()
    assert (address.review, address.notes, address.answered_address) == (None, [], None)


@pytest.mark.parametrize("choice", ["pending", "weak", "all"])
def test_no_batch_takes_a_pin_up(sessions, session, pinned, actor, where, choice):
    session.execute(
        update(Address)
        .values(typed="Jl. Asia Afrika 8")
        .execution_options(synchronize_session=False)
    )
    session.commit()
    before = where(pinned)
    with unit_of_work(sessions, actor) as work:
        batch_id = address_batches.begin(work, actor, choice, online=False, country="ID").id
    engine.run(
        lambda: unit_of_work(sessions, actor), sessions, batch_id, NoServices(), lambda *_: None
    )
    with unit_of_work(sessions, actor) as work:
        assert work.get_one(engine.AddressBatch, batch_id).addresses == 0
    assert where(pinned) == before


def test_a_pin_set_while_a_batch_looks_the_address_up_stays(session, pinned, where):
    """The batch's answer comes after the pin: neither its condition nor the trigger lets it in."""
    before = where(pinned)
    address = session.scalars(select(Address)).one()
    placed = placing_many.place(
        session,
        [(1, address.fingerprint, row_of(ELSEWHERE))],
        "SELECT 1 AS no, CAST(:id AS bigint) AS account_id",
        {"id": pinned},
    )
    assert (placed.asked, placed.moved) == (0, 0)
    assert where(pinned) == before


def test_a_file_with_coordinates_leaves_the_pin(bring_in, pinned, where):
    before = where(pinned)
    done = bring_in("id,name,lat,lon\nBRAGA,Toko Braga Baru,-7.25,110.5\n")
    assert done.updated == 1
    assert where(pinned) == before


def test_a_file_with_another_address_leaves_the_pin_and_asks(bring_in, session, pinned, where):
    before = where(pinned)
    done = bring_in("id,name,alamat,kota\nBRAGA,Toko Braga,Jl. Tunjungan 5,Surabaya\n")
    assert done.updated == 1
    assert where(pinned) == before
    address = session.scalars(select(Address)).one()
    assert (address.city, address.review) == ("Surabaya", "open")


def test_undoing_an_import_spares_a_pin_that_was_set_since(
    bring_in, take_back, session, owner, actor_of, where
):
    made = bring_in("id,name,lat,lon\nASIA,Toko Asia,-6.9,107.6\n", actor=actor_of(owner))
    changed = bring_in("id,name,lat,lon\nASIA,Toko Asia,-6.8,107.5\n", actor=actor_of(owner))
    (account_id,) = session.scalars(select(Address.account_id)).all()
    service.pin(session, actor_of(owner), account_id, *PIN)
    session.commit()
    before = where(account_id)
    for import_id in (changed.id, made.id):
        take_back(import_id)
        assert where(account_id) == before


def test_undoing_an_import_puts_the_address_back_under_its_pin(
    bring_in, take_back, session, pinned, where
):
    before = where(pinned)
    done = bring_in("id,name,alamat,kota\nBRAGA,Toko Braga,Jl. Tunjungan 5,Surabaya\n")
    assert take_back(done.id) == (1, 0)
    assert where(pinned) == before
    address = session.scalars(select(Address)).one()
    assert (address.typed, address.review) == (WRITTEN["typed"], None)
    assert address.answered == address.fingerprint


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE addresses SET lon = 110, lat = -7",
        "UPDATE addresses SET lon = 110, lat = -7, provider = 'osm', geocoded_at = now()",
        "UPDATE addresses SET provider = 'gazetteer', label = 'Elsewhere', placed_by = NULL",
        "UPDATE addresses SET lon = NULL, lat = NULL, grade = 'none', provider = NULL",
        "UPDATE addresses SET lon = 110, provider = 'pin', geocoded_at = '2020-01-01'",
        "UPDATE account_scope SET geom = ST_SetSRID(ST_MakePoint(110, -7), 4326), unit = NULL",
        "UPDATE account_scope SET geom = NULL, grade = 'none', radius_m = NULL, unit = NULL",
        "UPDATE account_scope SET grade = 'village', radius_m = 5000",
    ],
)
def test_a_raw_statement_leaves_the_pin(session, pinned, where, statement):
    before = where(pinned)
    scoped_sql(session, f"{statement} FROM account_scope s2 WHERE {{scope:s2}}")
    session.commit()
    assert where(pinned) == before


def test_a_new_pin_moves_it_and_the_old_one_stays_in_its_history(
    session, pinned, owner, add_user, actor_of, where
):
    boss = add_user(Role.ADMINISTRATOR)
    service.pin(session, actor_of(boss), pinned, 110.4, -7.1)
    session.commit()
    place = where(pinned)
    assert (place[0], place[3], place[5]) == ((110.4, -7.1), "pin", boss.id)
    assert place[7:9] == (110.4, -7.1)
    assert place[11] == ground.EAST
    last = session.scalars(select(AddressPoint).order_by(AddressPoint.id.desc())).first()
    assert (last.lon, last.lat, last.provider, last.placed_by) == (*PIN, "pin", owner.id)
    assert last.address == "Jl. Braga 1, Bandung, Bandung, ID"


def test_unpinning_lets_the_address_speak_again(session, pinned, owner, actor_of, where):
    service.unpin(session, actor_of(owner), pinned)
    session.commit()
    place = where(pinned)
    assert place[3] != "pin"
    assert place[5] is None
    before = where(pinned)
    scoped_sql(
        session,
        "UPDATE addresses SET lon = 110, lat = -7, grade = 'street', geocoded_at = now()"
        " FROM account_scope s WHERE {scope:s}",
    )
    assert where(pinned) != before, "what nobody pinned can be moved"


def test_letting_go_of_one_pin_lets_no_other_go_in_the_same_transaction(
    session, pinned, owner, actor_of, where
):
    other = service.create(session, actor_of(owner), {"name": "Toko Lain"}, WRITTEN).id
    service.pin(session, actor_of(owner), other, *PIN)
    before = where(pinned)
    service.unpin(session, actor_of(owner), other)
    scoped_sql(
        session,
        "UPDATE addresses d SET lon = 110, lat = -7, provider = 'osm', geocoded_at = now()"
        " FROM account_scope s WHERE s.account_id = d.account_id AND d.account_id = :id"
        " AND {scope:s}",
        {"id": pinned},
    )
    assert where(pinned) == before


def test_a_rewritten_address_keeps_the_old_point_with_the_address_it_answered(
    session, owner, actor_of
):
    account = service.create(session, actor_of(owner), {"name": "Toko"}, WRITTEN)
    session.execute(
        update(Address)
        .values(lon=107.6, lat=-6.9, grade="street", provider="osm", label="Braga")
        .execution_options(synchronize_session=False)
    )
    session.commit()
    service.change(
        session, actor_of(owner), account.id, account.version, {}, {"typed": "Jl. Tunjungan 5"}
    )
    session.commit()
    (old,) = session.scalars(select(AddressPoint)).all()
    assert (old.lon, old.lat, old.grade, old.label) == (107.6, -6.9, "street", "Braga")
    assert old.address == "Jl. Braga 1, Bandung, Bandung, ID"


def test_nobody_sees_the_history_of_a_customer_of_others(session, pinned, rep, actor_of, sessions):
    service.pin(session, OPERATOR, pinned, 110, -7)
    session.commit()
    assert session.scalars(select(AddressPoint.id)).all()
    with unit_of_work(sessions, actor_of(rep)) as work:
        assert work.scalars(select(AddressPoint.id)).all() == []
