"""What becomes of connections while nobody uses them."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from geocrm.db import make_engine
from geocrm.db import session as sessions_module


@pytest.fixture
def cut_while_at_rest(engine):
    """Use one connection, have the server end it while it rests, and use it again."""
    mine = make_engine(engine.url.render_as_string(hide_password=False))

    def use_again() -> int:
        with mine.connect() as connection:
            pid = connection.scalar(text("SELECT pg_backend_pid()"))
        with engine.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
        with mine.connect() as connection:
            return int(connection.scalar(text("SELECT 1")) or 0)

    yield use_again
    mine.dispose()


def test_a_connection_that_was_cut_while_it_rested_costs_no_request(cut_while_at_rest, monkeypatch):
    monkeypatch.setattr(sessions_module, "_REST_S", 0.0)
    assert cut_while_at_rest() == 1


def test_a_connection_that_answered_a_moment_ago_is_not_asked_again(cut_while_at_rest, monkeypatch):
    monkeypatch.setattr(sessions_module, "_REST_S", 60.0)
    with pytest.raises(OperationalError):
        cut_while_at_rest()
