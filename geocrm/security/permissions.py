"""The one table of who may do what: role x object x action.

Rows say what a role may do at all; which rows of an object they then see is the scope's business
(`geocrm.db.scope`). The table is shown in the docs (`docs/permissions.md`) and walked by a test
over every route.
"""

from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What somebody's work is."""

    ADMINISTRATOR = "administrator"
    TERRITORY_MANAGER = "territory_manager"
    FIELD_REP = "field_rep"
    MARKETER = "marketer"


# object -> actions that exist for it
ACTIONS: Final[dict[str, tuple[str, ...]]] = {
    "account": ("read", "create", "update", "delete", "import", "export", "count"),
    "activity": ("read", "create"),
    "audience": ("read", "create", "export"),
    "boundary": ("read",),
    "geocode": ("read",),
    "order": ("read", "import"),
    "setting": ("read", "update"),
    "territory": ("read", "design", "activate", "export"),
    "token": ("create", "delete"),
    "user": ("read", "create", "update"),
    "view": ("read", "save", "default"),
    "visit": ("read", "plan", "record"),
}

_EVERYBODY: Final[dict[str, tuple[str, ...]]] = {
    "account": ("count",),
    "boundary": ("read",),
    "geocode": ("read",),
    "token": ("create", "delete"),
    "view": ("read", "save"),
}

_GRANTS: Final[dict[Role, dict[str, tuple[str, ...]]]] = {
    Role.ADMINISTRATOR: ACTIONS,
    Role.TERRITORY_MANAGER: {
        **_EVERYBODY,
        "account": ACTIONS["account"],
        "activity": ACTIONS["activity"],
        "audience": ACTIONS["audience"],
        "order": ACTIONS["order"],
        "territory": ACTIONS["territory"],
        "user": ("read",),
        "view": ACTIONS["view"],
        "visit": ACTIONS["visit"],
    },
    Role.FIELD_REP: {
        **_EVERYBODY,
        "account": ("read", "create", "update", "import", "count"),
        "activity": ACTIONS["activity"],
        "order": ("read",),
        "territory": ("read",),
        "visit": ACTIONS["visit"],
    },
    # A marketer counts everywhere and meets individuals only in an audience that respects consent.
    Role.MARKETER: {
        **_EVERYBODY,
        "audience": ACTIONS["audience"],
        "territory": ("read",),
    },
}


def granted(role: Role, target: str, action: str) -> bool:
    """Whether the role may do this at all; a misspelt object or action is a defect of ours."""
    if action not in ACTIONS[target]:
        raise ValueError(f"There is no action {action!r} on {target!r}")
    return action in _GRANTS[role].get(target, ())


def matrix() -> list[tuple[str, str, dict[Role, bool]]]:
    """Every object and action with who may do it, for the docs and the tests."""
    return [
        (target, action, {role: granted(role, target, action) for role in Role})
        for target, actions in ACTIONS.items()
        for action in actions
    ]
