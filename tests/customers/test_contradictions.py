"""Points that contradict their address: each kind is found, put right, and taken back."""

from typing import Any

import pytest
from sqlalchemy import func, select, text

from geocrm.customers import (
    contradictions,
    decisions,
    review,
    review_queries,
    review_tasks,
    scope,
)
from geocrm.customers.contradictions import Cursor
from geocrm.customers.models import AccountScope, Address
from geocrm.errors import Forbidden, InvalidInput
from geocrm.jobs import JobRun, Work
from geocrm.security import OPERATOR

# Two regencies of one province side by side, one of another far away, and a country beyond.
UNITS = {
    "wld-adm0:IDN": ("Indonesia", "ID", None, (30, 10, 32, 11)),
    "wld-adm0:MYS": ("Malaysia", "MY", None, (40, 10, 41, 11)),
    "idn-adm1:11": ("Utara", "ID", "wld-adm0:IDN", (30, 10, 32, 11)),
    "idn-adm2:11.01": ("Kabupaten Barat", "ID", "idn-adm1:11", (30, 10, 31, 11)),
    "idn-adm2:11.02": ("Kota Timur", "ID", "idn-adm1:11", (31, 10, 32, 11)),
    "wld-adm1:MYS-1": ("Johor", "MY", "wld-adm0:MYS", (40, 10, 41, 11)),
}
KINDS = {"wld-adm0": "country", "idn-adm1": "region", "wld-adm1": "region", "idn-adm2": "regency"}
BARAT, TIMUR = (30.4, 10.5), (31.6, 10.5)


@pytest.fixture(autouse=True)
def drawn(session):
    """The units, and the places of the gazetteer that bear their names."""
    for level, layer in enumerate(("wld-adm0", "idn-adm1", "wld-adm1", "idn-adm2")):
        session.execute(
            text(
                "INSERT INTO boundary_layers (code, name, country, level, source, vintage, licence,"
                " attribution) VALUES (:code, :code, :country, :level, 'us', '2025', 'none', 'us')"
            ),
            {"code": layer, "country": "ID" if layer[:3] == "idn" else None,
             "level": (0, 1, 1, 2)[level]},
        )  # fmt: skip
    for number, (code, (name, country, parent, box)) in enumerate(UNITS.items(), start=1):
        shape = "ST_Multi(ST_MakeEnvelope(:w, :s, :e, :n, 4326))"
        values = dict(zip("wsen", box, strict=True)) | {
            "code": code, "layer": code.split(":")[0], "name": name, "country": country,
            "parent": parent, "id": number, "kind": KINDS[code.split(":")[0]],
            "key": name.lower().removeprefix("kabupaten ").removeprefix("kota "),
        }  # fmt: skip
        for sql in (
            "INSERT INTO boundaries (code, layer, name, country, parent, area_km2, geom, outline,"
            f" centre) VALUES (:code, :layer, :name, :country, :parent, 1, {shape},"
            f" ST_Transform({shape}, 3857), ST_Centroid({shape}))",
            "INSERT INTO gazetteer_places (id, code, kind, country, name, label, population, lon,"
            " lat, radius_m, region_id) VALUES (:id, :code, :kind, :country, :name, :name, 1,"
            " (CAST(:w AS float) + :e) / 2, (CAST(:s AS float) + :n) / 2, 50000,"
            " CASE WHEN :kind = 'regency' THEN 3 END)",
            "INSERT INTO gazetteer_names (key, country, place_id, weight)"
            " VALUES (:key, :country, :id, 1)",
        ):
            session.execute(text(sql), values)
    session.commit()


@pytest.fixture
def add_placed(session, add_account):
    """Add a customer whose point came from a file, with what the address says."""

    def add(at, name="Toko", grade="rooftop", **address: Any):
        fields = {key: address.pop(key) for key in ("owner", "revenue") if key in address}
        account = add_account(name, at=at, grade=grade, **fields)
        scope.place(session, account.id)
        row = session.get_one(Address, account.id)
        words = {"typed": f"Jl. {name} 1", "provider": "file", "radius_m": 25.0} | address
        row.typed = words.pop("typed")
        row.city, row.region = words.pop("city", None), words.pop("region", None)
        row.geocoded_at = func.now()
        session.flush()
        for key, value in words.items():
            setattr(row, key, value)
        session.get_one(AccountScope, account.id).radius_m = row.radius_m
        session.commit()
        return account.id

    return add


