"""Territory design: contiguous, balanced, compact districts of units on a neighbour graph."""

from geocrm.spatial.districting.design import DEFAULT_EFFORT, Plan, design, evaluate, preview
from geocrm.spatial.districting.graph import bridges, can_move, components, is_contiguous, reassign
from geocrm.spatial.districting.problem import Units

# Counts up with every change that gives another plan for the same question.
SOLVER_VERSION = "1"

__all__ = [
    "DEFAULT_EFFORT",
    "SOLVER_VERSION",
    "Plan",
    "Units",
    "bridges",
    "can_move",
    "components",
    "design",
    "evaluate",
    "is_contiguous",
    "preview",
    "reassign",
]
