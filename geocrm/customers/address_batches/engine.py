"""Running a batch from wherever it is: list, local steps, services, done."""

from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from geocrm import clock
from geocrm.customers.address_batches import local_steps, online_steps, queries
from geocrm.customers.address_batches.models import AddressBatch
from geocrm.customers.address_batches.online import Online
from geocrm.customers.address_batches.progress import OpenBatch, Report, running
from geocrm.db import scoped_sql


def run(
    open_batch: OpenBatch,
    sessions: sessionmaker[Session],
    batch_id: int,
    online: Online,
    report: Report,
) -> None:
    """Do what is left of the batch. Raises Paused, Cancelled or Later when it is to stop before.

    `open_batch` opens units of work of the batch's actor; `sessions` are for the look-ups.
    """
    with open_batch() as session:
        found = running(session, batch_id)
        if found.stage == "list":
            _list(session, found)
        found.begin_stage("online" if found.stage == "online" else "local")
        found.resume_at = None
        stage = found.stage
    if stage == "local":
        local_steps.look_up_all(open_batch, sessions, batch_id, report)
        with open_batch() as session:
            found = running(session, batch_id)
            if found.online_total:
                found.begin_stage("online")
    online_steps.ask_all(open_batch, sessions, batch_id, online, report)
    with open_batch() as session:
        found = running(session, batch_id)
        found.state, found.finished_at = "done", clock.now()
        forget_items(session, batch_id)


def _list(session: Session, found: AddressBatch) -> None:
    """Note what is to be looked up; addresses of one place come together, equal ones are one."""
    listed = _LIST.replace("{takes}", queries.CHOICES[found.choice])
    scoped_sql(session, listed, {"batch_id": found.id})
    session.execute(text("ANALYZE address_batch_items"))
    found.lookups, found.addresses = session.execute(
        text(_EXTENT), {"batch_id": found.id}
    ).one()  # fmt: skip


def forget_items(session: Session, batch_id: int) -> None:
    """Drop the list of a batch that has ended; its figures stay."""
    session.execute(
        text("DELETE FROM address_batch_items WHERE batch_id = :batch_id"), {"batch_id": batch_id}
    )


_LIST = """
    INSERT INTO address_batch_items (batch_id, item, fingerprint, account_ids)
    SELECT :batch_id, row_number() OVER (ORDER BY o.country, o.region, o.city, o.district,
                                         o.village, o.account_id), o.fingerprint, o.account_ids
    FROM (SELECT d.fingerprint, array_agg(d.account_id ORDER BY d.account_id) AS account_ids,
              min(d.account_id) AS account_id, min(d.country) AS country,
              min(d.region) AS region, min(d.city) AS city, min(d.district) AS district,
              min(d.village) AS village
          FROM addresses d JOIN account_scope s ON s.account_id = d.account_id
          WHERE {scope:s} AND {takes}
          GROUP BY d.fingerprint) o
"""
_EXTENT = """
    SELECT count(*), coalesce(sum(cardinality(account_ids)), 0) FROM address_batch_items
    WHERE batch_id = :batch_id
"""
