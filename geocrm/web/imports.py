"""Pages of imports: upload, map columns with a preview, progress, result, undo."""

import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from flask import Blueprint, Response, current_app, flash, g, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage

from geocrm.customers.imports import engine, queries, report, service
from geocrm.customers.imports.models import Import
from geocrm.customers.imports.plan import Options, Plan, sample_texts, sha256_of
from geocrm.errors import GeoCrmError, InvalidInput, NotFound
from geocrm.jobs import queries as jobs
from geocrm.sales import tasks
from geocrm.web.access import permit

bp = Blueprint("imports", __name__, url_prefix="/imports")
PREVIEW_ROWS: Final = 20
MAX_SHOWN_COLUMNS: Final = 120
_PAGE = 30


@bp.get("")
@permit("import", "account")
def index() -> str:
    """What was imported, and the form for the next file."""
    before = request.args.get("before", type=int)
    found = queries.recent(g.session, g.actor, _PAGE + 1, before)
    return render_template(
        "imports/index.html",
        imports=found[:_PAGE],
        older=found[_PAGE - 1].id if len(found) > _PAGE else None,
        max_mb=current_app.config["GEOCRM_SETTINGS"].max_upload_mb,
    )


@bp.post("")
@permit("import", "account")
def upload() -> Any:
    """Keep the file under a random name and show how it would be read."""
    kind = tasks.KINDS.get(request.form.get("kind", "accounts"))
    given = request.files.get("file")
    if kind is None or given is None or not given.filename:
        raise InvalidInput(_("Choose a CSV, XLSX or GeoJSON file"))
    service.require_right(g.actor, kind.name)
    name = secrets.token_hex(16)
    path = _folder() / name
    _keep(given, path)
    try:
        plan = service.plan_file(path, kind, _defaults())
    except InvalidInput as error:
        if not path.stat().st_size or "--map" not in str(error):
            path.unlink()
            raise
        plan = None
    found = service.draft(
        g.session, g.actor, kind, file_name=given.filename, sha256=sha256_of(path), stored_as=name
    )
    options = plan.options if plan else _defaults()
    found.options = service.options_json(options)
    return redirect(f"/imports/{found.id}")


@bp.get("/<int:import_id>")
@permit("import", "account")
def show(import_id: int) -> str:
    """The import as it stands: its mapping, its progress or its result."""
    found = queries.get(g.session, g.actor, import_id)
    if found.state == "draft":
        return _mapping_page(found)
    job = jobs.get(g.session, g.actor, found.job_id) if found.job_id else None
    working = found.state in ("running", "undoing")
    return render_template(
        "imports/show.html",
        found=found,
        job=job if working else None,
        told=[] if working else queries.told_rows(g.session, found.id, 100),
        spared=queries.spared_rows(g.session, found.id, 50) if found.spared else [],
    )


@bp.post("/<int:import_id>/mapping")
@permit("import", "account")
def save_mapping(import_id: int) -> Any:
    """Take the chosen columns and show the preview anew."""
    found = _draft(import_id)
    found.options = service.options_json(_chosen_options(found))
    return redirect(f"/imports/{import_id}")


@bp.post("/<int:import_id>/start")
@permit("import", "account")
def start(import_id: int) -> Any:
    """Begin the import as a job."""
    found = _draft(import_id)
    found.options = service.options_json(_chosen_options(found))
    plan = service.plan_file(_stored(found), tasks.KINDS[found.kind], service.options_of(found))
    service.confirm(g.session, g.actor, found, plan)
    tasks.start(g.session, g.actor, tasks.RUN, found, _stored(found))
    return redirect(f"/imports/{import_id}")


@bp.post("/<int:import_id>/check")
@permit("import", "account")
def check(import_id: int) -> Any:
    """Check the whole file as a job that changes nothing."""
    found = _draft(import_id)
    found.options = service.options_json(_chosen_options(found))
    tasks.start(g.session, g.actor, tasks.CHECK, found, _stored(found))
    return redirect(f"/imports/{import_id}")


@bp.post("/<int:import_id>/resume")
@permit("import", "account")
def resume(import_id: int) -> Any:
    """Go on with an import that failed or was stopped."""
    found = queries.get(g.session, g.actor, import_id)
    plan = service.plan_file(_stored(found), tasks.KINDS[found.kind], service.options_of(found))
    service.confirm(g.session, g.actor, found, plan)
    tasks.start(g.session, g.actor, tasks.RUN, found, _stored(found))
    return redirect(f"/imports/{import_id}")


@bp.post("/<int:import_id>/stop")
@permit("import", "account")
def stop(import_id: int) -> Any:
    """Stop after the block at hand."""
    service.stop(g.session, g.actor, import_id)
    return redirect(f"/imports/{import_id}")


