"""Who is acting, and what they may do."""

from geocrm.security.actor import OPERATOR as OPERATOR
from geocrm.security.actor import Actor as Actor
from geocrm.security.permissions import Role as Role
