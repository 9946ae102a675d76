"""Which job is run by which function. Kept apart: it loads every solver and reader."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy.orm import Session

from geocrm.config import Settings
from geocrm.customers import record_tasks, review_tasks
from geocrm.customers.address_batches import tasks as address_tasks
from geocrm.geocoding.providers import tasks as provider_tasks
from geocrm.jobs import Handler
from geocrm.maps.bulk import tasks as bulk_tasks
from geocrm.maps.pyramid_upkeep import fold_when_worthwhile
from geocrm.sales import tasks as import_tasks
from geocrm.territories import activation_tasks, making_tasks, standing_tasks, travel_tasks
from geocrm.territories import tasks as territory_tasks
from geocrm.visits import true_cost_tasks
from geocrm.wiring.bulk import ACTIONS
from geocrm.wiring.geocoders import SERVICES

JOB_HANDLERS: Final[Mapping[str, Handler]] = {
    territory_tasks.KIND: territory_tasks.run,
    activation_tasks.KIND: activation_tasks.run,
    standing_tasks.KIND: standing_tasks.run,
    true_cost_tasks.KIND: true_cost_tasks.run,
    making_tasks.KIND: making_tasks.run,
    travel_tasks.FORGET: travel_tasks.forget,
    import_tasks.RUN: import_tasks.run,
    import_tasks.CHECK: import_tasks.check,
    import_tasks.UNDO: import_tasks.undo,
    import_tasks.REFRESH_REVENUE: import_tasks.refresh_revenue,
    review_tasks.SETTLE: review_tasks.run_settle,
    review_tasks.UNDO: review_tasks.run_undo,
    review_tasks.TIDY: review_tasks.run_tidy,
    address_tasks.RUN: address_tasks.run_with(SERVICES),
    address_tasks.FORGET: address_tasks.forget_points,
    provider_tasks.PURGE: provider_tasks.purge,
    bulk_tasks.RUN: bulk_tasks.run_with(ACTIONS),
    bulk_tasks.UNDO: bulk_tasks.undo_with(ACTIONS),
    bulk_tasks.FORGET: bulk_tasks.forget,
    record_tasks.TIDY: record_tasks.run_tidy_in(lambda: Settings.from_env().var / "documents"),
}


def upkeep(session: Session) -> None:
    """What the worker does every few seconds between jobs."""
    fold_when_worthwhile(session)
    activation_tasks.start_due(session)


# What is done once a day without anybody asking.
DAILY: Final = (
    import_tasks.REFRESH_REVENUE,
    address_tasks.FORGET,
    provider_tasks.PURGE,
    review_tasks.TIDY,
    bulk_tasks.FORGET,
    travel_tasks.FORGET,
    record_tasks.TIDY,
)
