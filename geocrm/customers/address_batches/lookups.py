"""The local look-ups of a batch: in this process, or in others that share them.

    python -m geocrm.customers.address_batches.lookups

is such another process: the first line it reads is the database's address, each further one a
chunk of addresses; for each it prints one line, the answers as `answers.row_of` gives them. It
reads places and no customer, and ends when whoever started it does.
"""

import gc
import json
import os
import subprocess
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Protocol, Self

from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from geocrm.customers.answers import query_of, row_of
from geocrm.db import make_engine, make_sessions
from geocrm.errors import ServiceUnavailable
from geocrm.geocoding import service as geocoder

MAX_PROCESSES: Final = 2
# Starting a process takes a second; for fewer look-ups that is not made up for.
WORTH_A_PROCESS: Final = 3_000

Question = Mapping[str, Any]
Row = list[Any]


class Lookups(Protocol):
    """Chunks of addresses go in, their answers come out in the same order."""

    @property
    def width(self) -> int:
        """How many chunks may be under way at once."""

    def send(self, questions: Sequence[Question], country: str) -> None:
        """Begin to look a chunk up."""

    def receive(self) -> list[Row]:
        """The answers to the oldest chunk under way."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def open_lookups(sessions: sessionmaker[Session], num_lookups: int) -> Lookups:
    """Other processes when there are cores and enough to look up, else this one."""
    bind = sessions.kw.get("bind")
    num_processes = min(MAX_PROCESSES, len(os.sched_getaffinity(0)))
    if isinstance(bind, Engine) and num_processes > 1 and num_lookups >= WORTH_A_PROCESS:
        return InOthers(bind.url.render_as_string(hide_password=False), num_processes)
    return InThis(sessions)


def look_up(
    sessions: sessionmaker[Session],
    questions: Sequence[Question],
    country: str,
    memory: geocoder.Memory | None = None,
) -> list[Row]:
    """The answers to the addresses, as rows of `answers.COLUMNS`."""
    # Without an actor: places are nobody's, and customers' records stay out of reach.
    with sessions.begin() as session:
        queries = [query_of(one) for one in questions]
        found = geocoder.geocode_many(session, queries, country, memory)
        return [row_of(answer) for answer in found]


class InThis:
    """Look-ups in this process, each when its answer is asked for."""

    width = 1

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self._sessions = sessions
        self._sent: deque[tuple[Sequence[Question], str]] = deque()

    def send(self, questions: Sequence[Question], country: str) -> None:
        self._sent.append((questions, country))

    def receive(self) -> list[Row]:
        return look_up(self._sessions, *self._sent.popleft())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left open."""


class InOthers:
    """Look-ups in processes of their own, one chunk each at a time.

    A process answers before it is given the next chunk, so that neither side waits for the other to
    read. They share nothing with this one but the pipes, and end when those close.
    """

    def __init__(self, url: str, num_processes: int) -> None:
        self.width = num_processes
        self._url = url
        self._idle: deque[subprocess.Popen[str]] = deque()
        self._busy: deque[subprocess.Popen[str]] = deque()

    def send(self, questions: Sequence[Question], country: str) -> None:
        process = self._idle.popleft()
        _write(process, {"country": country, "questions": questions})
        self._busy.append(process)

    def receive(self) -> list[Row]:
        process = self._busy.popleft()
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise ServiceUnavailable(_ENDED.format(status=process.wait()))
        self._idle.append(process)
        rows: list[Row] = json.loads(line)
        return rows

    def __enter__(self) -> Self:
        for _ in range(self.width):
            process = subprocess.Popen(
                [sys.executable, "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                # An interrupt is for us; we end them when the chunk is written.
                start_new_session=True,
            )
            self._idle.append(process)
            _write(process, self._url)
        return self

    def __exit__(self, *_: object) -> None:
        for process in (*self._idle, *self._busy):
            process.kill()
            process.communicate()


def _write(process: "subprocess.Popen[str]", value: object) -> None:
    assert process.stdin is not None
    try:
        process.stdin.write(json.dumps(value, ensure_ascii=True) + "\n")
        process.stdin.flush()
    except BrokenPipeError as error:
        raise ServiceUnavailable(_ENDED.format(status=process.wait())) from error


_ENDED = (
    "A process that looks addresses up has ended (status {status}); what was written stays,"
    " and the batch can be resumed"
)


def main() -> None:
    """Answer chunks until there are no more."""
    sessions = make_sessions(make_engine(json.loads(sys.stdin.readline()), name="geocrm addresses"))
    # A chunk and what is remembered live long: looking through them at every turn finds nothing.
    gc.set_threshold(100_000, 20, 20)
    memory = geocoder.Memory()
    for line in sys.stdin:
        asked = json.loads(line)
        memory = memory.bounded()
        rows = look_up(sessions, asked["questions"], asked["country"], memory)
        sys.stdout.write(json.dumps(rows, ensure_ascii=True, separators=(",", ":")) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
