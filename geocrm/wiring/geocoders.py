"""Which services in the network address batches may ask."""

from typing import Final

from geocrm.customers.address_batches.online import NoServices, Online

SERVICES: Final[Online] = NoServices()
