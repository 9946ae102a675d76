"""Only what can work is set up, keys stay hidden, and every change is noted."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import select, text

from geocrm import clock
from geocrm.errors import Conflict, Forbidden, InvalidInput, NotFound
from geocrm.geocoding.providers import administration, queries
from geocrm.geocoding.providers.administration import Setup
from geocrm.geocoding.providers.asking import Lent, redacted
from geocrm.geocoding.providers.models import ProviderKey
from geocrm.geocoding.providers.standing import State, standing
from geocrm.security import OPERATOR, Role
from geocrm.security.models import AuditEntry

OSM = Setup("osm", "nominatim")


def add(session, setup=OSM, key=""):
    provider = administration.add(session, OPERATOR, setup, key)
    session.flush()
    return provider


def test_the_public_server_has_its_own_address_and_pace(session):
    provider = add(session)
    assert provider.settings["domain"] == "nominatim.openstreetmap.org"
    assert (provider.rate_per_s, provider.settings["scheme"]) == (1.0, "https")
    assert (provider.position, provider.enabled) == (1, True)


def test_our_own_server_may_be_asked_faster(session):
    assert add(session, replace(OSM, domain="maps.example.com")).rate_per_s == 10.0


@pytest.mark.parametrize(
    "domain",
    ["", "nominatim.openstreetmap.org", "NOMINATIM.openstreetmap.org.", "https-only/",
     "nominatim.openstreetmap.org:443", "nominatim.openstreetmap.org/"],
)  # fmt: skip
def test_nobody_asks_the_public_server_faster_or_twice(session, domain):
    if domain == "https-only/":
        domain = "nominatim.openstreetmap.org//"
    with pytest.raises(InvalidInput, match="1 request a second"):
        add(session, replace(OSM, domain=domain, rate_per_s=2.0))
    add(session)
    with pytest.raises(Conflict, match="already asked"):
        add(session, replace(OSM, name="again", domain=domain))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"kind": "yahoo"}, "no kind"),
        ({"name": "My OSM"}, "no name"),
        ({"name": ""}, "no name"),
        ({"domain": "user@maps.example"}, "not a domain"),
        ({"domain": "maps.example?x="}, "not a domain"),
        ({"domain": "maps.example/../x y"}, "not a domain"),
        ({"domain": "maps.example\\@inside"}, "not a domain"),
        ({"domain": "maps.example:0"}, "not a domain"),
        ({"domain": "maps.example:99999"}, "not a domain"),
        ({"domain": "http://maps.example"}, "not a domain"),
        ({"scheme": "ftp"}, "neither"),
        ({"contact": "a\r\nX-Evil: 1"}, "contact"),
        ({"contact": "a) (b"}, "contact"),
        ({"rate_per_s": 0.0}, "requests a second"),
        ({"rate_per_s": float("nan")}, "requests a second"),
        ({"rate_per_s": 10_000.0, "domain": "maps.example"}, "requests a second"),
        ({"timeout_s": 0.0}, "time-out"),
        ({"timeout_s": 3_600.0}, "time-out"),
        ({"cost_per_request": Decimal("-1")}, "cost"),
        ({"cost_per_request": Decimal("NaN")}, "cost"),
        ({"currency": "dollar"}, "currency"),
        ({"monthly_cap": 0}, "cap"),
    ],
)
def test_what_cannot_work_is_refused(session, wrong, words):
    with pytest.raises(InvalidInput, match=words):
        add(session, replace(OSM, **wrong))


@pytest.mark.parametrize(
    "domain",
    [
        "127.0.0.1", "127.1:8080", "0177.0.0.1", "0x7f000001", "2130706433", "[::1]:8080",
        "[::ffff:10.0.0.1]", "169.254.169.254", "10.0.0.1/nominatim",
    ],
)  # fmt: skip
def test_an_address_inside_needs_a_word_of_the_administrator(session, domain):
    with pytest.raises(InvalidInput, match="not public"):
        add(session, replace(OSM, domain=domain))
    assert add(session, replace(OSM, domain=domain, allow_private=True)).allow_private


def test_a_keyed_service_needs_its_key_and_https(session):
    google = Setup("google", "google")
    with pytest.raises(InvalidInput, match="key"):
        add(session, google)
    with pytest.raises(InvalidInput, match="https"):
        add(session, replace(google, scheme="http"), "k")
    with pytest.raises(InvalidInput, match="not a key"):
        add(session, google, "two words")
    with pytest.raises(InvalidInput, match="without a key"):
        add(session, OSM, "k")
    assert queries.keys(session, [add(session, google, "k").id])


def test_a_name_is_given_once(session):
    add(session)
    with pytest.raises(Conflict, match="already a provider"):
        add(session, replace(OSM, domain="maps.example"))


def test_a_key_is_written_and_never_read_by_anybody(session):
    provider = add(session, Setup("google", "google"), "top-secret")
    administration.change(session, OPERATOR, provider.id, Setup.of(provider), "other-secret")
    administration.remove(session, OPERATOR, add(session, Setup("here", "here"), "secret-3").id)
    session.flush()
    noted = [
        json.dumps([entry.action, entry.target, entry.details])
        for entry in session.scalars(select(AuditEntry))
    ]
    assert len(noted) == 4
    told = " ".join([*noted, repr(provider), repr(Setup.of(provider)), str(Setup.of(provider))])
    told += repr(Lent(provider, "other-secret"))
    assert "secret" not in told
    assert '"key_changed": true' in told
    assert queries.keys(session, [provider.id]) == {provider.id: "other-secret"}
    kept = session.execute(text("SELECT to_jsonb(p)::text FROM geocoding_providers p")).scalars()
    assert "secret" not in "".join(kept)


def test_a_key_is_cut_out_of_every_message():
    told = redacted("GET /s?key=a%2Fb%3D&x refused: a/b= is wrong (a/b%3D)", "a/b=")
    assert "a/b" not in told
    assert "a%2Fb" not in told
    assert redacted("nothing to hide", "") == "nothing to hide"


def test_leaving_the_key_out_leaves_it_and_an_empty_one_takes_it_away(session):
    provider = add(session, Setup("google", "google"), "k")
    administration.change(session, OPERATOR, provider.id, Setup.of(provider))
    assert queries.with_key(session) == {provider.id}
    administration.change(session, OPERATOR, provider.id, Setup.of(provider), "")
    assert queries.with_key(session) == set()
    assert standing(provider, clock.now(), has_key=False).state is State.NO_KEY


def test_a_change_gives_a_new_chance_and_notes_what_changed(session):
    provider = add(session)
    session.execute(
        text(
            "UPDATE geocoding_providers SET stopped = 'bad key', trouble = 'bad key', failures = 9,"
            " open_until = now() + interval '1 hour'"
        )
    )
    session.expire_all()
    assert standing(provider, clock.now(), has_key=False).state is State.STOPPED
    changed = replace(Setup.of(provider), contact="gis@example.test", monthly_cap=100)
    administration.change(session, OPERATOR, provider.id, changed)
    assert (provider.stopped, provider.failures, provider.open_until) == (None, 0, None)
    assert standing(provider, clock.now(), has_key=False).state is State.READY
    session.flush()
    last = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert last.details == {
        "key_changed": False, "contact": "gis@example.test", "monthly_cap": 100,
    }  # fmt: skip


def test_a_kind_does_not_change(session):
    provider = add(session)
    administration.change(session, OPERATOR, provider.id, replace(Setup.of(provider), kind="here"))
    assert provider.kind == "nominatim"


def test_providers_move_up_and_down_and_close_up(session):
    ids = [add(session, Setup(name, "nominatim", domain=f"{name}.example")).id for name in "abcd"]

    def order():
        session.flush()
        return [(each.name, each.position) for each in queries.providers(session)]

    administration.move_up(session, OPERATOR, ids[2])
    assert order() == [("a", 1), ("c", 2), ("b", 3), ("d", 4)]
    administration.move_down(session, OPERATOR, ids[3])
    administration.move_up(session, OPERATOR, ids[0])
    assert order() == [("a", 1), ("c", 2), ("b", 3), ("d", 4)]
    administration.remove(session, OPERATOR, ids[2])
    assert order() == [("a", 1), ("b", 2), ("d", 3)]
    administration.place(session, OPERATOR, ids[3], 1)
    assert order() == [("d", 1), ("a", 2), ("b", 3)]


@pytest.mark.parametrize("role", [Role.TERRITORY_MANAGER, Role.FIELD_REP, Role.MARKETER])
def test_only_administrators_set_up_providers(session, add_user, actor_of, role):
    actor = actor_of(add_user(role))
    provider = add(session)
    for forbidden in (
        lambda: administration.add(session, actor, replace(OSM, name="x", domain="x.example")),
        lambda: administration.change(session, actor, provider.id, OSM),
        lambda: administration.enable(session, actor, provider.id),
        lambda: administration.disable(session, actor, provider.id),
        lambda: administration.move_up(session, actor, provider.id),
        lambda: administration.remove(session, actor, provider.id),
    ):
        with pytest.raises(Forbidden):
            forbidden()


def test_what_is_not_there_is_said(session):
    with pytest.raises(NotFound):
        queries.provider(session, 999)
    with pytest.raises(NotFound, match="none yet"):
        queries.by_name(session, "osm")
    with pytest.raises(NotFound):
        administration.move_up(session, OPERATOR, 999)


def test_a_provider_that_goes_takes_everything_with_it(session):
    provider = add(session, Setup("google", "google"), "k")
    administration.remove(session, OPERATOR, provider.id)
    session.flush()
    assert session.scalars(select(ProviderKey)).all() == []


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ("enabled = false", State.OFF),
        ("stopped = 'bad key'", State.STOPPED),
        ("open_until = now() + interval '1 hour'", State.BROKEN),
        ("open_until = now() - interval '1 hour'", State.PROBING),
        ("limited = 1, next_at = now() + interval '1 hour'", State.LIMITED),
        ("next_at = now() + interval '1 hour'", State.READY),
        (
            "monthly_cap = 5, month_requests = 5,"
            " month = date_trunc('month', now() AT TIME ZONE 'UTC')",
            State.CAPPED,
        ),
        ("monthly_cap = 5, month_requests = 5, month = '2020-01-01'", State.READY),
    ],
)
def test_how_a_provider_stands_is_one_word(session, change, state):
    provider = add(session)
    session.execute(text(f"UPDATE geocoding_providers SET {change}"))
    session.expire_all()
    assert standing(provider, clock.now(), has_key=False).state is state
