"""Fields of a customer and rows that hang on one, in the words of the page's language."""

from typing import Any, Final, NamedTuple

from flask import Flask
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as later

from geocrm.customers.merging import FIELDS
from geocrm.customers.queries import Record

FIELD_WORDS: Final[dict[str, LazyString]] = {
    "name": later("Name"),
    "external_id": later("Customer ID"),
    "segment": later("Segment"),
    "annual_revenue": later("Annual revenue"),
    "currency": later("Currency"),
    "website": later("Website"),
    "tags": later("Tags"),
    "visits_per_year": later("Visits a year"),
    "owner": later("Owner"),
    "owner_id": later("Owner"),
    "territory_id": later("Territory"),
    "address": later("Address and place"),
    "typed": later("Address"),
    "street": later("Street"),
    "house_number": later("House number"),
    "postcode": later("Postcode"),
    "village": later("Village"),
    "district": later("District"),
    "city": later("City"),
    "region": later("Region"),
    "country": later("Country"),
    "point": later("Place on the map"),
    "contact": later("Contact"),
    "primary_contact": later("Primary contact"),
    "phone": later("Phone"),
    "email": later("E-mail"),
    "last_visit": later("Last visit"),
    "consent_email": later("Consent: e-mail"),
    "consent_sms": later("Consent: SMS"),
    "consent_whatsapp": later("Consent: WhatsApp"),
    "consent_phone": later("Consent: phone"),
    "consent_post": later("Consent: post"),
}
TABLE_WORDS: Final[dict[str, LazyString]] = {
    "contacts": later("contacts"),
    "primary_contacts": later("primary contact"),
    "phones": later("phone numbers"),
    "emails": later("e-mail addresses"),
    "consents": later("consents"),
    "activities": later("notes, calls and visits"),
    "orders": later("orders"),
    "account_documents": later("documents"),
    "visit_stops": later("planned visits"),
    "audience_members": later("audiences"),
    "account_followers": later("followers"),
    "account_former_ids": later("earlier IDs"),
    "next_actions": later("next action"),
}
VALUE_WORDS: Final[dict[str, LazyString]] = {
    "granted": later("granted"),
    "refused": later("refused"),
}


class Row(NamedTuple):
    """A field of two customers side by side, and whose value is proposed."""

    field: str
    left: Any
    right: Any
    proposed: str
    differs: bool


def field_words(field: str) -> str:
    """What a field is called; the code of one that has no words yet."""
    return str(FIELD_WORDS.get(field, field))


def rows_words(table: str, count: int) -> str:
    """So many rows of a kind, as "contacts (3)"."""
    return f"{TABLE_WORDS.get(table, table)} ({count})"


def change_source(source: str) -> str:
    """How a change came about, beside who made it; nothing for one made by hand."""
    if source == "merge":
        return str(_("by a merge"))
    if source == "merge.undo":
        return str(_("by undoing a merge"))
    kind, _space, number = source.partition(" ")
    if kind == "bulk":
        return str(_("bulk action %(number)s", number=number))
    if kind == "bulk.undo":
        return str(_("by undoing bulk action %(number)s", number=number))
    return str(_("import %(number)s", number=number)) if kind == "import" else ""


def change_value(field: str, value: str | None) -> str:
    """A value of the history; those of consent are words."""
    if value is None:
        return ""
    return str(VALUE_WORDS.get(value, value)) if field.startswith("consent_") else value


def initials(name: str) -> str:
    """Up to two letters that stand for somebody's face."""
    return "".join(word[0] for word in name.split()[:2]).upper() or "?"


def merge_rows(winner: Record, loser: Record) -> list[Row]:
    """The fields that are chosen when two become one; what only one has is taken from it."""
    rows = []
    for field in FIELDS:
        left, right = _value(winner, field), _value(loser, field)
        only_right = left in (None, "") and right not in (None, "")
        proposed = "right" if only_right else "left"
        if field == "address" and loser.address.provider == "pin" != winner.address.provider:
            proposed = "right"
        rows.append(Row(field, left, right, proposed, left != right))
    return rows


def _value(record: Record, field: str) -> Any:
    if field == "owner":
        return record.owner_name
    if field == "address":
        return _address(record)
    return getattr(record.account, field)


def _address(record: Record) -> str:
    """As written, with the parts that are not in it."""
    d = record.address
    written = d.typed or " ".join(filter(None, (d.street, d.house_number)))
    parts = [
        part
        for part in (d.village, d.district, d.city, d.region, d.postcode)
        if part and part.lower() not in written.lower()
    ]
    return ", ".join(filter(None, (written, *parts)))


def register(app: Flask) -> None:
    """Give templates these words as filters."""
    for each in (field_words, change_source, change_value, initials):
        app.add_template_filter(each)
