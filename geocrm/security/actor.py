"""The person or job on whose behalf code runs."""

from dataclasses import dataclass

from geocrm.errors import Forbidden
from geocrm.security.permissions import Role, granted


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, in which role, and whose records they see; built once a request by `wiring`.

    `user_id` is None for the operator at the command line. `owner_ids` holds the person and all who
    report to them, `territory_ids` the live territories of their branch.
    """

    user_id: int | None
    role: Role
    email: str = ""
    name: str = ""
    owner_ids: frozenset[int] = frozenset()
    territory_ids: frozenset[int] = frozenset()
    locale: str = "en"
    timezone: str = "Asia/Jakarta"

    @property
    def sees_all(self) -> bool:
        """True when no record is hidden from this actor."""
        return self.role is Role.ADMINISTRATOR

    @property
    def counts_all(self) -> bool:
        """True when the actor may count every record, though not see it."""
        return self.sees_all or self.role is Role.MARKETER

    def may(self, action: str, target: str) -> bool:
        """Whether the actor's role may do this at all."""
        return granted(self.role, target, action)

    def require(self, action: str, target: str) -> None:
        """Raise Forbidden unless the actor's role may do this."""
        if not self.may(action, target):
            raise Forbidden(f"The role {self.role.value} may not {action} {target} records")


OPERATOR = Actor(user_id=None, role=Role.ADMINISTRATOR, email="operator", name="Operator")
