"""Who is calling: any spelling, one or several or nobody, only one's own, one statement a panel."""

from datetime import UTC, date, datetime

import pytest

from geocrm.customers.models import Activity, Contact, Phone
from geocrm.sales.models import Order

NUMBER = "+6281234567890"


@pytest.fixture
def shop(session, add_account, rep):
    """A rep's customer with a person, a number, a call and an order."""
    account = add_account("Warung Bu Tini", owner=rep, segment="A")
    person = Contact(account_id=account.id, name="Suryani", title="Owner")
    session.add(person)
    session.flush()
    session.add_all(
        [
            Phone(account_id=account.id, contact_id=person.id, e164=NUMBER, typed="0812"),
            Activity(
                account_id=account.id, kind="call", text="Asked for rice", at=datetime.now(UTC)
            ),
            Order(
                account_id=account.id, external_id="S-1", ordered_on=date(2026, 1, 5), amount=7e5
            ),
        ]
    )
    session.commit()
    return account


def pop(client, phone):
    return client.get("/api/v1/pop", query_string={"phone": phone}).json


@pytest.mark.parametrize(
    "phone",
    [
        "081234567890",
        "+6281234567890",
        "6281234567890",
        "0062 812 3456 7890",
        "0812-3456-7890",
        "(0812) 3456 7890",
        "081234567890 ext 12",
        "tel:+6281234567890",
        "sip:081234567890@pbx.example",
        " 6281234567890",
        "+62 (0)812 3456-7890",
        "tel:+62-812-3456-7890",
        "\u202a+62 812\u20113456\u20137890\u202c",
        "\u0660\u0660\u0666\u0662\u0668\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669\u0660",
        "\u06f0\u06f8\u06f1\u06f2\u06f3\u06f4\u06f5\u06f6\u06f7\u06f8\u06f9\u06f0",
        "\uff0b\uff16\uff12\uff18\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19\uff10",
    ],
)
def test_a_number_in_any_spelling_finds_the_customer(client_of, rep, shop, phone):
    found = pop(client_of(rep), phone)
    assert (found["state"], found["number"]) == ("one", NUMBER)
    (item,) = found["items"]
    assert (item["id"], item["contact"], item["owner"]) == (shop.id, "Suryani", rep.name)
    assert found["interactions"][0]["text"] == "Asked for rice"
    assert found["orders"][0]["number"] == "S-1"
    groups = client_of(rep).get("/api/v1/search", query_string={"q": phone}).json["groups"]
    called = {group["kind"]: [each["id"] for each in group["items"]] for group in groups}
    assert called["phones"] == [shop.id]


@pytest.mark.parametrize(
    ("phone", "state"),
    [
        ("anonymous", "withheld"),
        ("Restricted", "withheld"),
        ("", "invalid"),
        ("toko", "invalid"),
        ("12", "invalid"),
        ("9" * 200, "invalid"),
        ("081299998888", "unknown"),
    ],
)
def test_what_is_no_known_number_is_said(client_of, rep, shop, phone, state):
    assert pop(client_of(rep), phone)["state"] == state


def test_the_number_of_somebody_elses_customer_looks_unknown(client_of, add_user, shop):
    found = pop(client_of(add_user()), NUMBER)
    assert (found["state"], found["items"]) == ("unknown", [])


def test_who_may_only_count_is_not_told(client_of, signed_in_as, marketer, shop):
    page = signed_in_as(marketer).get("/pop", query_string={"phone": NUMBER})
    assert page.status_code == 403
    assert client_of(marketer).get("/api/v1/pop?phone=1").status_code == 403


def test_each_panel_is_one_round_trip(client_of, rep, shop, statements):
    client = client_of(rep)
    client.get("/api/v1/pop?phone=anonymous")
    statements.clear()
    client.get("/api/v1/pop?phone=anonymous")
    signing_in = len(statements)
    statements.clear()
    pop(client, NUMBER)
    panels = [sent for sent in statements if "FROM" in sent][-4:]
    # The caller, interactions, orders, the next visit.
    assert len(statements) == signing_in + 4
    for table, sent in zip(("phones", "activities", "orders", "visit_stops"), panels, strict=True):
        assert table in sent


def test_the_page_shows_the_caller_and_what_to_do(signed_in_as, rep, shop):
    page = signed_in_as(rep).get("/pop", query_string={"phone": "081234567890"}).text
    for words in (
        "Warung Bu Tini",
        "Suryani",
        "Asked for rice",
        "S-1",
        "Open record",
        "Log a call",
    ):
        assert words in page
    assert f'href="/accounts/{shop.id}"' in page


def test_several_customers_with_a_number_are_a_choice(
    signed_in_as, session, add_account, rep, shop
):
    other = add_account("Warung Sebelah", owner=rep)
    session.add(Phone(account_id=other.id, e164=NUMBER, typed="0812"))
    session.commit()
    visitor = signed_in_as(rep)
    page = visitor.get("/pop", query_string={"phone": NUMBER}).text
    assert "Several customers" in page
    assert f"account={other.id}" in page
    chosen = visitor.get("/pop", query_string={"phone": NUMBER, "account": other.id}).text
    assert "Open record" in chosen


def test_an_unknown_caller_becomes_a_customer_with_that_number(
    app, signed_in_as, client_of, rep, shop
):
    app.config["WTF_CSRF_METHODS"] = set()
    visitor = signed_in_as(rep)
    page = visitor.get("/pop", query_string={"phone": "081299998888"}).text
    assert "/accounts/new?phone=%2B6281299998888" in page
    assert 'value="+6281299998888"' in visitor.get("/accounts/new?phone=%2B6281299998888").text
    visitor.post("/accounts/new", data={"name": "Toko Baru", "phone": "+6281299998888"})
    assert pop(client_of(rep), "0812 9999 8888")["items"][0]["name"] == "Toko Baru"


def test_markup_in_a_number_stays_text(signed_in_as, rep):
    page = signed_in_as(rep).get("/pop", query_string={"phone": "<script>alert(1)</script>"}).text
    assert "<script>alert" not in page
