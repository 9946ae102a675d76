"""API of the people at a customer, and who of them is asked for first."""

from apiflask import APIBlueprint
from flask import g
from pydantic import BaseModel

from geocrm.customers import contacting, queries
from geocrm.web.access import permit

bp = APIBlueprint("api_account_contacts", __name__, url_prefix="/api/v1/accounts", tag="Customers")


class ContactOut(BaseModel):
    """A person at a customer."""

    id: int
    name: str
    title: str | None
    primary: bool
    phones: list[str]
    emails: list[str]


class Contacts(BaseModel):
    """The people at a customer, the primary contact first."""

    items: list[ContactOut]


@bp.get("/<int:account_id>/contacts")
@bp.output(Contacts)
@bp.doc(summary="The contacts, the primary one first", security="token")
@permit("read", "account")
def contacts(account_id: int) -> Contacts:
    """The people at the customer."""
    return _shown(account_id)


@bp.put("/<int:account_id>/contacts/<int:contact_id>/primary")
@bp.output(Contacts)
@bp.doc(summary="Make a contact the primary one", security="token")
@permit("update", "account")
def make_primary(account_id: int, contact_id: int) -> Contacts:
    """Let this contact be asked for first."""
    contacting.make_primary(g.session, g.actor, account_id, contact_id)
    return _shown(account_id)


def _shown(account_id: int) -> Contacts:
    queries.get(g.session, account_id)
    phones = queries.phones(g.session, account_id)
    emails = queries.emails(g.session, account_id)
    return Contacts(
        items=[
            ContactOut(
                id=each.id,
                name=each.name,
                title=each.title,
                primary=number == 0,
                phones=[one.e164 for one in phones if one.contact_id == each.id],
                emails=[one.address for one in emails if one.contact_id == each.id],
            )
            for number, each in enumerate(queries.contacts(g.session, account_id))
        ]
    )
