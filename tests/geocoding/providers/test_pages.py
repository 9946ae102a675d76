"""The administrator's page of providers."""

import re
from decimal import Decimal

import pytest
from sqlalchemy import text

from geocrm.geocoding.providers import queries
from tests.geocoding.providers import town as manners
from tests.geocoding.providers.town import place

BRAGA = "Jl. Braga 12, Kel. Braga, Bandung 40111"
HOME = "/settings/geocoding"


@pytest.fixture
def visitor(app, signed_in_as, administrator):
    """An administrator whose forms may be posted without their token."""
    app.config["WTF_CSRF_METHODS"] = set()
    return signed_in_as(administrator)


@pytest.fixture
def fields(town):
    """What a filled form sends."""

    def fields(kind="nominatim", **more):
        known = {
            "kind": kind,
            "name": "town",
            "domain": town.domain,
            "scheme": "http",
            "allow_private": "1",
            "rate_per_s": "50",
            "cost_per_request": "0.005",
            "currency": "usd",
            "monthly_cap": "100",
            "timeout_s": "2.5",
        }
        return known | more

    return fields


def page(answer):
    return answer.get_data(as_text=True)


def test_an_empty_page_says_what_providers_are_for(visitor):
    assert "No provider yet" in page(visitor.get(HOME))


@pytest.mark.parametrize("kind", ["nominatim", "google", "pelias", "mapbox"])
def test_the_form_asks_what_the_kind_needs(visitor, kind):
    shown = page(visitor.get(f"{HOME}/new?kind={kind}"))
    assert ('name="key"' in shown) == (kind != "nominatim")
    assert ('name="storage_right"' in shown) == (kind == "mapbox")


def test_a_provider_is_added_changed_and_removed(session, visitor, fields):
    assert visitor.post(f"{HOME}/new", data=fields()).status_code == 302
    provider = queries.by_name(session, "town")
    assert (provider.rate_per_s, provider.monthly_cap, provider.currency) == (50, 100, "USD")
    assert provider.cost_per_request == Decimal("0.005")
    assert provider.settings["timeout_s"] == 2.5
    shown = page(visitor.get(HOME))
    assert "0 of 100 requests" in shown
    assert "for ever" in shown
    path = f"{HOME}/{provider.id}"
    assert 'value="town"' in page(visitor.get(path))
    answer = visitor.post(path, data=fields(name="ours", monthly_cap="", allow_private="1"))
    assert answer.status_code == 302
    session.expire_all()
    assert (provider.name, provider.monthly_cap) == ("ours", None)
    assert visitor.post(f"{path}/delete").status_code == 302
    assert list(queries.providers(session)) == []


def test_what_cannot_work_comes_back_with_the_reason(session, visitor, fields):
    for wrong in (
        {"allow_private": ""},
        {"name": "Not a name"},
        {"rate_per_s": "fast"},
        {"monthly_cap": "-1"},
        {"cost_per_request": "much"},
    ):
        answer = visitor.post(f"{HOME}/new", data=fields(**wrong))
        assert answer.status_code == 422
        assert 'role="alert"' in page(answer)
    assert list(queries.providers(session)) == []
    assert visitor.post(f"{HOME}/new", data=fields(kind="yahoo")).status_code == 422
    assert visitor.get(f"{HOME}/new?kind=yahoo").status_code == 422
    assert visitor.get(f"{HOME}/999").status_code == 404


def test_a_key_is_kept_and_shown_nowhere(session, visitor, fields):
    visitor.post(f"{HOME}/new", data=fields("pelias", key="top-secret"))
    provider = queries.by_name(session, "town")
    path = f"{HOME}/{provider.id}"
    shown = page(visitor.get(HOME)) + page(visitor.get(path))
    shown += page(visitor.post(path, data=fields("pelias", name="No Name", key="top-secret")))
    assert "top-secret" not in shown
    assert "never shown" in shown
    visitor.post(path, data=fields("pelias", key=""))
    assert queries.keys(session, [provider.id]) == {provider.id: "top-secret"}
    visitor.post(path, data=fields("pelias", forget_key="1"))
    assert queries.keys(session, [provider.id]) == {}


def test_providers_are_moved_and_switched(session, visitor, add_provider):
    first, second = add_provider("first"), add_provider("second")

    def act(provider, action):
        assert visitor.post(f"{HOME}/{provider.id}/{action}").status_code == 302
        session.expire_all()
        return [each.name for each in queries.enabled(session)]

    assert act(second, "up") == ["second", "first"]
    assert act(second, "down") == ["first", "second"]
    assert act(first, "disable") == ["second"]
    assert act(first, "enable") == ["first", "second"]


@pytest.mark.parametrize("who", ["one", "all"])
def test_an_address_is_tried_with_its_attribution(session, visitor, add_provider, town, who):
    provider = add_provider()
    town.usual = manners.answers(place())
    form = {"address": BRAGA, "country": "ID", "provider": provider.id if who == "one" else ""}
    shown = page(visitor.post(f"{HOME}/try", data=form))
    assert "Building" in shown
    assert "-6.91750, 107.60930" in shown
    assert "© OpenStreetMap contributors" in shown
    assert len(town.asked) == 1


@pytest.mark.parametrize("who", ["one", "all"])
def test_a_trial_says_what_is_wrong(visitor, add_provider, town, who):
    provider = add_provider()
    town.usual = manners.says(b"", 500)
    form = {"address": BRAGA, "country": "ID", "provider": provider.id if who == "one" else ""}
    shown = page(visitor.post(f"{HOME}/try", data=form))
    assert ("status 500" if who == "one" else "does not answer just now") in shown
    town.usual = manners.answers()
    assert "Nobody knows this address" in page(visitor.post(f"{HOME}/try", data=form))


def test_what_a_provider_says_is_text_and_no_markup(session, visitor, add_provider, town):
    add_provider()
    hostile = "<img src=x onerror=alert(1)>"
    town.usual = manners.answers(place() | {"display_name": hostile})
    form = {"address": BRAGA, "country": "ID", "provider": ""}
    shown = page(visitor.post(f"{HOME}/try", data=form))
    session.execute(text("UPDATE geocoding_providers SET stopped = :it"), {"it": hostile})
    session.commit()
    shown += page(visitor.get(HOME))
    assert "&lt;img" in shown
    assert hostile not in shown


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("stopped = 'bad key'", "Stopped"),
        ("open_until = now() + interval '1 hour'", "Does not answer"),
        ("enabled = false", "Off"),
        ("limited = 1, next_at = now() + interval '1 hour'", "Asks to slow down"),
    ],
)
def test_the_page_says_how_each_stands(session, visitor, add_provider, change, words):
    add_provider()
    session.execute(text(f"UPDATE geocoding_providers SET {change}"))
    session.commit()
    assert re.search(rf'class="tag[^"]*">{words}<', page(visitor.get(HOME)))


def test_forms_need_their_token(app, signed_in_as, administrator, fields):
    assert signed_in_as(administrator).post(f"{HOME}/new", data=fields()).status_code == 400
