"""What a batch takes, writes and leaves alone."""

from sqlalchemy import select, text, update

from geocrm.customers import placing_many
from geocrm.customers.address_batches import local_steps, queries
from geocrm.customers.address_batches import service as address_batches
from geocrm.customers.address_batches.models import AddressBatchItem
from geocrm.customers.address_batches.online import NoServices
from geocrm.customers.answers import row_of
from geocrm.customers.models import AccountScope, Address, AddressPoint
from geocrm.geocoding import Answer, Grade
from geocrm.security import OPERATOR, Role
from tests.customers import ground
from tests.customers.address_batches.given import NOW, write


def test_an_address_is_looked_up_and_written_with_everything_the_answer_says(
    session, add, begin, go_on, look
):
    ground.lay(session)
    account_id = add()
    batch_id = begin()
    go_on(batch_id)
    address, scope = look.address(account_id), look.scope(account_id)
    assert (address.grade, address.provider) == ("village", "gazetteer")
    assert "Caturtunggal" in address.label
    assert address.answered == address.fingerprint
    assert address.licence
    assert address.attribution
    assert address.review is None
    assert (scope.grade, scope.radius_m, scope.unit) == ("village", address.radius_m, ground.EAST)
    assert scope.qk is not None
    batch = look.batch(batch_id)
    assert (batch.state, batch.addresses, batch.moved, batch.spared) == ("done", 1, 1, 0)
    assert batch.grades == {"village": 1}
    assert session.scalars(select(AddressBatchItem)).all() == [], "the list is not kept"


def test_equal_addresses_are_one_look_up_and_all_get_its_answer(add, begin, go_on, look):
    ids = [add(), add(typed="  jl. KALIURANG   5 "), add(typed="Jl. Kaliurang 6")]
    batch_id = begin()
    go_on(batch_id)
    batch = look.batch(batch_id)
    assert (batch.addresses, batch.lookups, batch.moved) == (3, 2, 3)
    assert {look.address(account_id).grade for account_id in ids} == {"village"}


def test_a_customer_falls_into_the_territory_of_the_unit_it_is_found_in(
    session, add, begin, go_on, look
):
    ground.lay(session)
    session.execute(
        text("INSERT INTO live_units (unit, territory_id) VALUES (:unit, 7)"),
        {"unit": ground.EAST},
    )
    account_id = add()
    go_on(begin())
    assert look.scope(account_id).territory_id == 7


def test_customers_of_others_are_neither_counted_nor_touched(
    session, add, add_user, actor_of, begin, go_on, look
):
    mine, others = add_user(Role.FIELD_REP), add_user(Role.FIELD_REP)
    my_account, other_account = add(owner=mine), add(owner=others)
    actor = actor_of(mine)
    session.info["scope"] = actor
    assert address_batches.estimate(session, actor, "all", NoServices()).addresses == 1
    session.info["scope"] = OPERATOR
    batch_id = begin("all", actor)
    go_on(batch_id, actor)
    assert look.batch(batch_id).addresses == 1
    assert look.address(my_account).grade == "village"
    assert look.address(other_account).answered is None


def test_a_customer_given_away_while_the_batch_runs_is_left_alone(
    session, add, add_user, actor_of, begin, go_on, look, monkeypatch
):
    monkeypatch.setattr(local_steps, "CHUNK", 1)
    mine, others = add_user(Role.FIELD_REP), add_user(Role.FIELD_REP)
    first, second = add(owner=mine), add(owner=mine, typed="Jl. Kaliurang 9")
    batch_id = begin("pending", actor_of(mine))

    def give_away(*_):
        session.execute(
            update(AccountScope)
            .where(AccountScope.account_id == second)
            .values(owner_id=others.id)
            .execution_options(synchronize_session=False)
        )
        session.commit()

    go_on(batch_id, actor_of(mine), report=give_away)
    assert look.address(first).grade == "village"
    assert look.address(second).answered is None
    assert (look.batch(batch_id).moved, look.batch(batch_id).spared) == (1, 1)


def test_each_choice_takes_what_its_name_says(session, add, begin, go_on, look):
    never, coarse, fine, filed, settled = (add(typed=f"Jl. Kaliurang {n}") for n in range(5))
    answered = {"geocoded_at": NOW, "lon": 110.4, "lat": -7.7}
    for account_id, values in {
        coarse: {"grade": "district", "provider": "gazetteer"},
        fine: {"grade": "street", "provider": "osm"},
        filed: {"grade": "village", "provider": "file"},
        settled: {"grade": "village", "provider": "gazetteer"},
    }.items():
        write(session, account_id, **answered, **values)
    write(session, settled, review="settled")
    add(typed="", village=None, district=None, city=None, region=None)  # nothing to look up
    session.commit()
    taken = {choice: queries.extent(session, choice).addresses for choice in queries.CHOICES}
    assert taken == {"pending": 1, "weak": 2, "all": 3}
    write(session, settled, typed="Jl. Malioboro 1")
    assert look.address(settled).review is None, "a verdict on another address is none on this"
    assert queries.extent(session, "pending").addresses == 2
    go_on(begin("pending"))
    assert look.address(never).grade == "village"
    assert look.address(coarse).grade == "district"


def test_a_better_point_of_another_service_is_not_made_worse(session, add, begin, go_on, look):
    account_id = add()
    write(session, account_id, lon=110.1, lat=-7.1, grade="street", radius_m=100, provider="here",
          geocoded_at=NOW)  # fmt: skip
    session.commit()
    batch_id = begin("all")
    go_on(batch_id)
    address = look.address(account_id)
    assert (address.lon, address.grade, address.provider) == (110.1, "street", "here")
    assert look.batch(batch_id).moved == 0


def test_the_same_answer_again_changes_nothing_and_leaves_no_history(
    session, add, begin, go_on, look
):
    account_id = add()
    go_on(begin("all"))
    before = look.address(account_id).geocoded_at
    batch_id = begin("all")
    go_on(batch_id)
    assert look.address(account_id).geocoded_at == before
    assert look.batch(batch_id).moved == 0
    assert session.scalars(select(AddressPoint)).all() == []


def test_a_chunk_takes_the_same_few_statements_however_many_addresses_it_holds(
    session, add, statements
):
    ids = [add(typed=f"Jl. Kaliurang {n}") for n in range(20)]
    fingerprints = dict(session.execute(select(Address.account_id, Address.fingerprint)).all())
    answer = row_of(Answer(Grade.VILLAGE, 110.4, -7.7, 900, provider="gazetteer"))
    counted = []
    for some in (ids[:1], ids[1:]):
        statements.clear()
        placed = placing_many.place(
            session,
            [(account_id, fingerprints[account_id], answer) for account_id in some],
            "SELECT no, no AS account_id FROM new_points",
            {},
        )
        assert placed.moved == len(some)
        counted.append(len(statements))
    assert counted == [10, 10]
