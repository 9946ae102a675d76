"""Territory design: contiguous, balanced, compact districts of units on a neighbour graph."""

from geocrm.spatial.districting.bound import Bound
from geocrm.spatial.districting.design import DEFAULT_EFFORT, design, preview
from geocrm.spatial.districting.floor import Floor
from geocrm.spatial.districting.graph import bridges, can_move, components, is_contiguous, reassign
from geocrm.spatial.districting.plan import Plan, evaluate
from geocrm.spatial.districting.problem import (
    NOWHERE,
    Objective,
    Terms,
    Units,
    on_earth,
    on_plane,
)
from geocrm.spatial.districting.proof import Proof, prove

# Counts up with every change that gives another plan for the same question.
SOLVER_VERSION = "6"

__all__ = [
    "DEFAULT_EFFORT",
    "NOWHERE",
    "SOLVER_VERSION",
    "Bound",
    "Floor",
    "Objective",
    "Plan",
    "Proof",
    "Terms",
    "Units",
    "bridges",
    "can_move",
    "components",
    "design",
    "evaluate",
    "is_contiguous",
    "on_earth",
    "on_plane",
    "preview",
    "prove",
    "reassign",
]
