"""Finding a customer by what somebody remembers: beginnings, words, slips, accents, and whose."""

from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from sqlalchemy import text

from geocrm.customers import record_tasks
from geocrm.customers.models import Contact
from geocrm.db import scoped_sql
from geocrm.maps import search


@pytest.fixture(params=["many", "few"])
def way(request, monkeypatch):
    """Both ways of searching find the same: by the index of everybody, and among one's own."""
    monkeypatch.setattr(search, "_FEW", -1 if request.param == "many" else 3_000)
    return request.param


def names(session, typed, limit=6):
    return [hit.name for hit in by_name(session, typed, limit)]


def by_name(session, typed, limit=6):
    return search.by_name(session, search.understand(session, typed), limit)


def by_contact(session, typed):
    return search.by_contact(session, search.understand(session, typed), 6)


@pytest.mark.parametrize(
    "typed",
    ["toko", "TOKO SIN", "toko sinar jaya", "jaya", "jay", "jaya toko", "sinar jaya", "Toko-Sinar"],
)
def test_a_name_is_found_by_its_beginning_and_by_its_words(session, add_account, way, typed):
    add_account("Toko Sinar Jaya")
    add_account("Warung Barokah")
    assert names(session, typed) == ["Toko Sinar Jaya"]


@pytest.mark.parametrize("typed", ["tokko", "tko sinar", "toko sianr", "sinra jaya", "toko sinnar"])
def test_a_slip_of_the_fingers_is_put_right(session, add_account, way, typed):
    add_account("Toko Sinar Jaya")
    add_account("Warung Barokah")
    assert names(session, typed) in (["Toko Sinar Jaya"], [])
    if typed != "tko sinar":  # too short to be put right among millions
        assert names(session, typed) == ["Toko Sinar Jaya"]


def test_accents_and_capitals_do_not_matter(session, add_account, way):
    add_account("Café Élan")
    assert names(session, "cafe elan") == names(session, "CAFÉ") == ["Café Élan"]
    assert names(session, "elan") == ["Café Élan"]


def test_a_name_in_other_letters_is_found(session, add_account, way):
    add_account("東京 商店")
    assert names(session, "東京") == names(session, "商店") == ["東京 商店"]


def test_a_renamed_customer_is_found_by_the_new_name_and_its_slips(session, add_account, way):
    account = add_account("Toko Lama")
    account.name = "Warung Purnama"
    session.commit()
    assert names(session, "toko lama") == []
    assert names(session, "purnma") == ["Warung Purnama"]


def test_names_that_begin_so_come_before_those_that_hold_it(session, add_account, way):
    add_account("Toko Maju Warung", revenue=1e9)
    add_account("Warung Maju")
    assert names(session, "warung")[0] == "Warung Maju"


def test_the_id_of_another_system_finds_one_at_once(session, add_account, way):
    add_account("K-77 Motor")
    add_account("Bengkel Jaya", external_id="K-77")
    assert names(session, "K-77")[0] == "Bengkel Jaya"


def test_a_contact_is_found_by_any_of_their_names(session, add_account, way):
    account = add_account("Toko Sinar")
    session.add(Contact(account_id=account.id, name="Budi Santoso"))
    session.commit()
    for typed in ("budi", "santo", "santoso budi", "santosso"):
        (hit,) = by_contact(session, typed)
        assert (hit.account_id, hit.found_by) == (account.id, "Budi Santoso")


def test_mine_is_found_although_hundreds_of_others_match(
    session, add_account, scatter, rep, add_user, actor_of, way
):
    scatter(400, [add_user()])
    mine = add_account("Toko Zulkarnain", owner=rep, revenue=1)
    session.info["scope"] = actor_of(rep)
    for typed in ("toko", "tokko", "zulkarnain"):
        assert [hit.account_id for hit in by_name(session, typed, 3)] == [mine.id]