@pytest.fixture
def kinds_of(session):
    """Which kinds an account is of."""

    def kinds(account_id):
        return [k for k in contradictions.KINDS if account_id in contradictions.ids(session, k)]

    return kinds


def address_of(session, account_id):
    session.expire_all()
    return session.get_one(Address, account_id)


# ------------------------------------------------------------------------------ finding


@pytest.mark.parametrize(
    ("at", "address", "expected"),
    [
        (BARAT, {"city": "Kabupaten Barat"}, []),
        (BARAT, {"city": "Barat", "region": "Utara"}, []),
        (BARAT, {"typed": "Jl. Melati 3, Barat"}, []),
        (BARAT, {"typed": "somewhere nobody knows"}, []),
        (TIMUR, {"city": "Kabupaten Barat"}, ["outside"]),
        (TIMUR, {"typed": "Jl. Melati 3, Barat 40111, Utara"}, ["outside"]),
        (TIMUR, {"typed": "Jl. Melati 3", "label": "Desa X, Kabupaten Barat, Utara"}, ["outside"]),
        (BARAT, {"city": "Kota Barat"}, []),  # there is a Kabupaten Barat, but no Kota
        ((10.5, 30.4), {"city": "Kabupaten Barat"}, ["swapped"]),
        ((10.5, 30.4), {"typed": "somewhere nobody knows"}, ["swapped"]),
        ((30.4, -10.5), {"city": "Kabupaten Barat"}, ["sign"]),
        ((-30.4, 10.5), {"city": "Kabupaten Barat"}, ["sign"]),
        ((-30.4, -10.5), {"typed": "Barat"}, ["sign"]),
        ((35.0, 5.0), {"city": "Kabupaten Barat"}, ["sea"]),
        ((40.5, 10.5), {"city": "Kabupaten Barat"}, ["country"]),
        ((40.5, 10.5), {"typed": "somewhere nobody knows"}, ["country"]),
        ((0.0, 0.0), {"city": "Kabupaten Barat"}, ["zero"]),
        ((30.4, 0.0), {"city": "Kabupaten Barat"}, ["zero"]),
    ],
)
def test_a_point_is_held_against_what_its_address_says(add_placed, kinds_of, at, address, expected):
    assert kinds_of(add_placed(at, **address)) == expected


def test_a_point_just_outside_a_coarse_outline_is_no_contradiction(add_placed, kinds_of):
    assert kinds_of(add_placed((31.02, 10.5), city="Kabupaten Barat")) == []
    assert kinds_of(add_placed((31.05, 10.5), city="Kabupaten Barat")) == ["outside"]


def test_a_coarse_point_may_lie_as_far_off_as_it_says(add_placed, kinds_of):
    wide = add_placed((31.05, 10.5), city="Kabupaten Barat", grade="village", radius_m=9_000.0)
    assert kinds_of(wide) == []


def test_many_addresses_on_one_exact_point_are_a_pile(add_placed, kinds_of):
    here = [add_placed(BARAT, name=f"Toko {number}") for number in range(5)]
    few = [add_placed((30.5, 10.6), name=f"Kios {number}") for number in range(4)]
    same = [add_placed((30.6, 10.6), typed="Pasar Barat 1") for _ in range(6)]
    assert all(kinds_of(each) == ["pile"] for each in here)
    assert not any(kinds_of(each) for each in (*few, *same))


@pytest.mark.parametrize("known", [{"provider": "pin"}, {"review": "settled"}])
def test_what_a_person_vouches_for_is_no_contradiction(add_placed, kinds_of, known):
    for at in (TIMUR, (0.0, 0.0), (35.0, 5.0)):
        assert kinds_of(add_placed(at, city="Kabupaten Barat", **known)) == []


