"""Where the rooms are joined: who an actor is, and (in `handlers`) what runs a job.

Loading it also has the rooms above territories say what they count for them.
"""

from geocrm.sales import order_counts as order_counts
from geocrm.visits import cadence as cadence
from geocrm.wiring.actors import actor_for as actor_for
from geocrm.wiring.actors import actor_of as actor_of
from geocrm.wiring.actors import actor_of_token as actor_of_token
from geocrm.wiring.actors import actor_signed_in as actor_signed_in
