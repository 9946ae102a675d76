"""How often customers are visited and how fast one gets about, told to the rooms below.

Territories make hours a year of it (`geocrm.territories.workload`).
"""

from typing import Final

from geocrm.territories import sources
from geocrm.territories.workload import Cadence
from geocrm.visits.travel import DETOUR_FACTOR, SPEED_M_S
from geocrm.visits.urgency import VISITS_A_YEAR, VISITS_A_YEAR_OTHERWISE
from geocrm.visits.wishes import DEFAULT_VISIT_MIN

CADENCE: Final = sources.visits_are(
    Cadence(
        visits_by_segment=VISITS_A_YEAR,
        visits_otherwise=VISITS_A_YEAR_OTHERWISE,
        visit_s=DEFAULT_VISIT_MIN * 60.0,
        speed_m_s=SPEED_M_S,
        detour=DETOUR_FACTOR,
    )
)
