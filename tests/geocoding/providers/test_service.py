"""The providers are asked in their order, believed as far as they agree, and asked once."""

import logging
from datetime import timedelta
from decimal import Decimal

import pytest
import shapely
from sqlalchemy import text

from geocrm import clock
from geocrm.geocoding import AddressQuery, Answer, Grade, Note
from geocrm.geocoding import service as offline
from geocrm.geocoding.providers import service, tasks
from geocrm.jobs import Work
from geocrm.security import OPERATOR
from tests.geocoding.providers import town as manners
from tests.geocoding.providers.town import place

BRAGA = "Jl. Braga 12, Kel. Braga, Bandung 40111"


def ask(sessions, line=BRAGA, **more):
    return service.ask(sessions, AddressQuery(text=line), "ID", **more)


def test_without_providers_nobody_knows(session, sessions):
    assert service.enabled(session) == []
    assert ask(sessions) == service.Asked(None, None)


def test_nothing_is_asked_for_an_empty_address(sessions, add_provider, town):
    add_provider()
    assert ask(sessions, "  , ") == service.Asked(None, None)
    assert town.asked == []


def test_an_address_nobody_knows_is_told_from_one_nobody_could_answer(sessions, add_provider, town):
    add_provider()
    assert ask(sessions) == service.Asked(None, None)
    town.usual = manners.says(b"", 503)
    asked = ask(sessions, "Jl. Lain 1, Bandung")
    assert asked.answer is None
    assert asked.retry_in_s > 0


def test_the_first_good_answer_ends_the_asking(sessions, add_provider, town):
    add_provider("first")
    add_provider("second")
    town.usual = manners.answers(place())
    assert ask(sessions).answer.provider == "first"
    assert len(town.asked) == 1


def test_providers_are_asked_in_the_order_of_the_administrator(
    session, sessions, add_provider, town
):
    add_provider("first")
    second = add_provider("second")
    session.execute(text("UPDATE geocoding_providers SET position = 0 WHERE name = 'second'"))
    session.commit()
    assert [each.name for each in service.enabled(session)] == ["second", "first"]
    town.usual = manners.answers(place())
    assert ask(sessions).answer.provider == second.name


def test_one_that_is_off_is_not_asked(session, sessions, add_provider, town):
    add_provider()
    session.execute(text("UPDATE geocoding_providers SET enabled = false"))
    session.commit()
    assert ask(sessions).answer is None
    assert town.asked == []


def test_a_coarse_answer_lets_the_next_one_be_asked_and_stays_as_a_runner_up(
    sessions, add_provider, town
):
    add_provider("first")
    add_provider("second")
    village = place("", "", rank=20, at=(107.6100, -6.9200))
    town.then(manners.answers(village), manners.answers(place()))
    answer = ask(sessions).answer
    assert (answer.grade, answer.provider, answer.ambiguous) == (Grade.ROOFTOP, "second", False)
    (other,) = answer.alternatives
    assert (other.lon, other.lat) == (107.61, -6.92)


def test_two_that_contradict_each_other_are_ambiguous(sessions, add_provider, town):
    add_provider("first")
    add_provider("second")
    elsewhere = place("", at=(107.6093, -6.9375), rank=26, postcode="40261")
    town.then(manners.answers(elsewhere), manners.answers(place()))
    answer = ask(sessions).answer
    assert (answer.provider, answer.grade, answer.ambiguous) == ("second", Grade.ROOFTOP, True)


def test_a_broken_provider_does_not_keep_the_next_from_answering(sessions, add_provider, town):
    add_provider("first")
    add_provider("second")
    town.then(manners.says(b"", 500), manners.answers(place()))
    asked = ask(sessions)
    assert (asked.answer.provider, asked.retry_in_s) == ("second", None)


def test_a_coarse_answer_says_that_a_better_one_may_come(sessions, add_provider, town):
    add_provider("first")
    add_provider("second")
    town.then(manners.answers(place("", "", rank=20)), manners.says(b"", 429, Retry_After="9"))
    asked = ask(sessions, patience_s=0)
    assert (asked.answer.provider, asked.retry_in_s) == ("first", 9)


