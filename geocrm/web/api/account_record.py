"""API of what a customer's page holds: timeline, changes, followers, next action, documents."""

from datetime import date, datetime
from typing import Any

from apiflask import APIBlueprint
from flask import Response, g
from pydantic import BaseModel, ConfigDict, Field

from geocrm.customers import documents, following, history, queries
from geocrm.customers import timeline as timelines
from geocrm.documents.models import DocumentVersion
from geocrm.maps.bulk import history as bulk_history
from geocrm.web import document_files, timeline
from geocrm.web.access import permit
from geocrm.web.reading import takes_at_most

bp = APIBlueprint("api_account_record", __name__, url_prefix="/api/v1/accounts", tag="Customers")


class TimelineAsked(BaseModel):
    """Which part of the timeline."""

    kind: str = Field("", description=f"One or more of {', '.join(timeline.KINDS)}, by commas")
    cursor: str | None = Field(None, max_length=200)
    limit: int = Field(timelines.PAGE, ge=1, le=timelines.MAX_PAGE)


class EventOut(BaseModel):
    """An entry of the timeline."""

    at: datetime
    kind: str
    id: int
    text: str
    outcome: str | None
    by: str | None
    details: dict[str, Any]


class RecordTimeline(BaseModel):
    """Entries newest first; `next` is the cursor of the page after."""

    items: list[EventOut]
    next: str | None
    counts: dict[str, int]


class ChangesAsked(BaseModel):
    """Which part of the history."""

    field: str | None = Field(None, max_length=60)
    cursor: str | None = Field(None, max_length=200)
    limit: int = Field(history.PAGE, ge=1, le=200)


class ChangeOut(BaseModel):
    """A field that changed."""

    at: datetime
    field: str
    old: str | None
    new: str | None
    source: str
    by: str | None


class ChangesOut(BaseModel):
    """Changes newest first; `next` is the cursor of the page after."""

    items: list[ChangeOut]
    next: str | None


class FollowerOut(BaseModel):
    """Somebody who follows a customer."""

    user_id: int
    name: str
    since: datetime


class FollowersOut(BaseModel):
    """Who follows a customer."""

    items: list[FollowerOut]


