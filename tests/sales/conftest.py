"""Orders are imported with the fixtures of customers' imports."""

from tests.customers.conftest import batches, bring_in, take_back, write_file

__all__ = ["batches", "bring_in", "take_back", "write_file"]