def test_the_same_address_is_asked_once_however_it_is_written(sessions, add_provider, town):
    add_provider()
    town.usual = manners.answers(place())
    first = ask(sessions)
    again = ask(sessions, "  JL. BRAGA 12,  kel. braga, BANDUNG   40111 ")
    assert len(town.asked) == 1
    assert (again.answer.lon, again.answer.grade) == (first.answer.lon, Grade.ROOFTOP)


def test_another_server_is_asked_anew(session, sessions, add_provider, town):
    add_provider()
    town.usual = manners.answers(place())
    ask(sessions)
    session.execute(
        text("UPDATE geocoding_providers SET settings = jsonb_set(settings, '{domain}', :new)"),
        {"new": f'"localhost:{town.port}"'},
    )
    session.commit()
    ask(sessions)
    assert len(town.asked) == 2


def test_that_nobody_knows_it_is_kept_for_a_week(session, sessions, add_provider, town):
    add_provider()
    ask(sessions)
    ask(sessions)
    assert len(town.asked) == 1
    (kept,) = session.execute(text("SELECT fetched_at, expires_at FROM geocoding_cache"))
    assert kept.expires_at - kept.fetched_at == timedelta(days=7)


def test_what_is_kept_is_not_used_past_its_time_and_then_deleted(
    session, sessions, add_provider, town
):
    add_provider()
    ask(sessions)
    session.execute(
        text(
            "UPDATE geocoding_cache SET fetched_at = now() - interval '9 days',"
            " expires_at = now() - interval '2 days'"
        )
    )
    session.commit()
    work = Work(0, OPERATOR, sessions)
    assert tasks.purge(work) == {"deleted": 1}
    assert tasks.purge(work) == {"deleted": 0}
    ask(sessions)
    assert len(town.asked) == 2


def test_of_several_results_the_one_that_agrees_is_taken(sessions, add_provider, town):
    add_provider()
    town.usual = manners.answers(
        place("12", "Jalan Asia Afrika", at=(107.60, -6.92)), place(at=(107.6093, -6.9175))
    )
    answer = ask(sessions).answer
    assert (answer.grade, answer.lon) == (Grade.ROOFTOP, 107.6093)


def test_a_street_of_that_name_in_two_villages_is_ambiguous_without_a_village(
    sessions, add_provider, town
):
    add_provider()
    town.usual = manners.answers(
        place("", rank=26, village="Braga", postcode=""),
        place("", rank=26, village="Cibiru", postcode="", at=(107.72, -6.93)),
    )
    answer = ask(sessions, "Jl. Braga, Bandung").answer
    assert (answer.grade, answer.ambiguous) == (Grade.STREET, True)
    assert len(answer.alternatives) == 1


def test_pieces_of_a_long_street_widen_its_radius(sessions, add_provider, town):
    add_provider()
    town.usual = manners.answers(place("", rank=26), place("", rank=26, at=(107.6093, -6.9375)))
    answer = ask(sessions, "Jl. Braga, Bandung").answer
    assert (answer.grade, answer.ambiguous) == (Grade.STREET, False)
    assert 2_200 < answer.radius_m < 2_250


def test_without_a_place_a_street_is_ambiguous(sessions, add_provider, town):
    add_provider()
    town.usual = manners.answers(place())
    answer = ask(sessions, "Jl. Braga 12").answer
    assert (answer.grade, answer.ambiguous) == (Grade.STREET, True)
    assert "no_locality" in {note.code for note in answer.notes}


def test_a_point_in_another_country_is_no_answer(sessions, add_provider, town):
    add_provider()
    town.usual = manners.answers(place(country_code="my"))
    assert ask(sessions).answer is None


def test_a_street_of_that_name_in_another_town_is_no_answer(sessions, add_provider, town):
    add_provider()
    town.usual = manners.answers(
        place(village="", city_district="", city="Surabaya", state="Jawa Timur", postcode="60111")
    )
    assert ask(sessions, "Jl. Braga 12, Bandung").answer is None


