"""Points that may be kept for a while only."""

from datetime import timedelta

from sqlalchemy import select, text

from geocrm import clock
from geocrm.customers import retention
from geocrm.customers.models import AddressPoint
from geocrm.db import unit_of_work
from geocrm.security import OPERATOR
from tests.customers import ground
from tests.customers.address_batches.given import NOW, write


def test_a_point_that_may_not_be_kept_goes_and_leaves_no_trace(
    session, sessions, add, look, statements
):
    ground.lay(session)
    account_id, kept = add(), add()
    for each, until in ((account_id, -1), (kept, 1)):
        write(
            session, each, lon=110.123, lat=-7.771, grade="rooftop", radius_m=20,
            provider="google", label="Jl. Kaliurang 5", geocoded_at=NOW,
            candidates=[{"label": "other", "grade": "street", "lon": 110.124, "lat": -7.772,
                         "radius_m": 5}],
            retain_until=clock.now() + timedelta(days=until),
        )  # fmt: skip
    session.commit()
    gone = retention.forget_points(lambda: unit_of_work(sessions, OPERATOR), lambda *_: None)
    assert gone == 1
    address = look.address(account_id)
    assert (address.provider, address.grade, address.retain_until) == (
        "gazetteer", "village", None,
    )  # fmt: skip
    assert look.scope(account_id).grade == "village"
    assert look.address(kept).provider == "google"
    (old,) = session.scalars(select(AddressPoint)).all()
    assert (old.provider, old.lon, old.lat, old.label) == ("google", None, None, None)
    stored = session.connection().execute(
        text("SELECT CAST(to_jsonb(d) AS text) FROM addresses d JOIN account_scope s"
             " USING (account_id) WHERE account_id = :id"),
        {"id": account_id},
    ).scalar_one()  # fmt: skip
    assert "110.12" not in stored


def test_an_address_nobody_can_keep_or_find_waits_to_be_looked_up(session, sessions, add, look):
    account_id = add(village=None, district=None, city=None, region=None, typed="Nowhere at all")
    write(session, account_id, lon=110.123, lat=-7.771, grade="rooftop", provider="google",
          geocoded_at=NOW, retain_until=clock.now() - timedelta(days=1))  # fmt: skip
    session.commit()
    retention.forget_points(lambda: unit_of_work(sessions, OPERATOR), lambda *_: None)
    address = look.address(account_id)
    assert address.grade in ("none", "country")
    assert address.review == "open"