class NextIn(BaseModel):
    """What is to be done next."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=following.MAX_ACTION)
    due: date | None = None


class NextOut(BaseModel):
    """What is to be done next, and who wrote it; no text when nothing is."""

    text: str | None
    due: date | None = None
    by: str | None = None


class DocumentOut(BaseModel):
    """A version of a document; `preview` is None when it cannot be drawn."""

    id: int
    number: int
    name: str
    media_type: str
    size_bytes: int
    uploaded_at: datetime
    url: str
    preview: str | None
    by: str | None = None


class DocumentsOut(BaseModel):
    """The documents of a customer, each in its newest version."""

    items: list[DocumentOut]


class PageAsked(BaseModel):
    """Which page of a PDF."""

    page: int = Field(1, ge=1, le=500)


@bp.get("/<int:account_id>/timeline")
@bp.input(TimelineAsked, location="query", arg_name="asked")
@bp.output(RecordTimeline)
@bp.doc(summary="What happened with a customer, newest first", security="token")
@permit("read", "activity")
def show_timeline(account_id: int, asked: TimelineAsked) -> RecordTimeline:
    """Notes, calls, visits, mails, orders, changes, documents and merges."""
    kinds = [kind.strip() for kind in asked.kind.split(",") if kind.strip()]
    found = timeline.page(g.session, g.actor, account_id, kinds, asked.cursor, asked.limit)
    return RecordTimeline(
        items=[EventOut(**event._asdict()) for event in found.events],
        next=found.next,
        counts=dict(timeline.counts(g.session, g.actor, account_id)),
    )


@bp.get("/<int:account_id>/changes")
@bp.input(ChangesAsked, location="query", arg_name="asked")
@bp.output(ChangesOut)
@bp.doc(summary="Who changed which field of a customer", security="token")
@permit("read", "account")
def changes(account_id: int, asked: ChangesAsked) -> ChangesOut:
    """Each change with what was before and what came after."""
    queries.get(g.session, account_id)
    found = history.page(
        g.session,
        account_id,
        field=asked.field,
        cursor=asked.cursor,
        limit=asked.limit,
        sources=bulk_history.SOURCES,
    )
    return ChangesOut(
        items=[ChangeOut(**change._asdict()) for change in found],
        next=found[-1].cursor if len(found) == asked.limit else None,
    )


@bp.get("/<int:account_id>/followers")
@bp.output(FollowersOut)
@bp.doc(summary="Who follows a customer", security="token")
@permit("read", "account")
def followers(account_id: int) -> FollowersOut:
    """In the order in which they began."""
    queries.get(g.session, account_id)
    return _followers(account_id)


@bp.put("/<int:account_id>/followers/me")
@bp.output(FollowersOut)
@bp.doc(summary="Follow a customer", security="token")
@permit("read", "account")
def follow(account_id: int) -> FollowersOut:
    """Twice is once."""
    following.follow(g.session, g.actor, account_id)
    return _followers(account_id)


@bp.delete("/<int:account_id>/followers/me")
@bp.output(FollowersOut)
@bp.doc(summary="Follow a customer no longer", security="token")
@permit("read", "account")
def unfollow(account_id: int) -> FollowersOut:
    """Who follows still."""
    following.unfollow(g.session, g.actor, account_id)
    return _followers(account_id)


@bp.get("/<int:account_id>/next-action")
@bp.output(NextOut)
@bp.doc(summary="What somebody wrote is next with a customer", security="token")
@permit("read", "activity")
def next_action(account_id: int) -> NextOut:
    """The text, until when, and who wrote it."""
    queries.get(g.session, account_id)
    return _next(account_id)


@bp.put("/<int:account_id>/next-action")
@bp.input(NextIn, arg_name="given")
@bp.output(NextOut)
@bp.doc(summary="Write what is next with a customer", security="token")
@permit("create", "activity")
def plan_next(account_id: int, given: NextIn) -> NextOut:
    """In place of what was written before."""
    following.plan_next(g.session, g.actor, account_id, given.text, given.due)
    return _next(account_id)


@bp.post("/<int:account_id>/next-action/done")
@bp.output(NextOut)
@bp.doc(summary="Say that what was next is done", security="token")
@permit("create", "activity")
def finish_next(account_id: int) -> NextOut:
    """It goes to the timeline."""
    following.settle_next(g.session, g.actor, account_id, done=True)
    return _next(account_id)


@bp.delete("/<int:account_id>/next-action")
@bp.output({}, status_code=204)
@bp.doc(summary="Take what was next off the list, not done", security="token")
@permit("create", "activity")
def drop_next(account_id: int) -> str:
    """Nothing goes to the timeline."""
    following.settle_next(g.session, g.actor, account_id, done=False)
    return ""


# ------------------------------------------------------------------------------- documents


@bp.get("/<int:account_id>/documents")
@bp.output(DocumentsOut)
@bp.doc(summary="The documents of a customer", security="token")
@permit("read", "account")
def list_documents(account_id: int) -> DocumentsOut:
    """Each in its newest version, newest first."""
    queries.get(g.session, account_id)
    return DocumentsOut(
        items=[
            DocumentOut(
                **_addresses(account_id, each.id, each.number, each.previewable),
                id=each.id,
                number=each.number,
                name=each.name,
                media_type=each.media_type,
                size_bytes=each.size_bytes,
                uploaded_at=each.uploaded_at,
                by=each.by,
            )
            for each in documents.listed(g.session, account_id)
        ]
    )


@bp.post("/<int:account_id>/documents")
@bp.output(DocumentOut, status_code=201)
@bp.doc(summary="Add a document: multipart/form-data with `file`", security="token")
@takes_at_most(document_files.MAX_BODY)
@permit("update", "account")
def add_document(account_id: int) -> DocumentOut:
    """PDF, pictures, office documents, text and CSV up to 25 MB."""
    content, name = document_files.sent()
    folder = document_files.folder()
    return _document(
        account_id, documents.add(g.session, g.actor, folder, account_id, content, name)
    )


@bp.post("/<int:account_id>/documents/<int:document_id>/versions")
@bp.output(DocumentOut, status_code=201)
@bp.doc(summary="Add a version of a document", security="token")
@takes_at_most(document_files.MAX_BODY)
@permit("update", "account")
def add_version(account_id: int, document_id: int) -> DocumentOut:
    """The versions before it stay."""
    # Whose it is comes before what is wrong with the file.
    documents.version(g.session, account_id, document_id)
    content, name = document_files.sent()
    folder = document_files.folder()
    return _document(
        account_id,
        documents.add(
            g.session, g.actor, folder, account_id, content, name, document_id=document_id
        ),
    )


@bp.get("/<int:account_id>/documents/<int:document_id>/versions/<int:number>")
@bp.doc(summary="Download a version of a document", security="token")
@permit("read", "account")
def download(account_id: int, document_id: int, number: int) -> Response:
    """As an attachment, whatever it is."""
    return document_files.handed_out(documents.version(g.session, account_id, document_id, number))


@bp.get("/<int:account_id>/documents/<int:document_id>/versions/<int:number>/preview")
@bp.input(PageAsked, location="query", arg_name="asked")
@bp.doc(summary="A picture of a document's page", security="token")
@permit("read", "account")
def show_preview(account_id: int, document_id: int, number: int, asked: PageAsked) -> Response:
    """Painted anew from a picture or a PDF."""
    return document_files.picture(
        documents.version(g.session, account_id, document_id, number), asked.page
    )


@bp.delete("/<int:account_id>/documents/<int:document_id>")
@bp.output({}, status_code=204)
@bp.doc(summary="Delete a document; it can be taken back for 30 days", security="token")
@permit("update", "account")
def remove_document(account_id: int, document_id: int) -> str:
    """With all its versions."""
    documents.remove(g.session, g.actor, account_id, document_id)
    return ""


@bp.post("/<int:account_id>/documents/<int:document_id>/take-back")
@bp.output(DocumentOut)
@bp.doc(summary="Take back the deletion of a document", security="token")
@permit("update", "account")
def take_back_document(account_id: int, document_id: int) -> DocumentOut:
    """As it was."""
    documents.take_back(g.session, g.actor, account_id, document_id)
    return _document(account_id, documents.version(g.session, account_id, document_id))


# ------------------------------------------------------------------------------- inner parts


def _followers(account_id: int) -> FollowersOut:
    found = following.followers(g.session, account_id)
    return FollowersOut(items=[FollowerOut(**each._asdict()) for each in found])


def _next(account_id: int) -> NextOut:
    found = following.next_action(g.session, account_id)
    return (
        NextOut(text=None)
        if found is None
        else NextOut(text=found.text, due=found.due, by=found.by)
    )


def _document(account_id: int, version: DocumentVersion) -> DocumentOut:
    return DocumentOut(
        **_addresses(account_id, version.document_id, version.number, version.previewable),
        id=version.document_id,
        number=version.number,
        name=version.name,
        media_type=version.media_type,
        size_bytes=version.size_bytes,
        uploaded_at=version.uploaded_at,
    )


def _addresses(account_id: int, document_id: int, number: int, previewable: bool) -> dict[str, Any]:
    url = f"/api/v1/accounts/{account_id}/documents/{document_id}/versions/{number}"
    return {"url": url, "preview": f"{url}/preview" if previewable else None}