def test_kinds_are_counted_with_the_revenue_behind_them(session, add_placed):
    add_placed(TIMUR, city="Kabupaten Barat", revenue=300.0)
    add_placed(TIMUR, city="Kabupaten Barat", revenue=200.0)
    add_placed((0.0, 0.0), revenue=7.0)
    add_placed(BARAT)
    assert contradictions.count(session) == [("zero", 1, 7.0), ("outside", 2, 500.0)]


def test_counting_takes_few_statements_however_many_customers(session, add_placed, statements):
    for number in range(20):
        add_placed(TIMUR, name=f"Toko {number}", city="Kabupaten Barat")
    statements.clear()
    contradictions.count(session)
    assert len(statements) == 6


def test_pages_of_a_kind_follow_each_other(session, add_placed):
    added = {add_placed(TIMUR, city="Barat", revenue=float(n // 2)) for n in range(7)}
    seen, after = [], None
    while True:
        page = contradictions.page(session, "outside", 3, after)
        seen += [row.account_id for row in page.rows]
        if page.next is None:
            break
        after = Cursor.read(str(page.next))
    assert sorted(seen) == sorted(added)


def test_somebody_elses_are_neither_counted_nor_put_right(session, add_placed, rep, actor_of):
    theirs = add_placed((10.5, 30.4), city="Barat")
    session.info["scope"] = actor_of(rep)
    assert contradictions.count(session) == []
    decision = contradictions.begin(session, actor_of(rep), "swapped", "move")
    done = contradictions.settle(session, actor_of(rep), decision, "swapped", "move", [theirs])
    assert done.account_ids == []


# ------------------------------------------------------------------------------ putting right


@pytest.fixture
def settle(session):
    """Put accounts right as the operator."""

    def run(kind, proposal, account_ids):
        decision = contradictions.begin(session, OPERATOR, kind, proposal)
        done = contradictions.settle(session, OPERATOR, decision, kind, proposal, account_ids)
        session.commit()
        return decision, done

    return run


@pytest.mark.parametrize(
    ("kind", "at"),
    [("swapped", (10.5, 30.4)), ("sign", (30.4, -10.5)), ("sign", (-30.4, -10.5))],
)
def test_a_moved_point_lies_where_the_address_says(session, add_placed, settle, kinds_of, kind, at):
    account_id = add_placed(at, city="Kabupaten Barat")
    settle(kind, "move", [account_id])
    address = address_of(session, account_id)
    assert (address.lon, address.lat) == BARAT
    assert (address.provider, address.review, address.grade) == ("file", "settled", "rooftop")
    assert session.get_one(AccountScope, account_id).unit == "idn-adm2:11.01"
    assert kinds_of(account_id) == []


def test_the_point_of_the_address_itself_takes_its_place(session, add_placed, settle, kinds_of):
    account_id = add_placed(TIMUR, typed="Kabupaten Barat")
    settle("outside", "address", [account_id])
    address = address_of(session, account_id)
    assert (address.lon, address.lat, address.grade) == (30.5, 10.5, "regency")
    assert address.provider == "gazetteer"
    assert kinds_of(account_id) == []


def test_a_point_is_not_given_up_for_a_coarser_one(session, add_placed, settle):
    account_id = add_placed(TIMUR, typed="Jl. Melati", label="Desa X, Kabupaten Barat")
    _decision, done = settle("outside", "address", [account_id])
    assert (done.account_ids, done.skipped) == ([], 1)
    assert address_of(session, account_id).lon == TIMUR[0]


def test_a_worthless_point_goes_though_the_address_gives_little(session, add_placed, settle):
    account_id = add_placed((0.0, 0.0), typed="nobody knows")
    settle("zero", "address", [account_id])
    assert address_of(session, account_id).grade == "country"
    assert session.get_one(AccountScope, account_id).unit is None


def test_what_is_kept_is_settled_and_asked_about_no_more(session, add_placed, settle, kinds_of):
    account_id = add_placed(TIMUR, city="Kabupaten Barat")
    settle("outside", "keep", [account_id])
    assert address_of(session, account_id).review == "settled"
    assert kinds_of(account_id) == []


def test_only_what_is_still_of_the_kind_is_put_right(session, add_placed, settle):
    right, wrong = add_placed(BARAT, city="Barat"), add_placed((10.5, 30.4), city="Barat")
    _decision, done = settle("swapped", "move", [right, wrong])
    assert (done.account_ids, done.skipped) == ([wrong], 1)
    assert address_of(session, right).lon == BARAT[0]


def test_putting_right_is_undone_whole(session, add_placed, settle, kinds_of):
    added = [add_placed((10.5, 30.4), city="Barat") for _ in range(3)]
    decision, _done = settle("swapped", "move", added)
    decisions.undo(session, OPERATOR, decision.id)
    assert all(kinds_of(each) == ["swapped"] for each in added)
    assert address_of(session, added[0]).lon == 10.5


@pytest.mark.parametrize(("kind", "proposal"), [("sea", "move"), ("pile", "x"), ("no", "keep")])
def test_a_proposal_the_kind_has_not_is_refused(session, kind, proposal):
    with pytest.raises(InvalidInput):
        contradictions.begin(session, OPERATOR, kind, proposal)


def test_a_marketer_puts_nothing_right(session, marketer, actor_of):
    with pytest.raises(Forbidden):
        contradictions.begin(session, actor_of(marketer), "sea", "keep")


# ------------------------------------------------------------------------------ review


def test_a_pin_whose_address_was_rewritten_is_offered_what_the_address_says_now(
    session, add_placed
):
    account_id = add_placed(TIMUR, typed="Kota Timur", provider="pin")
    address_of(session, account_id).typed = "Kabupaten Barat"
    session.flush()
    row = review_queries.get(session, account_id)
    assert (row.review, review.reasons(row)[0]) == ("open", "moved")
    (offered,) = review.options(session, [row])
    assert [o.placement.lon for o in offered] == [TIMUR[0], 30.5]
    confirmed = review.Choose(1)
    found = review.decide(session, OPERATOR, account_id, row.seen, confirmed, alike=False)
    kept = address_of(session, account_id)
    assert (kept.provider, kept.review, kept.lon, kept.notes) == ("pin", "settled", TIMUR[0], [])
    assert kept.answered_address is None
    review_tasks.undo(session, OPERATOR, found.decision.id)
    row = review_queries.get(session, account_id)
    review.decide(session, OPERATOR, account_id, row.seen, review.Choose(2), alike=False)
    moved = address_of(session, account_id)
    assert (moved.provider, moved.review, moved.lon) == ("gazetteer", "settled", 30.5)


# ------------------------------------------------------------------------------ many


@pytest.fixture
def few_are_many(monkeypatch):
    """Let three be many, so that a test need not add hundreds."""
    monkeypatch.setattr(review_tasks, "MANY", 2)
    monkeypatch.setattr(review_tasks, "BATCH", 2)


@pytest.fixture
def run_job(session, sessions, actor_of, administrator):
    """Do what the worker would do with the newest job."""

    def run(handler):
        job = session.scalars(select(JobRun).order_by(JobRun.id.desc()).limit(1)).one()
        return handler(Work(job.id, actor_of(administrator), sessions, job.params))

    return run


def test_many_are_put_right_and_taken_back_by_jobs(
    session, add_placed, few_are_many, run_job, administrator, actor_of
):
    added = [add_placed((10.5, 30.4), city="Barat") for _ in range(5)]
    actor = actor_of(administrator)
    begun = review_tasks.settle_all(session, actor, "swapped", "move")
    session.commit()
    assert begun.job is not None
    assert run_job(review_tasks.run_settle) == {"changed": 5, "skipped": 0}
    session.expire_all()
    assert contradictions.ids(session, "swapped") == []
    assert run_job(review_tasks.run_settle) == {"changed": 0, "skipped": 0}
    undoing = review_tasks.undo(session, actor, begun.decision.id)
    session.commit()
    assert isinstance(undoing, JobRun)
    assert run_job(review_tasks.run_undo) == {"restored": 5, "spared": 0}
    session.expire_all()
    assert contradictions.ids(session, "swapped") == added


def test_few_are_put_right_at_once(session, add_placed):
    add_placed((10.5, 30.4), city="Barat")
    begun = review_tasks.settle_all(session, OPERATOR, "swapped", "move")
    assert (begun.job, begun.changed, begun.skipped) == (None, 1, 0)
