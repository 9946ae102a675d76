"""What the tests of address batches are given: addresses, places, services of others."""

from pathlib import Path

from sqlalchemy import func, update

from geocrm.customers.address_batches.online import NothingAsked, NothingNeeded
from geocrm.customers.models import Address
from geocrm.geocoding import Answer, Grade
from geocrm.places.gazetteer_sources import Extent

DATA_DIR = Path(__file__).parents[3] / "data" / "gazetteer"
# Yogyakarta, with its villages, and the largest cities of the world.
SLICE = Extent(provinces=frozenset({"34"}), world_min_population=2_000_000)
PLACE = {"village": "Caturtunggal", "district": "Depok", "city": "Kabupaten Sleman"}
OTHER = {"village": "Wirogunan", "district": "Mergangsan", "city": "Kota Yogyakarta"}
FILLED_IN = {"typed": "Jl. Kaliurang 5", **PLACE, "region": "Daerah Istimewa Yogyakarta"}
FROM_A_SERVICE = Answer(
    Grade.ROOFTOP, 110.39, -7.77, 20, provider="photon", label="Jl. Kaliurang 5, Caturtunggal",
    attribution="© somebody",
)  # fmt: skip
NOW = func.clock_timestamp()


def write(session, account_id, **values):
    """Change an address without anybody's looking it up."""
    session.execute(
        update(Address)
        .where(Address.account_id == account_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    session.commit()


NOBODY_KNOWS = NothingAsked()


class Services:
    """Services in the network as a test needs them: each address gets the next of its answers."""

    def __init__(self, *answers, then=NOBODY_KNOWS):
        self.answers = list(answers)
        self.then = then
        self.asked = []

    def enabled(self, _session):
        return ["somebody"]

    def estimate(self, _session, num_addresses):
        return NothingNeeded(num_addresses, {"USD": 0.005 * num_addresses}, float(num_addresses))

    def ask(self, _sessions, query, country):
        self.asked.append((query.text, country))
        answer = self.answers.pop(0) if self.answers else self.then
        if isinstance(answer, BaseException):
            raise answer
        return NothingAsked(answer) if isinstance(answer, Answer) else answer
