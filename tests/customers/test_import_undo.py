"""Taking an import back."""

from datetime import date

from sqlalchemy import select

from geocrm.customers import contacting, service
from geocrm.customers.models import Account, AccountScope, Address, Consent, Email, Phone
from geocrm.sales.models import Order

HEADER = "id,name,segment,email,lat,lon,consent_email\n"
FIRST = HEADER + "A,Toko,A,a@b.co,-6.2001,106.8001,ya\nB,Kios,B,,,,\n"
SECOND = HEADER + "A,Renamed,C,new@b.co,-7.1111,110.2222,tidak\nC,New,,,,,\n"


def test_undo_removes_what_was_made_and_restores_what_was_changed(session, bring_in, take_back):
    bring_in(FIRST)
    second = bring_in(SECOND)
    assert take_back(second.id) == (2, 0)
    session.expire_all()
    assert session.scalars(select(Account.external_id).order_by(Account.id)).all() == ["A", "B"]
    account = session.scalars(select(Account).where(Account.external_id == "A")).one()
    scope = session.scalars(select(AccountScope).where(AccountScope.account_id == account.id)).one()
    address = session.scalars(select(Address).where(Address.account_id == account.id)).one()
    assert (account.name, account.segment, scope.segment) == ("Toko", "A", "A")
    assert (address.lat, address.lon, scope.grade) == (-6.2001, 106.8001, "rooftop")
    assert session.scalars(select(Email.address)).all() == ["a@b.co"]
    said = session.scalars(select(Consent.granted).order_by(Consent.id)).all()
    assert (said, scope.consent) == ([True, False, True], 1)


def test_imports_are_taken_back_one_after_the_other(session, bring_in, take_back):
    imports = [bring_in(FIRST), bring_in(FIRST), bring_in(SECOND)]
    assert [take_back(done.id) for done in reversed(imports)] == [(2, 0)] * 3
    session.expire_all()
    assert session.scalars(select(Account.id)).all() == []


def test_undo_spares_what_people_edited_and_says_so(session, bring_in, take_back, actor):
    done = bring_in(FIRST)
    account = session.scalars(select(Account).where(Account.external_id == "B")).one()
    service.change(session, actor, account.id, account.version, {"segment": "D"})
    session.commit()
    assert take_back(done.id) == (1, 1)
    session.expire_all()
    assert session.scalars(select(Account.external_id)).all() == ["B"]


def test_undo_spares_customers_with_notes_contacts_or_orders(session, bring_in, take_back, actor):
    done = bring_in("id,name\nN,Note\nP,Phone\nO,Order\nX,Nothing\n")
    of = {a.external_id: a.id for a in session.scalars(select(Account))}
    service.log_activity(session, actor, of["N"], "note", "Likes tea")
    contacting.add_phone(session, actor, of["P"], "0812 3456 7890")
    session.add(Order(account_id=of["O"], ordered_on=date(2026, 1, 1), amount=1.0))
    session.commit()
    assert take_back(done.id) == (1, 3)
    session.expire_all()
    assert "X" not in session.scalars(select(Account.external_id)).all()


def test_an_undo_cut_short_goes_on_and_ends_the_same(session, bring_in, batches, take_back, actor):
    done = bring_in("id,name\n" + "".join(f"{i},Toko {i}\n" for i in range(30)))
    assert take_back(done.id) == (30, 0)
    session.expire_all()
    assert session.scalars(select(Account.id)).all() == []
    assert session.scalars(select(Phone.id)).all() == []
