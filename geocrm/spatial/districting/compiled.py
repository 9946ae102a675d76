"""Compiling the inner loops: without the interpreter lock, cached where a cache can be written."""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """The function as machine code; kept on disk for the next process when that is possible."""
    try:
        fast = cast(Any, numba.njit(cache=True, nogil=True)(function))
        # numba looks at the function's own file alone, and would go on with the old code of the
        # functions it calls: another plan for the same seed, until somebody empties the cache.
        fast._cache._cache_file._source_stamp = _stamp()
    except (RuntimeError, AttributeError):
        # No directory to write to (a read-only installation without a home), or another numba:
        # compile each time.
        fast = numba.njit(nogil=True)(function)
    return cast(Callable[P, R], fast)


@cache
def _stamp() -> str:
    """What all compiled modules say, as one digest."""
    texts = [each.read_bytes() for each in sorted(Path(__file__).parent.glob("*.py"))]
    name = __name__.encode()
    return hashlib.sha256(b"".join(text for text in texts if name in text)).hexdigest()
