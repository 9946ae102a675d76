"""Many addresses at once: the same answers as one by one, in a handful of statements."""

import random

from sqlalchemy import text

from geocrm.geocoding import AddressQuery, Grade, service


def _villages(session, count):
    return session.execute(
        text(
            "SELECT v.name, d.name AS district, r.name AS city, p.name AS region,"
            " c.name AS postcode, v.code FROM gazetteer_places v"
            " JOIN gazetteer_places d ON d.id = v.district_id"
            " JOIN gazetteer_places r ON r.id = v.regency_id"
            " JOIN gazetteer_places p ON p.id = v.region_id"
            " JOIN gazetteer_places c ON c.id = v.postcode_id"
            " WHERE v.kind = 'village' ORDER BY md5(v.code) LIMIT :n"
        ),
        {"n": count},
    ).all()


def _damaged(rows):
    """Addresses of the villages, with slips, missing parts, and all in one line, in turn."""
    rng = random.Random(5)
    for i, row in enumerate(rows):
        at = rng.randrange(len(row.name))
        slip = row.name[:at] + rng.choice("aeioulnrst") + row.name[at + 1 :]
        yield (
            AddressQuery(village=row.name, district=row.district, city=row.city, region=row.region),
            AddressQuery(village=slip, district=row.district, city=row.city),
            AddressQuery(village=row.name, postcode=row.postcode),
            AddressQuery(text=f"Jl. Mawar 3 {row.name} {row.district} {row.city}"),
            AddressQuery(text=f"{row.name}, {row.region}"),
            AddressQuery(text=f"{slip}, {row.district}, {row.city} {row.postcode}"),
        )[i % 6]


def test_many_addresses_get_the_answers_each_gets_alone(session):
    queries = [*_damaged(_villages(session, 240)), AddressQuery(), AddressQuery(text="x")]

    together = service.geocode_many(session, queries)

    assert together == [service.geocode(session, query) for query in queries]
    assert len({answer.grade for answer in together}) >= 4


def test_every_village_with_its_units_is_found_exactly(session):
    rows = _villages(session, 500)
    queries = [
        AddressQuery(village=r.name, district=r.district, city=r.city, postcode=r.postcode)
        for r in rows
    ]

    answers = service.geocode_many(session, queries)

    right = [a.place_code == r.code for a, r in zip(answers, rows, strict=True)]
    assert sum(right) >= 0.99 * len(rows)
    wrong = [a for a, good in zip(answers, right, strict=True) if not good]
    assert all(a.alternatives or a.grade is not Grade.VILLAGE for a in wrong)


def test_the_number_of_statements_does_not_grow_with_the_number_of_addresses(session, statements):
    queries = list(_damaged(_villages(session, 600)))
    statements.clear()

    service.geocode_many(session, queries)

    assert len(statements) <= 14


def test_equal_addresses_are_answered_alike_and_in_their_order(session):
    here, there = AddressQuery(text="Kota Bandung"), AddressQuery(text="Kota Depok")

    answers = service.geocode_many(session, [here, there, here])

    assert [answer.label.split(",")[0] for answer in answers] == [
        "Kota Bandung", "Kota Depok", "Kota Bandung",
    ]  # fmt: skip
    assert service.geocode_many(session, []) == []


def test_what_is_remembered_from_chunk_to_chunk_changes_no_answer_and_asks_less(
    session, statements
):
    first = [AddressQuery(text="Braga, Sumur Bandung, Kota Bandung")]
    second = [AddressQuery(text="Bragga, Sumur Bandung, Kota Bandung"), *first]
    apart = [service.geocode_many(session, chunk) for chunk in (first, second)]
    memory = service.Memory()
    statements.clear()
    together = [service.geocode_many(session, chunk, memory=memory) for chunk in (first, second)]
    remembered = len(statements)
    assert together == apart
    statements.clear()
    service.geocode_many(session, second, memory=memory)
    assert len(statements) < remembered
