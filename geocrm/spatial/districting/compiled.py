"""Compiling the inner loops: without the interpreter lock, cached where a cache can be written."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """The function as machine code; kept on disk for the next process when that is possible."""
    try:
        fast = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:
        # No directory to write to (a read-only installation without a home): compile each time.
        fast = numba.njit(nogil=True)(function)
    return cast(Callable[P, R], fast)
