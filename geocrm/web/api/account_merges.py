"""API of customers who are there twice: finding them, merging them, taking that back."""

from apiflask import APIBlueprint
from flask import g
from pydantic import BaseModel, ConfigDict, Field

from geocrm.customers import duplicates, merging, merging_undo, queries
from geocrm.web.access import permit

bp = APIBlueprint("api_account_merges", __name__, url_prefix="/api/v1/accounts", tag="Customers")


class DuplicateOut(BaseModel):
    """Another customer that may be the same; `why` holds phone, email, name."""

    id: int
    name: str
    owner: str
    address: str
    why: list[str]
    shared: list[str]
    distance_m: float | None


class DuplicatesOut(BaseModel):
    """Likely ones first."""

    items: list[DuplicateOut]


class MergeIn(BaseModel):
    """Who goes, and from whom each field is taken; the one who stays gives what is left out."""

    model_config = ConfigDict(extra="forbid")

    other_id: int = Field(description="The customer who goes; old links lead to the one who stays")
    choices: dict[str, int] = Field(
        default_factory=dict, description=f"By field ({', '.join(merging.FIELDS)}) a customer's id"
    )
    version: int | None = Field(None, description="Of the one who stays, as it was read")
    other_version: int | None = Field(None, description="Of the one who goes, as it was read")


class MergeOut(BaseModel):
    """A merge, to be taken back by its id for 30 days."""

    id: int
    account_id: int
    merged_id: int


class UndoneOut(BaseModel):
    """Both customers are there again, but for what somebody changed since."""

    account_id: int
    restored_id: int
    changed_fields: list[str]
    changed_rows: dict[str, int]


@bp.get("/<int:account_id>/duplicates")
@bp.output(DuplicatesOut)
@bp.doc(summary="Customers who may be the same one", security="token")
@permit("read", "account")
def find(account_id: int) -> DuplicatesOut:
    """Those with one of its numbers or addresses, and those near by and called alike."""
    queries.get(g.session, account_id)
    return DuplicatesOut(
        items=[
            DuplicateOut(id=each.account_id, **{k: v for k, v in each._asdict().items()
                                                if k != "account_id"})
            for each in duplicates.likely(g.session, account_id)
        ]
    )  # fmt: skip


@bp.post("/<int:account_id>/merge")
@bp.input(MergeIn, arg_name="given")
@bp.output(MergeOut, status_code=201)
@bp.doc(summary="Merge another customer into this one", security="token")
@permit("update", "account")
def merge(account_id: int, given: MergeIn) -> MergeOut:
    """What hangs on the other one moves here, and the other one goes."""
    seen = {account_id: given.version, given.other_id: given.other_version}
    versions = {key: version for key, version in seen.items() if version is not None}
    done = merging.merge(g.session, g.actor, account_id, given.other_id, given.choices, versions)
    return MergeOut(id=done.id, account_id=done.account_id, merged_id=done.loser_id)


@bp.delete("/<int:account_id>/merges/<int:merge_id>")
@bp.output(UndoneOut)
@bp.doc(summary="Take a merge back", security="token")
@permit("update", "account")
def undo(account_id: int, merge_id: int) -> UndoneOut:
    """Both as they were, except what was changed since."""
    merging.require_of(g.session, account_id, merge_id)
    undone = merging_undo.undo(g.session, g.actor, merge_id)
    return UndoneOut(
        account_id=undone.account_id,
        restored_id=undone.loser_id,
        changed_fields=undone.fields,
        changed_rows=undone.rows,
    )