@bp.post("/<int:import_id>/undo")
@permit("import", "account")
def undo(import_id: int) -> Any:
    """Take the import back, as a job."""
    found = service.begin_undo(g.session, g.actor, import_id)
    tasks.start(g.session, g.actor, tasks.UNDO, found, None)
    return redirect(f"/imports/{import_id}")


@bp.post("/<int:import_id>/discard")
@permit("import", "account")
def discard(import_id: int) -> Any:
    """Forget a file that was never imported."""
    stored = service.discard(g.session, g.actor, import_id)
    if stored:
        (_folder() / stored).unlink(missing_ok=True)
    flash(_("The file was discarded; nothing was imported."), "info")
    return redirect("/imports")


@bp.get("/<int:import_id>/errors.csv")
@permit("import", "account")
def errors_file(import_id: int) -> Response:
    """The rows that failed, with the reason beside each."""
    found = queries.get(g.session, g.actor, import_id)
    return _csv(f"import-{import_id}-errors.csv", report.error_lines(g.session, found))


@bp.get("/<int:import_id>/rows.csv")
@permit("import", "account")
def rows_file(import_id: int) -> Response:
    """What became of each row."""
    found = queries.get(g.session, g.actor, import_id)
    return _csv(f"import-{import_id}-rows.csv", report.outcome_lines(g.session, found))


def _mapping_page(found: Import) -> str:
    kind = tasks.KINDS[found.kind]
    options = service.options_of(found)
    plan, problem, rows = None, "", []
    try:
        plan = service.plan_file(_stored(found), kind, options, limit=PREVIEW_ROWS * 50)
        context = service.context(g.session, g.actor, found.id, plan, dry=True)
        rows = engine.preview(g.session, kind, context, PREVIEW_ROWS)
    except GeoCrmError as error:
        problem = str(error)
    job = jobs.get(g.session, g.actor, found.job_id) if found.job_id else None
    return render_template(
        "imports/mapping.html",
        found=found,
        fields=kind.fields,
        options=options,
        plan=plan,
        columns=_columns(found, plan),
        problem=problem,
        rows=rows,
        job=job,
    )


def _columns(found: Import, plan: Plan | None) -> list[dict[str, Any]]:
    """Each column with its samples and its field; those that mean something first."""
    if plan is None:
        plan_source = service.open_columns(_stored(found), tasks.KINDS[found.kind])
    else:
        plan_source = plan.source
    samples = sample_texts(plan_source)
    field_of = {i: key for key, at in (plan.mapped if plan else {}).items() for i in at}
    every = [
        {"index": i, "name": name, "samples": samples[i], "field": field_of.get(i, "-")}
        for i, name in enumerate(plan_source.columns)
    ]
    every.sort(key=lambda column: (column["field"] == "-", column["index"]))
    return every[:MAX_SHOWN_COLUMNS]


def _chosen_options(found: Import) -> Options:
    """The options of the form; a column it does not show keeps what it had."""
    source = service.open_columns(_stored(found), tasks.KINDS[found.kind])
    mapping = {
        name: request.form[f"column-{i}"]
        for i, name in enumerate(source.columns)
        if f"column-{i}" in request.form
    }
    before = service.options_of(found)
    return replace(
        before,
        mapping={**before.mapping, **mapping},
        on_duplicate=request.form.get("on_duplicate", before.on_duplicate),
        decimal=request.form.get("decimal") or None,
    )


def _draft(import_id: int) -> Import:
    found = queries.get(g.session, g.actor, import_id)
    if found.state != "draft":
        raise InvalidInput(_("This import has been started already"))
    return found


def _defaults() -> Options:
    settings = current_app.config["GEOCRM_SETTINGS"]
    return Options(country=settings.default_country, currency=settings.default_currency)


def _folder() -> Path:
    folder: Path = current_app.config["GEOCRM_SETTINGS"].var / "uploads"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _stored(found: Import) -> Path:
    path = _folder() / (found.stored_as or "-")
    if not path.is_file():
        raise NotFound(_("The uploaded file is gone: upload it again"))
    return path


def _keep(given: FileStorage, path: Path) -> None:
    limit = current_app.config["GEOCRM_SETTINGS"].max_upload_mb * 2**20
    size = 0
    with path.open("wb") as handle:
        path.chmod(0o600)
        while block := given.stream.read(2**20):
            size += len(block)
            if size > limit:
                handle.close()
                path.unlink()
                raise InvalidInput(
                    _("The file is larger than %(mb)s MB: split it", mb=limit // 2**20)
                )
            handle.write(block)


def _csv(name: str, lines: Iterator[str]) -> Response:
    body = "".join(lines)
    return Response(
        "\ufeff" + body,
        mimetype="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
