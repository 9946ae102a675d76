"""Keeps what runs running: the private database under a server, the server under a command."""

import logging
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from types import FrameType

from geocrm.config import Settings
from geocrm.db import cluster
from geocrm.db.server_process import Say
from geocrm.errors import ServiceUnavailable

LOOK_EVERY_S = 2.0
_STOP_PATIENCE_S = 20
_RESTART_PAUSE_S = 1.0
log = logging.getLogger(__name__)


def watch_database(settings: Settings) -> threading.Thread:
    """Start a thread that brings the private database back when its processes were killed."""
    thread = threading.Thread(target=_revive_forever, args=(settings,), daemon=True)
    thread.start()
    return thread


def _revive_forever(settings: Settings) -> None:
    while True:
        try:
            if cluster.revive(settings):
                log.warning("The database had died and was started again")
        except ServiceUnavailable as error:
            log.error("%s", error)
        time.sleep(LOOK_EVERY_S)


def supervise(commands: Sequence[Sequence[str]], say: Say) -> None:
    """Run the commands side by side, each started again when it dies, until SIGINT or SIGTERM."""
    stop = threading.Event()

    def asked(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, asked) for number in (signal.SIGINT, signal.SIGTERM)}
    # In sessions of their own, so that Ctrl-C reaches them once, through us.
    children = [_start(command) for command in commands]
    try:
        while not stop.wait(0.5):
            for place, child in enumerate(children):
                if child.poll() is not None:
                    say(f"{commands[place][-1]} ended by itself; starting it again")
                    stop.wait(_RESTART_PAUSE_S)
                    children[place] = _start(commands[place])
    finally:
        _end(children)
        for number, handler in before.items():
            signal.signal(number, handler)


def _start(command: Sequence[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command, start_new_session=True)


def _end(children: Sequence["subprocess.Popen[bytes]"]) -> None:
    for child in children:
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + _STOP_PATIENCE_S
    for child in children:
        try:
            child.wait(max(deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
