"""Where the rooms are joined: who an actor is, and (in `handlers`) what runs a job."""

from geocrm.wiring.actors import actor_for as actor_for
from geocrm.wiring.actors import actor_of as actor_of
