"""Ending early what takes long, with what it has come to."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from geocrm.cli.basics import say


@contextmanager
def on_interrupt() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed; pressed again, it ends the command as anywhere else."""
    before = signal.getsignal(signal.SIGINT)
    asked = False

    def note(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        signal.signal(signal.SIGINT, before)
        say("Ending with the best plan so far; Ctrl-C again gives it up")

    signal.signal(signal.SIGINT, note)
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, before)
