"""The first step of a run: write down who is meant."""

from geocrm import clock
from geocrm.db import persistently
from geocrm.jobs import Cancelled, Paused
from geocrm.maps.bulk import guard, meant, queries
from geocrm.maps.bulk.action import Action, Running


def freeze(action: Action, running: Running) -> None:
    """Freeze the list, once: killed before its end nothing of it is there, and it begins anew.

    Raises Conflict or InvalidInput when it is not what was agreed to; then nothing was changed.
    """
    persistently(lambda: _write_down(action, running), f"List of bulk action {running.run_id}")


def _write_down(action: Action, running: Running) -> None:
    with running.open_batch() as session:
        queries.hold_list(session, running.run_id)
        asked = queries.get(session, running.actor, running.run_id)
        if asked.frozen_at is not None:
            return
        chosen = meant.read(running.actor, tree=asked.filter, ids=asked.ids)
        members = meant.freeze(session, chosen, asked.id)
        # Held only now: a pause or a cancel must not wait for the seconds that writing takes.
        found = queries.get_locked(session, asked.id)
        if found.state == "paused":
            raise Paused
        if found.state != "preparing":
            raise Cancelled
        guard.require_fit(action, found.params, members, found.fingerprint)
        found.total, found.ids = members.total, None
        found.state, found.frozen_at = "running", clock.now()
