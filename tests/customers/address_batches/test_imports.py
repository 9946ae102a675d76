"""Imports keep what the geocoder says, as batches do, and their undo brings it back."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from geocrm import clock
from geocrm.customers.address_batches import queries
from geocrm.customers.models import Address, AddressPoint
from tests.customers.address_batches.given import NOW, write

FOUND = "A,Toko A,Jl. Kaliurang 5,Caturtunggal,Depok,Kabupaten Sleman\n"
MOVED = "A,Toko A,Jl. Mataram 1,Wirogunan,Mergangsan,Kota Yogyakarta\n"
HEAD = "id,name,alamat,kelurahan,kecamatan,kota\n"


@pytest.fixture
def address(session):
    """The only address there is, as it is now."""

    def now():
        session.expire_all()
        return session.scalars(select(Address)).one()

    return now


def test_an_imported_address_keeps_everything_the_answer_says(bring_in, session, address):
    bring_in(HEAD + FOUND)
    kept = address()
    assert (kept.grade, kept.provider) == ("village", "gazetteer")
    assert kept.p5000 > 0.9
    assert kept.licence
    assert kept.attribution
    assert kept.answered == kept.fingerprint
    assert queries.extent(session, "pending").addresses == 0


def test_an_address_that_was_not_found_waits_for_a_person_not_for_a_batch(
    bring_in, session, address
):
    bring_in("id,name,alamat\nA,Toko A,Entah di mana\n")
    assert (address().grade, address().review) == ("none", "open")
    assert queries.extent(session, "pending").addresses == 0


def test_undoing_a_move_brings_the_old_answer_back_as_an_answer(bring_in, take_back, address):
    bring_in(HEAD + FOUND)
    before = address()
    old = (before.lon, before.fingerprint, before.answered, before.p5000, before.geocoded_at)
    moved = bring_in(HEAD + MOVED)
    assert address().lon != old[0]
    take_back(moved.id)
    after = address()
    assert (
        after.lon, after.fingerprint, after.answered, after.p5000, after.geocoded_at
    ) == old  # fmt: skip


def test_undoing_leaves_an_address_waiting_that_waited_before(
    bring_in, take_back, session, address
):
    bring_in(HEAD + FOUND)
    write(session, address().account_id, typed="Jl. Kaliurang 6")
    waiting = (address().fingerprint, address().answered)
    assert waiting[0] != waiting[1]
    take_back(bring_in(HEAD + MOVED).id)
    assert (address().fingerprint, address().answered) == waiting


def test_what_an_import_keeps_for_its_undo_holds_no_point_that_may_not_be_kept(
    bring_in, take_back, session, address
):
    bring_in(HEAD + FOUND)
    write(
        session, address().account_id, lon=110.123, lat=-7.123, grade="rooftop", provider="google",
        label="Rumah 110.123", geocoded_at=NOW, retain_until=clock.now() + timedelta(days=30),
    )  # fmt: skip
    moved = bring_in(HEAD + MOVED)
    images = session.scalars(text("SELECT CAST(before AS text) FROM import_rows")).all()
    assert not any("110.123" in image for image in images if image)
    history = session.scalars(select(AddressPoint)).all()
    assert [(old.provider, old.lon) for old in history if old.provider == "google"] == [
        ("google", None)
    ]
    assert take_back(moved.id) == (1, 0)
    assert (address().lon, address().grade, address().answered) == (None, "none", None)
