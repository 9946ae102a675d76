"""`geocrm territories`: design balanced territories, decide on a plan, carry plans in and out.

Each module adds its commands to the group.
"""

from geocrm.cli.territories import design, files, life, reading, rules
from geocrm.cli.territories.group import territories
from geocrm.cli.territory_life import COMMANDS

for _command in COMMANDS:
    territories.add_command(_command)

__all__ = ["design", "files", "life", "reading", "rules", "territories"]
