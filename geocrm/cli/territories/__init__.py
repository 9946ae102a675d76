"""`geocrm territories`: design balanced territories, decide on a plan, carry plans in and out.

Each module adds its commands to the group.
"""

from geocrm.cli.territories import (
    design,
    files,
    judging,
    life,
    past,
    rating,
    reading,
    rules,
    true_cost,
)
from geocrm.cli.territories.group import territories

__all__ = [
    "design",
    "files",
    "judging",
    "life",
    "past",
    "rating",
    "reading",
    "rules",
    "territories",
    "true_cost",
]
