"""The bulk actions there are, of all rooms."""

from typing import Final

from geocrm.campaigns.bulk import SaveAudience
from geocrm.maps.bulk.action import Action, Actions
from geocrm.maps.bulk.edits import Owner, Segment, Tag
from geocrm.maps.bulk.exporting import Export
from geocrm.maps.bulk.removal import Delete
from geocrm.visits.bulk import PlanVisits

_ALL: Final[tuple[Action, ...]] = (
    Owner(),
    Tag(),
    Segment(),
    SaveAudience(),
    PlanVisits(),
    Export(),
    Delete(),
)
ACTIONS: Final[Actions] = {each.name: each for each in _ALL}
