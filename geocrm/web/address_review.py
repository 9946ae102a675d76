"""The page where people say where an address is."""

from typing import Any

from flask import Blueprint, g, render_template

from geocrm.customers import decisions, review_queries
from geocrm.web.access import permit

bp = Blueprint("address_review", __name__, url_prefix="/addresses/review")


@bp.get("")
@permit("read", "account")
def show() -> str:
    """The queue, the map and the places on offer; the page fetches them."""
    count, exact = review_queries.count(g.session)
    return render_template(
        "addresses/review.html", count=count, exact=exact, setup={"latest": _latest()}
    )


def _latest() -> dict[str, Any] | None:
    """The decision that "undo" takes back when the page has just been opened."""
    found = decisions.latest(g.session, g.actor)
    return {"id": found[0].id, "changed": found[0].changed} if found else None