def test_a_street_without_a_place_beside_it_is_ambiguous_unless_it_lies_there(
    sessions, add_provider, town
):
    add_provider()
    nowhere = {"village": "", "city_district": "", "city": "", "state": "", "postcode": ""}
    town.usual = manners.answers(place(**nowhere))
    there = ask(sessions, "Jl. Braga 12, Kel. Braga, Bandung").answer
    assert (there.grade, there.ambiguous) == (Grade.STREET, False)
    unheard_of = ask(sessions, "Jl. Braga 12, Antahberantah Raya").answer
    assert (unheard_of.grade, unheard_of.ambiguous) == (Grade.STREET, True)


def test_a_point_far_from_the_place_that_is_named_is_not_believed(sessions, add_provider, town):
    """All parts agree, but the point lies in Yogyakarta."""
    add_provider()
    town.usual = manners.answers(place(at=(110.3644, -7.8014)))
    answer = ask(sessions).answer
    assert (answer.grade, answer.ambiguous) == (Grade.REGION, True)
    assert answer.chances.p200 < 0.1
    assert "contradiction" in {note.code for note in answer.notes}


BOUNDARY = """
    INSERT INTO boundary_layers (code, name, country, level, source, vintage, licence, attribution)
    VALUES (:layer, 'drawn', :country, :level, 'drawn', '2026', 'none', 'none')
    ON CONFLICT DO NOTHING;
    INSERT INTO boundaries (code, layer, name, country, area_km2, geom, outline, centre)
    SELECT :code, :layer, 'drawn', 'ID', 1, g, ST_Multi(ST_Transform(g, 3857)), ST_Centroid(g)
    FROM ST_Multi(ST_GeomFromText(:shape, 4326)) AS g
"""


@pytest.mark.parametrize(
    ("layer", "code", "level", "shape", "grade"),
    [
        ("wld-adm0", "wld-adm0:IDN", 0, shapely.box(107, -8, 108, -6), Grade.ROOFTOP),
        ("wld-adm0", "wld-adm0:IDN", 0, shapely.box(95, -8, 107, -6), None),
        ("idn-adm2", "idn-adm2:32.73", 2, shapely.box(107.5, -7, 107.7, -6.8), Grade.ROOFTOP),
        ("idn-adm2", "idn-adm2:32.73", 2, shapely.box(107.5, -7, 107.58, -6.8), Grade.REGION),
    ],
    ids=["inside the country", "outside it", "inside the regency", "outside it"],
)
def test_boundaries_tell_where_a_point_lies(
    session, sessions, add_provider, town, layer, code, level, shape, grade
):
    given = {"layer": layer, "country": "ID" if level else None, "level": level, "code": code}
    session.execute(text(BOUNDARY), given | {"shape": shape.wkt})
    session.commit()
    add_provider()
    town.usual = manners.answers(place())
    answer = ask(sessions).answer
    assert (answer.grade if answer else None) is grade


def test_another_spelling_of_a_town_is_known_to_be_the_same(sessions, add_provider, town):
    add_provider()
    town.usual = manners.answers(
        place(
            "5", "Hauptstraße", at=(11.57, 48.14), village="", city_district="", city="München",
            state="Bayern", postcode="", country_code="de",
        )
    )  # fmt: skip
    answer = service.ask(sessions, AddressQuery(text="Hauptstr. 5, Munich"), "DE").answer
    assert answer.grade is Grade.ROOFTOP


def test_a_hostile_answer_harms_nobody(session, sessions, add_provider, town):
    add_provider()
    huge = place() | {"display_name": "\x00\u202e<script>" + "x" * 100_000}
    town.usual = manners.answers(huge)
    answer = ask(sessions).answer
    assert len(answer.label) <= 250
    assert answer.label.isprintable()
    assert ask(sessions).answer == answer


# ------------------------------------------------------------------ trying one out


def test_a_trial_asks_past_the_cache_and_lifts_an_open_breaker(
    session, sessions, add_provider, town
):
    provider = add_provider()
    town.usual = manners.answers(place())
    ask(sessions)
    session.execute(
        text(
            "UPDATE geocoding_providers SET failures = 5, openings = 3, enabled = false,"
            " open_until = now() + interval '1 hour'"
        )
    )
    session.commit()
    trial = service.try_out(sessions, provider.id, AddressQuery(text=BRAGA))
    assert (trial.answer.grade, trial.trouble) == (Grade.ROOFTOP, "")
    assert len(town.asked) == 2
    session.expire_all()
    assert (provider.open_until, provider.failures) == (None, 0)


