"""States of plans and challenges in the words of a sentence."""

from collections.abc import Mapping
from typing import Final

from geocrm.errors import Phrase
from geocrm.territories.life_models import ChallengeState
from geocrm.territories.models import PlanState

_PLANS: Final[Mapping[str, Phrase]] = {
    PlanState.PLANNING: Phrase("is planning"),
    PlanState.REVIEW: Phrase("is review"),
    PlanState.APPROVED: Phrase("is approved"),
    PlanState.SCHEDULED: Phrase("is scheduled"),
    PlanState.LIVE: Phrase("is live"),
    PlanState.ARCHIVED: Phrase("is archived"),
}
_ANSWERED: Final[Mapping[str, Phrase]] = {
    ChallengeState.ACCEPTED: Phrase("is accepted"),
    ChallengeState.DECLINED: Phrase("is declined"),
}


def plan_state(state: str) -> Phrase:
    """What a plan is in this state, as the verb of a sentence."""
    return _PLANS[state]


def answered(state: str) -> Phrase:
    """What an answered challenge is in this state, as the verb of a sentence."""
    return _ANSWERED[state]
