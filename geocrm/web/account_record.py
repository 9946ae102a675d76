"""Parts of a customer's page that change something: what is next, followers, documents, merging."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, flash, g, redirect, render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext

from geocrm.customers import (
    documents,
    duplicates,
    following,
    history,
    merging,
    merging_undo,
    queries,
)
from geocrm.errors import InvalidInput
from geocrm.maps.bulk import history as bulk_history
from geocrm.web import document_files, timeline
from geocrm.web.access import permit
from geocrm.web.reading import takes_at_most
from geocrm.web.record_words import TABLE_WORDS, field_words, merge_rows, rows_words

bp = Blueprint("account_record", __name__, url_prefix="/accounts")


@bp.get("/<int:account_id>/timeline")
@permit("read", "activity")
def more(account_id: int) -> str:
    """A piece of the timeline, to be put into the page."""
    kinds = [kind for kind in request.args.get("kind", "").split(",") if kind]
    found = timeline.page(g.session, g.actor, account_id, kinds, request.args.get("cursor"))
    return render_template("accounts/_events.html", account_id=account_id, page=found, kinds=kinds)


@bp.get("/<int:account_id>/history")
@permit("read", "account")
def changes(account_id: int) -> str:
    """Every field that somebody changed."""
    record = queries.record(g.session, account_id)
    field, cursor = request.args.get("field") or None, request.args.get("cursor")
    found = history.page(
        g.session, account_id, field=field, cursor=cursor, sources=bulk_history.SOURCES
    )
    older = None
    if len(found) == history.PAGE:
        older = "?" + urlencode({"field": field or "", "cursor": found[-1].cursor})
    return render_template(
        "accounts/history.html",
        record=record,
        changes=found,
        fields=history.FIELDS,
        field=field or "",
        older=older,
        first=cursor is None,
    )


# ------------------------------------------------------------------------------- followers, next


@bp.post("/<int:account_id>/follow")
@permit("read", "account")
def follow(account_id: int) -> Any:
    """Follow the customer, or no longer."""
    change = following.unfollow if request.form.get("follow") == "no" else following.follow
    change(g.session, g.actor, account_id)
    return redirect(f"/accounts/{account_id}")


@bp.post("/<int:account_id>/next")
@permit("create", "activity")
def plan_next(account_id: int) -> Any:
    """Write what is to be done next."""
    form = request.form
    try:
        due = date.fromisoformat(form["due"]) if form.get("due") else None
    except ValueError as error:
        raise InvalidInput(_("%(value)s is no date", value=repr(form["due"][:20]))) from error
    following.plan_next(g.session, g.actor, account_id, form.get("text", ""), due)
    return redirect(f"/accounts/{account_id}")


@bp.post("/<int:account_id>/next/<any(done, drop):how>")
@permit("create", "activity")
def settle_next(account_id: int, how: str) -> Any:
    """It is done, or not to be done any more."""
    following.settle_next(g.session, g.actor, account_id, done=how == "done")
    flash(_("Done, and noted in the timeline.") if how == "done" else _("Taken off."), "good")
    return redirect(f"/accounts/{account_id}")


# ------------------------------------------------------------------------------- documents


@bp.post("/<int:account_id>/documents")
@takes_at_most(document_files.MAX_BODY)
@permit("update", "account")
def add_document(account_id: int) -> Any:
    """Add a document, or the next version of one."""
    document_id = request.form.get("document_id", type=int)
    content, name = document_files.sent()
    kept = documents.add(
        g.session, g.actor, document_files.folder(), account_id, content, name,
        document_id=document_id,
    )  # fmt: skip
    flash(_("%(name)s was added.", name=kept.name), "good")
    return redirect(f"/accounts/{account_id}#documents")


@bp.post("/<int:account_id>/documents/<int:document_id>/<any(delete, restore):how>")
@permit("update", "account")
def remove_document(account_id: int, document_id: int, how: str) -> Any:
    """Delete a document, or take that back."""
    change = documents.remove if how == "delete" else documents.take_back
    change(g.session, g.actor, account_id, document_id)
    if how == "delete":
        flash(_("The document was deleted. It can be taken back below for 30 days."), "info")
    return redirect(f"/accounts/{account_id}#documents")


# ------------------------------------------------------------------------------- duplicates


@bp.get("/<int:account_id>/merge")
@permit("update", "account")
def choose(account_id: int) -> Any:
    """Who may be the same customer; one named by its number leads on to comparing."""
    record = queries.record(g.session, account_id)
    other = request.args.get("other", type=int)
    if other is not None:
        return redirect(f"/accounts/{account_id}/merge/{other}")
    return render_template(
        "accounts/duplicates.html",
        record=record,
        likely=duplicates.likely(g.session, account_id),
    )


@bp.get("/<int:account_id>/merge/<int:other_id>")
@permit("update", "account")
def compare(account_id: int, other_id: int) -> str:
    """Both side by side, to choose field by field."""
    winner, loser = (queries.record(g.session, each) for each in (account_id, other_id))
    if account_id == other_id:
        raise InvalidInput(_("A customer cannot be merged with itself: choose another one"))
    return render_template(
        "accounts/merge.html",
        winner=winner,
        loser=loser,
        rows=merge_rows(winner, loser),
        joined=[(each, merging.held(g.session, each.account.id)) for each in (winner, loser)],
        joined_words=TABLE_WORDS,
        shared_contacts=merging.shared_contacts(g.session, account_id, other_id),
    )


@bp.post("/<int:account_id>/merge/<int:other_id>")
@permit("update", "account")
def merge(account_id: int, other_id: int) -> Any:
    """Make one of the two."""
    form = request.form
    chosen = {
        field: value for field in merging.FIELDS if (value := form.get(field, type=int)) is not None
    }
    versions = {
        each: version
        for each in (account_id, other_id)
        if (version := form.get(f"version_{each}", type=int)) is not None
    }
    done = merging.merge(g.session, g.actor, account_id, other_id, chosen, versions)
    flash(
        _("%(name)s was merged in. This can be undone in the timeline.", name=done.loser_name),
        "good",
    )
    return redirect(f"/accounts/{account_id}")


@bp.post("/<int:account_id>/merges/<int:merge_id>/undo")
@permit("update", "account")
def undo(account_id: int, merge_id: int) -> Any:
    """Take a merge back; what changed since stays, and is named."""
    found = merging.require_of(g.session, account_id, merge_id)
    undone = merging_undo.undo(g.session, g.actor, merge_id)
    flash(_("%(name)s is a customer of its own again.", name=found.loser_name), "good")
    stayed = [str(field_words(field)) for field in undone.fields]
    stayed += [rows_words(table, count) for table, count in undone.rows.items()]
    if stayed:
        flash(
            ngettext(
                "Changed since, and therefore left as it is: %(what)s",
                "Changed since, and therefore left as they are: %(what)s",
                len(stayed),
                what=", ".join(stayed),
            ),
            "warn",
        )
    return redirect(f"/accounts/{undone.loser_id}")