def test_a_trial_says_what_is_in_the_way(sessions, add_provider, town):
    provider = add_provider()
    town.usual = manners.says(b"", 500)
    trial = service.try_out(sessions, provider.id, AddressQuery(text=BRAGA))
    assert trial == (None, "status 500")


def test_a_trial_shows_what_would_be_rejected(sessions, add_provider, town):
    provider = add_provider()
    town.usual = manners.answers(place(country_code="my"))
    answer = service.try_out(sessions, provider.id, AddressQuery(text=BRAGA)).answer
    assert not answer.found
    assert answer.notes[0].code == "contradiction"


# ------------------------------------------------------------------ beside the offline answers


def test_only_what_is_coarser_than_a_street_is_asked(session, sessions, add_provider, town):
    add_provider()
    town.usual = manners.answers(place())
    queries = [AddressQuery(text=BRAGA), AddressQuery(text="Jl. Lain 1, Bandung")]
    known = Answer(Grade.STREET, 107.6, -6.9, 100)
    coarse = offline.geocode(session, queries[0])
    found = list(service.improve(sessions, queries, [coarse, known]))
    assert [answer.grade for answer in found] == [Grade.ROOFTOP, Grade.STREET]
    assert len(town.asked) == 1


def test_of_two_alike_the_offline_answer_is_kept():
    ours, theirs = Answer(Grade.VILLAGE, 1, 1, 9), Answer(Grade.VILLAGE, 2, 2, 9)
    assert service.better(ours, theirs) is ours
    assert service.better(ours, None) is ours
    assert service.better(ours, Answer(Grade.NONE, notes=(Note("unknown", "x"),))) is ours


# ------------------------------------------------------------------ what it will take


def test_an_estimate_counts_what_each_leaves_to_the_next(session, add_provider):
    add_provider("free", rate_per_s=1.0)
    add_provider("paid", rate_per_s=10.0, cost_per_request=Decimal("0.005"))
    found = service.estimate(session, 1_000)
    assert [part.num_requests for part in found.by_provider] == [1_000, 500]
    assert (found.num_requests, found.currency) == (1_500, "USD")
    assert found.cost == Decimal("2.5")
    assert found.seconds == 1_050


def test_an_estimate_knows_caps_and_past_answers(session, sessions, add_provider, town):
    add_provider("free", monthly_cap=100)
    add_provider("paid", cost_per_request=Decimal(1))
    town.usual = manners.answers(place())
    for number in range(4):
        ask(sessions, f"Jl. Braga {number}, Kel. Braga, Bandung 40111")
    free, paid = service.estimate(session, 1_000).by_provider
    assert (free.num_requests, free.stays_open) == (96, 904)
    # All four were good, and two of four are assumed: 6 of 8.
    assert paid.num_requests == 1_000 - 96 * 6 / 8


def test_costs_in_several_currencies_are_not_added_up(session, add_provider):
    add_provider("one", cost_per_request=Decimal(1), currency="USD")
    add_provider("two", cost_per_request=Decimal(100), currency="IDR")
    found = service.estimate(session, 10)
    assert (found.cost, found.currency) == (None, "")
    assert [part.cost for part in found.by_provider] == [10, 500]


def test_each_request_is_counted_with_its_price(session, sessions, add_provider, town):
    provider = add_provider(cost_per_request=Decimal("0.25"), currency="EUR")
    town.usual = manners.answers(place())
    for number in (1, 2, 12):
        ask(sessions, f"Jl. Braga {number}, Kel. Braga, Bandung 40111")
    month = service.queries.this_month(session)[provider.id]
    assert month == (3, 3, Decimal("0.75"), "EUR")


def test_what_we_ask_is_not_written_to_the_log(sessions, add_provider, town, caplog):
    caplog.set_level(logging.DEBUG)
    logging.getLogger("geopy").setLevel(logging.DEBUG)
    add_provider(kind="opencage", key="top-secret")
    town.usual = manners.says(b'{"status": {"code": 401, "message": "top-secret is unknown"}}', 401)
    assert ask(sessions).held
    assert "top-secret" in town.asked[0]["path"]
    assert "top-secret" not in caplog.text
    assert "Braga" not in caplog.text
    assert clock.now()
