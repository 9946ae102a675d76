"""Addresses of a customer who was merged away lead to the one who stayed."""

from typing import Any

from flask import g, redirect, request, url_for
from flask_babel import gettext as _

from geocrm.customers import merging


def stayed() -> int | None:
    """Whom the customer of this address was merged into, when the visitor may see them."""
    account_id = (request.view_args or {}).get("account_id")
    if account_id is None or g.get("actor") is None:
        return None
    return merging.merged_into(g.session, account_id)


def led_on(account_id: int) -> Any:
    """What was asked of the one is asked of the other; for reading only.

    A change was meant for another record than the one that stayed: it is refused with its number.
    """
    values = {**request.args.to_dict(flat=False), **(request.view_args or {})}
    return redirect(url_for(request.endpoint or "", **values | {"account_id": account_id}), 301)


def refusal(account_id: int) -> str:
    """Why a change is not made."""
    words = _(
        "This customer was merged into another one: make the change at customer %(id)s",
        id=account_id,
    )
    return str(words)
