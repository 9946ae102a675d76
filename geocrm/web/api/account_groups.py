"""API of customers in groups: the columns of a board, the bars of a chart."""

from typing import Any

from apiflask import APIBlueprint
from flask import g
from pydantic import BaseModel, Field

from geocrm.maps import groups, service
from geocrm.web.access import permit
from geocrm.web.api.account_list import Chosen, read_box

bp = APIBlueprint("api_account_groups", __name__, url_prefix="/api/v1/accounts", tag="Customers")


class GroupsQuery(Chosen):
    """Which customers, and by what they are grouped."""

    by: str = Field(
        description="segment, territory, owner, grade, recency (days since the last order), month"
        " (of the last order), or unit:<boundary layer>",
        max_length=60,
    )


class GroupOut(BaseModel):
    """Customers that share a value; `part` is the filter that chooses exactly them."""

    value: str | int | None
    label: str | None
    count: int
    revenue: float | None
    part: dict[str, Any] | None


class GroupsOut(BaseModel):
    """Groups, the largest first."""

    items: list[GroupOut]


@bp.get("/groups")
@bp.input(GroupsQuery, location="query")
@bp.output(GroupsOut)
@bp.doc(summary="Customers in groups, with count and revenue", security="token")
@permit("count", "account")
def show(query_data: GroupsQuery) -> GroupsOut:
    """The hundred largest groups of the customers the filter chooses."""
    chosen = service.filter_for(g.actor, query_data.filter)
    box = read_box(query_data.bbox)
    found = groups.shown_groups(g.session, g.actor, chosen, query_data.by, box=box)
    return GroupsOut(
        items=[
            GroupOut(
                value=one.value,
                label=one.label,
                count=one.customers,
                revenue=one.revenue,
                part=one.part,
            )
            for one in found
        ]
    )