def test_others_customers_are_not_found_by_any_way(
    session, add_account, rep, add_user, actor_of, way
):
    theirs = add_account("Toko Zulkarnain", owner=add_user(), external_id="Z-1")
    session.add(Contact(account_id=theirs.id, name="Budi Santoso"))
    session.commit()
    session.info["scope"] = actor_of(rep)
    for typed in ("toko", "zulkarnain", "zulkarnian", "Z-1"):
        assert by_name(session, typed) == []
    assert by_contact(session, "budi") == []


@pytest.mark.parametrize("typed", ["'", "''''", "\\", "a'b", "&|!()", ":*", "😀", "%", "_"])
def test_signs_of_the_query_language_are_letters_like_others(session, add_account, way, typed):
    add_account("Toko Sinar")
    assert names(session, typed) == []


@pytest.mark.parametrize(
    ("typed", "begins"),
    [
        ("0812-34", "+6281234"),
        ("+62 812 34", "+6281234"),
        ("006281234", "+6281234"),
        ("6281234", "+6281234"),
        ("81234", "+6281234"),
        ("+62 (0)812 34", "+6281234"),
    ],
)
def test_a_number_begins_the_same_in_any_spelling(typed, begins):
    assert search.e164_beginning(typed, "ID") == begins


def test_a_word_is_known_only_as_long_as_a_name_holds_it(session, add_account):
    first, other = add_account("Warung Kunyit Selasih"), add_account("Toko Kunyit")
    session.add(Contact(account_id=first.id, name="Hartono Selasih Wirjawan"))
    session.commit()
    assert known(session, "kunyit", "selasih", "wirjawan") == ["kunyit", "selasih", "wirjawan"]
    first.name = "Warung Baru"
    session.commit()
    assert known(session, "kunyit", "selasih") == ["kunyit", "selasih"], "others have them still"
    scoped_sql(session, "DELETE FROM accounts a WHERE a.id = :id AND {scope:a}", {"id": first.id})
    assert known(session, "selasih", "wirjawan", "hartono", "baru") == []
    other.name = "Toko Lain"
    session.commit()
    assert known(session, "kunyit", "lain") == ["lain"]


def test_a_name_that_goes_and_comes_back_in_one_transaction_is_known(session, add_account):
    account = add_account("Warung Selasih")
    account.name = "Warung Baru"
    session.flush()
    account.name = "Warung Selasih"
    session.commit()
    assert known(session, "selasih", "baru") == ["selasih"]


def test_two_who_delete_the_last_two_names_with_a_word_forget_it(engine):
    """Each would see the other's name still, had the second not to wait for the first."""
    with engine.connect() as one, engine.connect() as two, ThreadPoolExecutor() as pool:
        for connection in (one, two):
            connection.execute(text("INSERT INTO accounts (name) VALUES ('Bergamot')"))
            connection.commit()
        deleted = "DELETE FROM accounts WHERE id = (SELECT {}(id) FROM accounts WHERE name = :name)"
        one.execute(text(deleted.format("min")), {"name": "Bergamot"})
        two.execute(text(deleted.format("max")), {"name": "Bergamot"})
        one.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        second = pool.submit(two.commit)
        wait([second], timeout=0.3)
        one.commit()
        second.result(timeout=10)
        left = one.scalar(text("SELECT count(*) FROM search_words WHERE word = 'bergamot'"))
        assert left == 0


def test_words_that_were_left_are_forgotten_by_the_daily_tidying(session, add_account):
    add_account("Warung Kunyit")
    session.execute(text("INSERT INTO search_words (word) VALUES ('selasih')"))
    assert record_tasks.tidy(session, Path("nowhere"))["words"] == 1
    assert known(session, "selasih", "kunyit") == ["kunyit"]


def known(session, *words):
    # What waits for the commit: the tests' own transaction never commits.
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    session.execute(text("SET CONSTRAINTS ALL DEFERRED"))
    found = session.scalars(
        text("SELECT word FROM search_words WHERE word = ANY(:words) ORDER BY word"),
        {"words": list(words)},
    )
    return list(found)
